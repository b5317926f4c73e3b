// SPDX-License-Identifier: Apache-2.0
using System;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Facewire
{
    /// <summary>Takes what comes over a connection; called by threads of the network, one at a time.</summary>
    public interface IServerListener
    {
        /// <summary>What to say as soon as a connection is open, or null.</summary>
        string Opening { get; }

        /// <summary>The server greeted.</summary>
        void OnHello(Hello hello);

        /// <summary>A text message that not every connection knows.</summary>
        void OnText(TextMessage message);

        /// <summary>A binary message of `length` bytes; the buffer is used again.</summary>
        void OnBinary(byte[] data, int length, Hello hello);
    }

    /// <summary>
    /// A WebSocket to a server that comes back: after a server was away, or was silent for six seconds, it connects
    /// again, sooner at first and later every five seconds.
    /// </summary>
    public sealed class ServerConnection : IDisposable
    {
        private const int MessageBytes = 1 << 20;
        private const double FirstPauseSeconds = 0.25, LongestPauseSeconds = 5.0;
        private const int FirstPings = 4;
        private const double FirstPingsSeconds = 0.1, PingEverySeconds = 2.0, SilentSeconds = 6.0, OpenSeconds = 10.0;
        private const int GoodbyeMs = 1000;
        private readonly Uri address;
        private readonly string shownAddress;
        private readonly IServerListener listener;
        private readonly CancellationTokenSource closing = new CancellationTokenSource();
        private readonly ConnectionFacts facts = new ConnectionFacts();
        private readonly object sending = new object();
        private readonly byte[] buffer = new byte[MessageBytes];
        private readonly Task running;
        private OutgoingMessages outgoing;

        /// <param name="server">Such as ws://127.0.0.1:8765.</param>
        /// <param name="endpoint">face or speak.</param>
        /// <param name="query">Such as audio=1, or "".</param>
        /// <param name="listener">Takes what comes.</param>
        /// <exception cref="ProtocolException">It is no address of a server.</exception>
        public ServerConnection(string server, string endpoint, string query, IServerListener listener)
        {
            address = ServerAddress.Of(server, endpoint, query);
            shownAddress = ServerAddress.WithoutSecrets(address.ToString());
            this.listener = listener;
            // A task of its own: what an engine's main thread does must not hold up the network.
            running = Task.Run(Run);
        }

        /// <summary>What the server said of its faces; null while there is no stream.</summary>
        public Hello Hello { get { return facts.Hello; } }

        /// <summary>Why there is no connection, in one sentence; empty while there is one.</summary>
        public string Problem { get { return facts.Problem; } }

        /// <summary>How often a connection came about.</summary>
        public int Connections { get { return facts.Connections; } }

        /// <summary>What to add to our time to get the server's, in ns; 0 before the first ping is answered.</summary>
        public long ClockOffsetNs { get { return facts.ClockOffsetNs; } }

        /// <summary>Say something, behind what was said before; it is lost where the connection is.</summary>
        public void Send(string message)
        {
            byte[] data = Encoding.UTF8.GetBytes(message);
            lock (sending)
            {
                if (outgoing != null)
                {
                    outgoing.Send(data);
                }
            }
        }

        /// <summary>Leave, and return when nothing comes any more.</summary>
        public void Dispose()
        {
            closing.Cancel();
            running.Wait();
        }

        private async Task Run()
        {
            double pause = FirstPauseSeconds;
            while (!closing.IsCancellationRequested)
            {
                string reason = await ConnectOnce().ConfigureAwait(false);
                pause = Hello != null ? FirstPauseSeconds : Math.Min(2 * pause, LongestPauseSeconds);
                facts.Ended(reason);
                lock (sending)
                {
                    outgoing = null;
                }
                try
                {
                    await Task.Delay(TimeSpan.FromSeconds(pause), closing.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }

        /// <summary>Connect and read to the end; returns why it ended.</summary>
        private async Task<string> ConnectOnce()
        {
            var opened = new ClientWebSocket();
            using (var over = CancellationTokenSource.CreateLinkedTokenSource(closing.Token))
            using (opened)
            {
                Task watching = null;
                try
                {
                    await Open(opened, over.Token).ConfigureAwait(false);
                    watching = Watch(opened, over.Token);
                    return await Read(opened).ConfigureAwait(false);
                }
                catch (ProtocolException error)
                {
                    return error.Message;
                }
                catch (Exception error)
                {
                    bool isOpen = watching != null;
                    return shownAddress + (isOpen ? " is not heard any more" : " does not answer")
                        + " (" + Innermost(error).TrimEnd('.') + ").";
                }
                finally
                {
                    over.Cancel();
                    if (watching != null)
                    {
                        await watching.ConfigureAwait(false);
                    }
                    opened.Abort();
                }
            }
        }

        private async Task Open(ClientWebSocket opened, CancellationToken over)
        {
            opened.Options.SetBuffer(1 << 16, 1 << 12);
            using (var patience = CancellationTokenSource.CreateLinkedTokenSource(over))
            {
                patience.CancelAfter(TimeSpan.FromSeconds(OpenSeconds));
                await opened.ConnectAsync(address, patience.Token).ConfigureAwait(false);
            }
            lock (sending)
            {
                outgoing = new OutgoingMessages(opened);
            }
            facts.Opened();
            if (listener.Opening != null)
            {
                Send(listener.Opening);
            }
        }

        private async Task<string> Read(ClientWebSocket opened)
        {
            while (true)
            {
                int length = 0;
                WebSocketReceiveResult part;
                do
                {
                    if (length == buffer.Length)
                    {
                        throw new ProtocolException("The server sent a message of more than 1 MiB.");
                    }
                    var rest = new ArraySegment<byte>(buffer, length, buffer.Length - length);
                    part = await opened.ReceiveAsync(rest, CancellationToken.None).ConfigureAwait(false);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                facts.Heard();
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return string.IsNullOrEmpty(part.CloseStatusDescription)
                        ? "The stream at " + shownAddress + " is over." : part.CloseStatusDescription;
                }
                Take(part.MessageType, length);
            }
        }

        private void Take(WebSocketMessageType type, int length)
        {
            Hello greeted = Hello;
            if (type == WebSocketMessageType.Binary)
            {
                if (greeted != null && length > 0)
                {
                    listener.OnBinary(buffer, length, greeted);
                }
                return;
            }
            TextMessage message = TextMessage.Parse(Encoding.UTF8.GetString(buffer, 0, length));
            switch (message.Type)
            {
                case "hello":
                    greeted = new Hello(message);
                    listener.OnHello(greeted);
                    facts.Hello = greeted;
                    break;
                case "pong":
                    facts.TakePong(message);
                    break;
                case "error":
                    throw new ProtocolException(message.Text("message"), message.Text("code"));
                default:
                    listener.OnText(message);
                    break;
            }
        }

        /// <summary>Ping the server, leave when we are closed, and cut the connection when it is silent.</summary>
        private async Task Watch(ClientWebSocket opened, CancellationToken over)
        {
            try
            {
                for (int pings = 0; true;)
                {
                    if (Hello != null)
                    {
                        pings++;
                        long now = MonotonicClock.Nanoseconds;
                        Send("{\"type\":\"ping\",\"id\":" + pings + ",\"client_ns\":" + now + "}");
                    }
                    double pause = pings < FirstPings ? FirstPingsSeconds : PingEverySeconds;
                    await Task.Delay(TimeSpan.FromSeconds(pause), over).ConfigureAwait(false);
                    if (Hello != null && facts.SecondsOfSilence > SilentSeconds)
                    {
                        opened.Abort();
                        return;
                    }
                }
            }
            catch (OperationCanceledException)
            {
                await Leave(opened).ConfigureAwait(false);
            }
        }

        private async Task Leave(ClientWebSocket opened)
        {
            if (opened.State == WebSocketState.Open || opened.State == WebSocketState.CloseReceived)
            {
                Task goodbye;
                lock (sending)
                {
                    goodbye = outgoing.Close();
                }
                await Task.WhenAny(goodbye, Task.Delay(GoodbyeMs)).ConfigureAwait(false);
            }
            opened.Abort();
        }

        private static string Innermost(Exception error)
        {
            while (error.InnerException != null)
            {
                error = error.InnerException;
            }
            return error.Message;
        }
    }
}
