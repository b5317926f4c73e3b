// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Facewire
{
    /// <summary>Hears <c>--out osc://</c> on a UDP port, on a thread of its own.</summary>
    public sealed class OscReceiver : IDisposable
    {
        private const int LookEveryMs = 200;
        private const int BufferBytes = 1 << 20;
        private const int MostWaiting = 1024;
        private readonly OscFaces faces;
        private readonly Socket socket;
        private readonly Thread thread;
        private volatile bool closing;
        private long datagrams, unreadable;

        /// <param name="port">The one of osc://HOST:PORT; 0 is any.</param>
        /// <param name="address">What the messages' addresses begin with.</param>
        /// <param name="group">A multicast group to join, or null.</param>
        /// <exception cref="InvalidOperationException">The port cannot be had; one sentence says why.</exception>
        public OscReceiver(int port, string address = "/face", string group = null)
        {
            Frames = new BoundedQueue<FaceFrame>(MostWaiting);
            faces = new OscFaces(address);
            socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                socket.ReceiveBufferSize = BufferBytes;
                socket.ReceiveTimeout = LookEveryMs;
                socket.Bind(new IPEndPoint(IPAddress.Any, port));
                if (!string.IsNullOrEmpty(group))
                {
                    socket.SetSocketOption(
                        SocketOptionLevel.IP, SocketOptionName.AddMembership,
                        new MulticastOption(IPAddress.Parse(group)));
                }
            }
            catch (Exception error)
            {
                socket.Close();
                if (error is SocketException || error is ArgumentException || error is FormatException)
                {
                    throw new InvalidOperationException(
                        "UDP port " + port + " cannot be listened on (" + error.Message.TrimEnd('.')
                        + "); choose another one, here and in --out osc://HOST:PORT.", error);
                }
                throw;
            }
            Port = ((IPEndPoint)socket.LocalEndPoint).Port;
            thread = new Thread(Listen) { IsBackground = true, Name = "Facewire OSC" };
            thread.Start();
        }

        public int Port { get; private set; }

        /// <summary>What came and was not taken yet.</summary>
        public BoundedQueue<FaceFrame> Frames { get; private set; }

        /// <summary>Datagrams that came.</summary>
        public long Datagrams { get { return Interlocked.Read(ref datagrams); } }

        /// <summary>Those of them that were not OSC.</summary>
        public long Unreadable { get { return Interlocked.Read(ref unreadable); } }

        /// <summary>Faces of which a datagram was lost.</summary>
        public long Incomplete { get { return faces.Incomplete; } }

        /// <summary>Faces that came behind a later one.</summary>
        public long Disordered { get { return faces.Disordered; } }

        public void Dispose()
        {
            closing = true;
            thread.Join();
            socket.Close();
        }

        private void Listen()
        {
            var data = new byte[65536];
            var messages = new List<OscMessage>();
            while (!closing)
            {
                int length;
                try
                {
                    length = socket.Receive(data);
                }
                catch (SocketException)
                {
                    // Nothing came in time; or the system told of a datagram that was lost elsewhere.
                    continue;
                }
                Take(data, length, messages);
            }
        }

        private void Take(byte[] data, int length, List<OscMessage> messages)
        {
            Interlocked.Increment(ref datagrams);
            messages.Clear();
            if (!OscPacket.Read(data, length, messages))
            {
                Interlocked.Increment(ref unreadable);
            }
            foreach (OscMessage message in messages)
            {
                FaceFrame frame = faces.Take(message);
                if (frame != null)
                {
                    frame.ReceivedSeconds = MonotonicClock.Seconds;
                    Frames.Add(frame);
                }
            }
        }
    }
}
