// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>
    /// Shows faces at the distances of their timestamps, whatever the network did to them.
    ///
    /// How late a face came is told by its timestamp: the quickest of the last seconds is on time. All are shown so
    /// much later than the quickest that nearly all of them are there, and the one behind them, between which and
    /// themselves the face moves: that is as little as the network allows.
    /// </summary>
    public sealed class JitterBuffer
    {
        private const int Kept = 512;
        private const int Measured = 240;
        private const int EnoughMeasured = 8;

        // Of the faces are there when they are due.
        private const double InTime = 0.98;
        private readonly FaceTrack track = new FaceTrack(Kept);
        private readonly Queue<double> arrivals = new Queue<double>();
        private readonly List<double> sorted = new List<double>();
        private readonly double most;
        private double wait, interval, newest, shown = double.NegativeInfinity;
        private int stream = -1;

        /// <param name="mostDelaySeconds">Longer than this no face is kept waiting, even where more come late.</param>
        public JitterBuffer(double mostDelaySeconds = 0.1)
        {
            most = mostDelaySeconds;
        }

        /// <summary>How much later than the quickest faces are shown, in seconds.</summary>
        public double DelaySeconds { get { return wait + interval; } }

        /// <summary>Faces that came when a later one was shown.</summary>
        public long Late { get; private set; }

        /// <summary>Faces that were forgotten unseen, because nobody asked for so long.</summary>
        public long Unseen { get; private set; }

        /// <summary>Take a face that has arrived.</summary>
        public void Push(FaceFrame frame)
        {
            if (frame.Stream != stream)
            {
                Clear();
                stream = frame.Stream;
            }
            if (frame.Seconds <= shown)
            {
                Late++;
            }
            double step = frame.Seconds - newest;
            if (track.Count > 0 && step > 0.0)
            {
                // The shortest: a longer one is where faces were lost.
                interval = Math.Min(most, interval > 0.0 ? Math.Min(interval, step) : step);
            }
            newest = Math.Max(newest, frame.Seconds);
            Unseen += track.Add(frame);
            arrivals.Enqueue(frame.ReceivedSeconds - frame.Seconds);
            if (arrivals.Count > Measured)
            {
                arrivals.Dequeue();
            }
            Measure();
        }

        /// <summary>The face for now, between two of them where need be; false before the first is due.</summary>
        /// <param name="nowSeconds">By <see cref="MonotonicClock"/>; ask in the order of time.</param>
        /// <param name="pose">Is filled.</param>
        public bool TryGet(double nowSeconds, FacePose pose)
        {
            if (sorted.Count == 0)
            {
                return false;
            }
            // What was shown is not taken back where the wait grows.
            shown = Math.Max(shown, nowSeconds - sorted[0] - DelaySeconds);
            return track.TryGet(shown, true, pose);
        }

        /// <summary>Forget everything: another stream begins.</summary>
        public void Clear()
        {
            track.Clear();
            arrivals.Clear();
            sorted.Clear();
            wait = interval = 0.0;
            newest = double.NegativeInfinity;
            shown = double.NegativeInfinity;
        }

        private void Measure()
        {
            sorted.Clear();
            sorted.AddRange(arrivals);
            sorted.Sort();
            if (sorted.Count >= EnoughMeasured)
            {
                wait = Math.Min(most, sorted[(int)(InTime * (sorted.Count - 1))] - sorted[0]);
            }
        }
    }
}
