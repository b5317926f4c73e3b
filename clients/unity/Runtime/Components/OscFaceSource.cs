// SPDX-License-Identifier: Apache-2.0
using System;
using UnityEngine;

namespace Facewire
{
    /// <summary>Hears <c>facewire live --out osc://HOST:9000</c>.</summary>
    [AddComponentMenu("Facewire/OSC Face Source")]
    public sealed class OscFaceSource : FaceSource
    {
        [Tooltip("The UDP port of --out osc://HOST:PORT.")]
        public int port = 9000;

        [Tooltip("What the addresses of the messages begin with.")]
        public string address = "/face";

        [Tooltip("A multicast group such as 239.1.2.3, if the sender sends to one.")]
        public string multicastGroup = "";

        private JitterBuffer buffer;
        private OscReceiver receiver;
        private string problem = "";

        public override string Problem { get { return problem; } }

        /// <summary>Faces of which a datagram was lost on the way.</summary>
        public long Incomplete { get { return receiver == null ? 0 : receiver.Incomplete; } }

        public override bool TryGetPose(FacePose pose)
        {
            return buffer != null && buffer.TryGet(MonotonicClock.Seconds, pose);
        }

        private void OnEnable()
        {
            buffer = new JitterBuffer();
            try
            {
                receiver = new OscReceiver(port, address, multicastGroup);
                problem = "";
            }
            catch (InvalidOperationException error)
            {
                problem = error.Message;
            }
            TellProblem();
        }

        private void OnDisable()
        {
            if (receiver != null)
            {
                receiver.Dispose();
                receiver = null;
            }
        }

        private void Update()
        {
            FaceFrame frame;
            while (receiver != null && receiver.Frames.TryTake(out frame))
            {
                buffer.Push(frame);
            }
        }
    }
}
