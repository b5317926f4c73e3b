// SPDX-License-Identifier: Apache-2.0
using UnityEngine;

namespace Facewire
{
    /// <summary>Watches <c>facewire live</c> over a WebSocket, and comes back after it was away.</summary>
    [AddComponentMenu("Facewire/WebSocket Face Source")]
    public sealed class SocketFaceSource : FaceSource
    {
        [Tooltip("The address that facewire live prints; with ?token= behind it from another machine.")]
        public string server = "ws://127.0.0.1:8765";

        private JitterBuffer buffer;
        private FaceSocket socket;
        private string problem = "";

        public override string Problem { get { return socket == null ? problem : socket.Problem; } }

        /// <summary>What the server said of its faces; null while there is no stream.</summary>
        public Hello Hello { get { return socket == null ? null : socket.Hello; } }

        public override bool TryGetPose(FacePose pose)
        {
            return buffer != null && buffer.TryGet(MonotonicClock.Seconds, pose);
        }

        private void OnEnable()
        {
            buffer = new JitterBuffer();
            try
            {
                socket = new FaceSocket(server);
                problem = "";
            }
            catch (ProtocolException error)
            {
                problem = error.Message;
            }
        }

        private void OnDisable()
        {
            if (socket != null)
            {
                socket.Dispose();
                socket = null;
            }
        }

        private void Update()
        {
            FaceFrame frame;
            while (socket != null && socket.Frames.TryTake(out frame))
            {
                buffer.Push(frame);
            }
            TellProblem();
        }
    }
}
