// SPDX-License-Identifier: Apache-2.0
using System;

namespace Facewire
{
    /// <summary>Turns of speech: text goes out, faces and sound come back on one clock (docs/speak.md).</summary>
    public sealed class SpeakSocket : IServerListener, IDisposable
    {
        private const int MostWaiting = 1 << 16;
        private const int MessageCharacters = 100000;
        private readonly ServerConnection connection;
        private readonly string opening;
        private int stream;
        private uint turn;

        /// <param name="server">Such as ws://127.0.0.1:8765.</param>
        /// <param name="language">Such as en-us.</param>
        /// <param name="voice">Its name; empty is the language's own.</param>
        /// <param name="leadMs">How long before they are heard faces and sound leave the server.</param>
        /// <exception cref="ProtocolException">It is no address of a server.</exception>
        public SpeakSocket(string server, string language = "en-us", string voice = "", int leadMs = 400)
        {
            opening = "{\"type\":\"open\",\"version\":1,\"language\":" + Json.Quote(language) + ",\"voice\":"
                + Json.Quote(voice) + ",\"lead_ms\":" + leadMs + "}";
            Items = new BoundedQueue<object>(MostWaiting);
            connection = new ServerConnection(server, "speak", "", this);
        }

        /// <summary>What came and was not taken yet, in its order: Hello, FaceFrame, AudioRun, SpeechEvent.</summary>
        public BoundedQueue<object> Items { get; private set; }

        /// <summary>What the server said of its faces; null while there is no connection.</summary>
        public Hello Hello { get { return connection.Hello; } }

        /// <summary>Why there is no connection, in one sentence; empty while there is one.</summary>
        public string Problem { get { return connection.Problem; } }

        string IServerListener.Opening { get { return opening; } }

        /// <summary>Say a text; returns the number of its turn, or 0 while there is no connection.</summary>
        /// <param name="text">What to say.</param>
        /// <param name="cut">Whether it interrupts what is said, instead of waiting for it.</param>
        public uint Say(string text, bool cut = false)
        {
            if (Hello == null)
            {
                return 0;
            }
            uint said = ++turn;
            for (int start = 0, end; start == 0 || start < text.Length; start = end)
            {
                end = Math.Min(text.Length, start + MessageCharacters);
                end -= end < text.Length && char.IsHighSurrogate(text[end - 1]) ? 1 : 0;
                Send("text", said, ",\"text\":" + Json.Quote(text.Substring(start, end - start)) + ",\"mode\":\""
                    + (cut ? "cut" : "queue") + "\"");
                if (text.Length == 0)
                {
                    break;
                }
            }
            Send("end_turn", said, "");
            return said;
        }

        /// <summary>Stop what is said; the answer is an event, interrupted or not_interrupted.</summary>
        public void Interrupt()
        {
            connection.Send("{\"type\":\"interrupt\"}");
        }

        /// <summary>Say that a sample of the stream is heard now.</summary>
        public void SetPlayout(long sample)
        {
            long serverNs = MonotonicClock.Nanoseconds + connection.ClockOffsetNs;
            // Before a ping was answered, the server's own "now" is the best there is.
            string when = connection.ClockOffsetNs == 0 ? "" : ",\"clock_ns\":" + serverNs;
            connection.Send("{\"type\":\"playout\",\"sample\":" + sample + when + "}");
        }

        public void Dispose()
        {
            connection.Dispose();
        }

        void IServerListener.OnHello(Hello hello)
        {
            stream++;
            Items.Add(hello);
        }

        void IServerListener.OnText(TextMessage message)
        {
            if (SpeechEvent.Knows(message.Type))
            {
                Items.Add(new SpeechEvent(message));
            }
        }

        void IServerListener.OnBinary(byte[] data, int length, Hello hello)
        {
            if (data[0] == BinaryMessages.FrameKind)
            {
                FaceFrame frame = BinaryMessages.DecodeFrame(data, length, hello.Names, hello.SampleRate);
                frame.Stream = stream;
                frame.ReceivedSeconds = MonotonicClock.Seconds;
                Items.Add(frame);
            }
            else if (data[0] == BinaryMessages.AudioKind)
            {
                Items.Add(BinaryMessages.DecodeAudio(data, length));
            }
        }

        private void Send(string type, uint number, string rest)
        {
            connection.Send("{\"type\":\"" + type + "\",\"turn\":" + number + rest + "}");
        }
    }
}
