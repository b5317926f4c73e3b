// SPDX-License-Identifier: Apache-2.0
using System.Collections.Generic;
using System.Diagnostics;

namespace Facewire
{
    /// <summary>This machine's time, which nobody sets back.</summary>
    public static class MonotonicClock
    {
        public static double Seconds
        {
            get { return (double)Stopwatch.GetTimestamp() / Stopwatch.Frequency; }
        }

        public static long Nanoseconds
        {
            get { return (long)(Seconds * 1e9); }
        }
    }

    /// <summary>
    /// How far the server's clock is from ours: the ping with the shortest round trip is wrong by at most half of
    /// that trip.
    /// </summary>
    public sealed class ClockOffset
    {
        // Older pings tell too little about clocks that drift apart.
        private const int Remembered = 8;
        private readonly Queue<long[]> exchanges = new Queue<long[]>();

        /// <summary>Whether a ping was answered.</summary>
        public bool IsKnown { get { return exchanges.Count > 0; } }

        /// <summary>What to add to our time to get the server's, in ns; 0 before the first ping.</summary>
        public long OffsetNs { get { return Best()[0]; } }

        /// <summary>Of the ping that counts; 0 before the first.</summary>
        public long RoundTripNs { get { return Best()[1]; } }

        /// <summary>Note a ping: our time before and after, and the server's in between.</summary>
        public void Add(long sentNs, long serverNs, long receivedNs)
        {
            exchanges.Enqueue(new[] { serverNs - (sentNs + (receivedNs - sentNs) / 2), receivedNs - sentNs });
            if (exchanges.Count > Remembered)
            {
                exchanges.Dequeue();
            }
        }

        private long[] Best()
        {
            long[] best = { 0, 0 };
            bool first = true;
            foreach (long[] exchange in exchanges)
            {
                if (first || exchange[1] < best[1])
                {
                    best = exchange;
                    first = false;
                }
            }
            return best;
        }
    }
}
