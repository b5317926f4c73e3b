// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>A recording of blend shapes: a curve for each, with the keys that it needs.</summary>
    public sealed class FaceTake
    {
        private readonly float tolerance;
        private readonly List<double> times = new List<double>();
        private readonly List<float[]> rows = new List<float[]>();

        /// <param name="tolerance">How far a curve may be from what was recorded.</param>
        public FaceTake(float tolerance)
        {
            this.tolerance = tolerance;
        }

        /// <summary>Moments that were recorded.</summary>
        public int Count { get { return times.Count; } }

        public double LengthSeconds { get { return Count > 1 ? times[Count - 1] - times[0] : 0.0; } }

        /// <summary>Add a moment; one that is not behind the last is left out.</summary>
        public void Add(double seconds, float[] values)
        {
            if (Count == 0 || seconds > times[Count - 1])
            {
                times.Add(seconds);
                rows.Add((float[])values.Clone());
            }
        }

        /// <summary>The keys of a curve: seconds since the beginning, and values; straight in between.</summary>
        public List<KeyValuePair<float, float>> Keys(int curve)
        {
            var keys = new List<KeyValuePair<float, float>>();
            for (int start = 0; start < Count;)
            {
                keys.Add(new KeyValuePair<float, float>((float)(times[start] - times[0]), rows[start][curve]));
                start = start == Count - 1 ? Count : Farthest(start, curve);
            }
            return keys;
        }

        /// <summary>The last moment to which a straight line from `start` misses none in between.</summary>
        private int Farthest(int start, int curve)
        {
            double lowest = double.NegativeInfinity, highest = double.PositiveInfinity;
            for (int i = start + 1; i < Count; i++)
            {
                double length = times[i] - times[start], rise = rows[i][curve] - rows[start][curve];
                double slope = rise / length;
                if (slope < lowest || slope > highest)
                {
                    return i - 1;
                }
                lowest = Math.Max(lowest, (rise - tolerance) / length);
                highest = Math.Min(highest, (rise + tolerance) / length);
            }
            return Count - 1;
        }
    }
}
