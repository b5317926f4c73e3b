// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>What is to be shown now: a face, or what lies between two.</summary>
    public sealed class FacePose
    {
        public IList<string> Names = ArkitShapes.Names;
        public float[] Weights = new float[ArkitShapes.Names.Count];
        public float Yaw, Pitch, Roll, Speech;

        /// <summary>The moment of the stream that it belongs to.</summary>
        public double Seconds;

        /// <summary>Take a face as it is.</summary>
        public void Set(FaceFrame frame)
        {
            Mix(frame, frame, 0f);
            Seconds = frame.Seconds;
        }

        /// <summary>Take what lies between two faces of a stream.</summary>
        /// <param name="share">0 is the first, 1 the second.</param>
        public void Mix(FaceFrame from, FaceFrame to, float share)
        {
            if (Weights.Length != from.Weights.Length)
            {
                Weights = new float[from.Weights.Length];
            }
            Names = from.Names;
            for (int i = 0; i < Weights.Length; i++)
            {
                Weights[i] = from.Weights[i] + (to.Weights[i] - from.Weights[i]) * share;
            }
            Yaw = from.Yaw + (to.Yaw - from.Yaw) * share;
            Pitch = from.Pitch + (to.Pitch - from.Pitch) * share;
            Roll = from.Roll + (to.Roll - from.Roll) * share;
            Speech = from.Speech + (to.Speech - from.Speech) * share;
            Seconds = from.Seconds + (to.Seconds - from.Seconds) * share;
        }

        /// <summary>Come closer to a face at rest.</summary>
        /// <param name="share">0 stays, 1 is there.</param>
        public void Rest(float share)
        {
            for (int i = 0; i < Weights.Length; i++)
            {
                Weights[i] *= 1f - share;
            }
            Yaw *= 1f - share;
            Pitch *= 1f - share;
            Roll *= 1f - share;
            Speech *= 1f - share;
        }
    }

    /// <summary>Faces in the order of their time, of which those that are past are forgotten.</summary>
    internal sealed class FaceTrack
    {
        private readonly int kept;
        private readonly List<FaceFrame> frames = new List<FaceFrame>();

        public FaceTrack(int kept)
        {
            this.kept = kept;
        }

        public int Count { get { return frames.Count; } }

        public void Clear()
        {
            frames.Clear();
        }

        /// <summary>Add a face; one that came late goes where it belongs.</summary>
        /// <returns>How many had to be forgotten unseen.</returns>
        public int Add(FaceFrame frame)
        {
            int place = frames.Count;
            while (place > 0 && frames[place - 1].Seconds > frame.Seconds)
            {
                place--;
            }
            frames.Insert(place, frame);
            if (frames.Count <= kept)
            {
                return 0;
            }
            frames.RemoveAt(0);
            return 1;
        }

        public void Remove(Predicate<FaceFrame> isVoid)
        {
            frames.RemoveAll(isVoid);
        }

        /// <summary>The face for a moment of the stream; false before the first. Ask in the order of time.</summary>
        public bool TryGet(double seconds, bool interpolate, FacePose pose)
        {
            int next = 0;
            while (next < frames.Count && frames[next].Seconds <= seconds)
            {
                next++;
            }
            if (next == 0)
            {
                return false;
            }
            frames.RemoveRange(0, next - 1);
            if (!interpolate || frames.Count == 1)
            {
                pose.Set(frames[0]);
                return true;
            }
            double length = frames[1].Seconds - frames[0].Seconds;
            pose.Mix(frames[0], frames[1], (float)((seconds - frames[0].Seconds) / length));
            return true;
        }
    }
}
