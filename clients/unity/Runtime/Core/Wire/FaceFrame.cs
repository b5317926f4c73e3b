// SPDX-License-Identifier: Apache-2.0
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>A face at one moment of a stream.</summary>
    public sealed class FaceFrame
    {
        /// <summary>What the weights are called, in their order. Frames of a stream share one list.</summary>
        public IList<string> Names;

        /// <summary>Grows with each stream that begins: a new connection, a sender that was started again.</summary>
        public int Stream;

        /// <summary>Which utterance it belongs to; 0 where nobody speaks, or nobody counts.</summary>
        public uint Turn;

        /// <summary>0, 1, 2 ... within the stream; a gap means frames that did not come.</summary>
        public uint Index;

        /// <summary>The sample that the face belongs to, at the stream's rate; -1 by OSC, which does not say.</summary>
        public long Timestamp = -1;

        /// <summary>The same in seconds since the stream began.</summary>
        public double Seconds;

        /// <summary>The server's clock when the last sample that it needed arrived, in ns; 0 if unknown.</summary>
        public long CapturedNs;

        /// <summary>Microseconds of queue, encode, decode, face and send; null by OSC.</summary>
        public uint[] StagesUs;

        /// <summary>How sure the engine is that somebody speaks, 0 to 1.</summary>
        public float Speech;

        /// <summary>Radians. Positive yaw turns to the person's left.</summary>
        public float Yaw, Pitch, Roll;

        /// <summary>From 0 to 1, in the order of the names.</summary>
        public float[] Weights;

        /// <summary>When it arrived, by <see cref="MonotonicClock"/>.</summary>
        public double ReceivedSeconds;
    }

    /// <summary>Sound of a stream.</summary>
    public sealed class AudioRun
    {
        public uint Turn;

        /// <summary>The place of the first sample in the stream.</summary>
        public long Start;

        /// <summary>Mono, from -1 to 1, at the stream's rate.</summary>
        public float[] Samples;

        public long End { get { return Start + Samples.Length; } }
    }
}
