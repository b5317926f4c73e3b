// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>
    /// Makes faces of the messages of <c>--out osc://</c>, presets array, array-61 and arkit-each (docs/osc.md).
    /// A face is whole with its /info, the last message of each.
    /// </summary>
    public sealed class OscFaces
    {
        private const double RestartSeconds = 1.0;
        private readonly string prefix;
        private float[] weights;
        private bool[] seen;
        private int seenCount;
        private readonly float[] head = new float[3];
        private FaceFrame last;
        private int stream;

        /// <param name="address">What the messages' addresses begin with.</param>
        public OscFaces(string address = "/face")
        {
            prefix = address.TrimEnd('/') + "/";
            Clear();
        }

        /// <summary>Faces of which a datagram was lost, and which were therefore left out.</summary>
        public long Incomplete { get; private set; }

        /// <summary>Faces that came twice, or behind a later one.</summary>
        public long Disordered { get; private set; }

        /// <summary>Take the next message; returns the face that it makes whole, or null.</summary>
        public FaceFrame Take(OscMessage message)
        {
            if (!message.Address.StartsWith(prefix, StringComparison.Ordinal))
            {
                return null;
            }
            string name = message.Address.Substring(prefix.Length);
            List<double> numbers = message.Numbers;
            switch (name)
            {
                case "blendshapes":
                    TakeAll(numbers);
                    return null;
                case "head":
                    for (int i = 0; i < 3 && numbers.Count >= 3; i++)
                    {
                        head[i] = (float)numbers[i];
                    }
                    return null;
                case "info":
                    return numbers.Count >= 3 ? Finish(numbers) : null;
            }
            int index = ArkitShapes.IndexOf(name);
            if (index >= 0 && numbers.Count == 1)
            {
                Set(index, numbers[0]);
            }
            return null;
        }

        private void TakeAll(List<double> numbers)
        {
            int count = ArkitShapes.Names.Count;
            for (int i = 0; i < count && numbers.Count >= count; i++)
            {
                Set(i, numbers[i]);
            }
            if (numbers.Count == count + 9)
            {
                // The 61 values of Live Link go on with the head's angles, left and right exchanged.
                head[0] = -(float)numbers[count];
                head[1] = (float)numbers[count + 1];
                head[2] = -(float)numbers[count + 2];
            }
        }

        private void Set(int index, double value)
        {
            weights[index] = (float)value;
            seenCount += seen[index] ? 0 : 1;
            seen[index] = true;
        }

        private FaceFrame Finish(List<double> info)
        {
            bool whole = seenCount == weights.Length;
            var frame = new FaceFrame
            {
                Names = ArkitShapes.Names,
                Index = (uint)info[0],
                Seconds = info[1],
                Speech = (float)info[2],
                Weights = weights,
                Yaw = head[0],
                Pitch = head[1],
                Roll = head[2],
            };
            Clear();
            if (!whole)
            {
                Incomplete++;
                return null;
            }
            if (last == null || frame.Seconds < last.Seconds - RestartSeconds || (frame.Index == 0 && last.Index > 0))
            {
                stream++;
            }
            else if (frame.Index <= last.Index)
            {
                Disordered++;
                return null;
            }
            frame.Stream = stream;
            last = frame;
            return frame;
        }

        private void Clear()
        {
            weights = new float[ArkitShapes.Names.Count];
            seen = new bool[weights.Length];
            seenCount = 0;
        }
    }
}
