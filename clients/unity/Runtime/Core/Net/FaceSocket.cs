// SPDX-License-Identifier: Apache-2.0
using System;

namespace Facewire
{
    /// <summary>Watches the live stream of <c>facewire live</c> over a WebSocket.</summary>
    public sealed class FaceSocket : IServerListener, IDisposable
    {
        private const int MostWaiting = 1024;
        private readonly ServerConnection connection;
        private int stream;

        /// <param name="server">Such as ws://127.0.0.1:8765, or with ?token= behind it.</param>
        /// <param name="audio">Whether the sound is wanted too.</param>
        /// <exception cref="ProtocolException">It is no address of a server.</exception>
        public FaceSocket(string server, bool audio = false)
        {
            Frames = new BoundedQueue<FaceFrame>(MostWaiting);
            Audio = new BoundedQueue<AudioRun>(MostWaiting);
            connection = new ServerConnection(server, "face", audio ? "audio=1" : "", this);
        }

        /// <summary>What came and was not taken yet.</summary>
        public BoundedQueue<FaceFrame> Frames { get; private set; }

        /// <summary>Sound that came and was not taken yet, ahead of its faces.</summary>
        public BoundedQueue<AudioRun> Audio { get; private set; }

        /// <summary>What the server said of its faces; null while there is no stream.</summary>
        public Hello Hello { get { return connection.Hello; } }

        /// <summary>Why there is no stream, in one sentence; empty while there is one.</summary>
        public string Problem { get { return connection.Problem; } }

        /// <summary>How often a connection came about.</summary>
        public int Connections { get { return connection.Connections; } }

        /// <summary>What to add to our time to get the server's, in ns.</summary>
        public long ClockOffsetNs { get { return connection.ClockOffsetNs; } }

        string IServerListener.Opening { get { return null; } }

        public void Dispose()
        {
            connection.Dispose();
        }

        void IServerListener.OnHello(Hello hello)
        {
            stream++;
        }

        void IServerListener.OnText(TextMessage message)
        {
            // "end", or what a later server may have to say besides.
        }

        void IServerListener.OnBinary(byte[] data, int length, Hello hello)
        {
            if (data[0] == BinaryMessages.FrameKind)
            {
                FaceFrame frame = BinaryMessages.DecodeFrame(data, length, hello.Names, hello.SampleRate);
                frame.Stream = stream;
                frame.ReceivedSeconds = MonotonicClock.Seconds;
                Frames.Add(frame);
            }
            else if (data[0] == BinaryMessages.AudioKind)
            {
                Audio.Add(BinaryMessages.DecodeAudio(data, length));
            }
        }
    }
}
