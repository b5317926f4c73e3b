// SPDX-License-Identifier: Apache-2.0
using System;

namespace Facewire
{
    /// <summary>
    /// Sound that is played from a clip which goes round: what is to be written into it, and which sample of the
    /// stream is being played. Nothing is read ahead of, so that what came late or was interrupted still counts.
    /// </summary>
    public sealed class SoundRing
    {
        private readonly int length;
        private readonly long first;
        private readonly int least;
        private long played, written;
        private int position;

        /// <param name="length">Of the clip, in samples.</param>
        /// <param name="first">The sample of the stream that lies at the clip's beginning.</param>
        /// <param name="least">How many samples are worth writing, unless the sound has changed.</param>
        public SoundRing(int length, long first, int least)
        {
            this.length = length;
            this.first = first;
            this.least = least;
            written = first;
        }

        /// <summary>The sample of the stream that is played now.</summary>
        public long Playing { get { return first + played; } }

        /// <summary>Note where in the clip the player is; it must be asked before it went round once.</summary>
        public void MoveTo(int clipPosition)
        {
            int step = clipPosition - position;
            played += step < 0 ? step + length : step;
            position = clipPosition;
        }

        /// <summary>What to write into the clip now, or null; it may go round its end.</summary>
        /// <param name="sound">Of the stream.</param>
        /// <param name="offset">Where in the clip it goes.</param>
        public float[] Next(PlayoutBuffer sound, out int offset)
        {
            // Half of the clip ahead: that long may a program stand still before old sound comes round.
            long end = Playing + length / 2;
            long from = Math.Max(Playing, Math.Min(written, sound.ChangedFrom));
            bool changed = sound.ChangedFrom < written;
            offset = (int)((from - first) % length);
            if (end - from < (changed ? 1 : least))
            {
                return null;
            }
            var samples = new float[end - from];
            sound.ReadSound(from, samples);
            sound.ForgetSoundBefore(Playing);
            written = end;
            return samples;
        }
    }
}
