// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>
    /// What an avatar without ARKit shapes shows: VRM's vowels, blinks and looks, or Oculus' visemes, read from
    /// the lips. The vowels are those that <c>--out vmc://</c> sends.
    /// </summary>
    public static class FallbackShapes
    {
        private const float GapAtRest = 0.02329f;

        // Lip gaps up to which lips are shut and from which they are apart, those of a closed and of an open
        // vowel, and that of a loud one, where the gap of jawOpen = 1 is 1.
        private const float Shut = 0.02f, Parted = 0.10f, Middle = 0.16f, Open = 0.40f, Widest = 0.62f;

        // How much the lips spread for "i", and how many times as much lips that speak smile as they stretch, at most.
        private const float SpreadOfI = 0.6f, Together = 10f;

        // How much lips roll in, press and come forward for the consonants that are told by them.
        private const float Whole = 0.5f;

        // What each shape adds to the gap between the lips, as measured on the ICT face model (docs/face.md).
        private static readonly KeyValuePair<int, float>[] gap =
        {
            Add("jawOpen", 1f), Add("mouthClose", -1.18874f), Add("mouthFunnel", 0.419f),
            Add("jawForward", 0.03941f), Add("mouthPucker", -0.01578f), Add("mouthLeft", -0.02013f),
            Add("mouthRight", -0.02013f), Add("mouthDimpleLeft", -0.01091f), Add("mouthDimpleRight", -0.01092f),
            Add("mouthRollLower", -0.11442f), Add("mouthRollUpper", 0.05557f), Add("mouthShrugLower", -0.20984f),
            Add("mouthShrugUpper", 0.1605f), Add("mouthPressLeft", -0.03874f), Add("mouthPressRight", -0.03874f),
            Add("mouthLowerDownLeft", 0.10324f), Add("mouthLowerDownRight", 0.10324f),
            Add("mouthUpperUpLeft", 0.1083f), Add("mouthUpperUpRight", 0.1083f), Add("cheekPuff", -0.01344f),
            Add("noseSneerLeft", 0.09492f), Add("noseSneerRight", 0.09492f),
            Add("jawLeft", -0.00698f), Add("jawRight", -0.00698f), Add("mouthSmileLeft", 0.00107f),
            Add("mouthSmileRight", 0.00107f), Add("mouthFrownLeft", -0.00379f), Add("mouthFrownRight", -0.00379f),
            Add("mouthStretchLeft", -0.00473f), Add("mouthStretchRight", -0.00473f),
            Add("cheekSquintLeft", 0.00565f), Add("cheekSquintRight", 0.00565f),
        };

        /// <summary>How much a face shows of a share that <see cref="ShapeName.Fallback"/> names, 0 to 1.</summary>
        /// <param name="share">Its name.</param>
        /// <param name="weights">The 52 weights, in ARKit's order.</param>
        public static float Value(string share, float[] weights)
        {
            if (share.StartsWith("viseme_", StringComparison.Ordinal))
            {
                return Viseme(share.Substring("viseme_".Length), weights);
            }
            float left = Of(weights, "eyeBlinkLeft"), right = Of(weights, "eyeBlinkRight");
            switch (share)
            {
                case "blink": return Math.Min(left, right);
                // What both have is in "blink"; the renderer leaves that out where there is none.
                case "blinkleft": return left - Math.Min(left, right);
                case "blinkright": return right - Math.Min(left, right);
                case "lookup": return Mean(weights, "eyeLookUpLeft", "eyeLookUpRight");
                case "lookdown": return Mean(weights, "eyeLookDownLeft", "eyeLookDownRight");
                case "lookleft": return Mean(weights, "eyeLookOutLeft", "eyeLookInRight");
                case "lookright": return Mean(weights, "eyeLookInLeft", "eyeLookOutRight");
                default: return Vowel(share, weights);
            }
        }

        private static float Vowel(string vowel, float[] weights)
        {
            float lips = Gap(weights);
            float parted = Share(lips, Shut, Parted), opened = Share(lips, Middle, Open);
            float rounded = Math.Min(1f, Of(weights, "mouthPucker") + Of(weights, "mouthFunnel"));
            float spreading = Spread(weights, "Left") + Spread(weights, "Right");
            float spread = Math.Min(1f, spreading / (2f * SpreadOfI)) * (1f - rounded);
            switch (vowel)
            {
                case "aa": return Share(lips, Shut, Widest) * (1f - rounded) * (1f - spread);
                case "ih": return parted * spread * (1f - opened);
                case "ou": return rounded * (1f - opened);
                case "ee": return parted * spread * opened;
                case "oh": return parted * rounded * opened;
                default: return 0f;
            }
        }

        /// <summary>How far speech spreads a side of the lips: a smile alone is joy, a stretch alone is fear.</summary>
        private static float Spread(float[] weights, string side)
        {
            float smile = Of(weights, "mouthSmile" + side), stretch = Of(weights, "mouthStretch" + side);
            return Math.Min(smile, Together * stretch) + Math.Min(stretch, smile);
        }

        private static float Viseme(string viseme, float[] weights)
        {
            float parted = Share(Gap(weights), Shut, Parted);
            float rolled = Math.Min(1f, Of(weights, "mouthRollLower") / Whole);
            float tongue = Of(weights, "tongueOut");
            // A tongue or a lip at the teeth is seen before the vowel behind it.
            float free = (1f - rolled) * (1f - tongue);
            switch (viseme)
            {
                case "sil": return 0f;
                case "pp":
                    float pressed = Mean(weights, "mouthPressLeft", "mouthPressRight") + Of(weights, "mouthClose");
                    return (1f - parted) * Math.Min(1f, pressed / Whole);
                case "ff": return parted * rolled * (1f - tongue);
                case "th": return parted * tongue;
                case "e": return Vowel("ee", weights) * free;
                case "i": case "ih": return Vowel("ih", weights) * free;
                case "o": case "oh": return Vowel("oh", weights) * free;
                case "u": case "ou": return Vowel("ou", weights) * free;
                case "aa": return Vowel("aa", weights) * free;
                // DD kk CH SS nn RR differ by what is behind the teeth, which ARKit's shapes do not show.
                default: return 0f;
            }
        }

        private static float Gap(float[] weights)
        {
            float sum = GapAtRest;
            foreach (KeyValuePair<int, float> shape in gap)
            {
                sum += shape.Value * weights[shape.Key];
            }
            return sum;
        }

        private static KeyValuePair<int, float> Add(string name, float opens)
        {
            return new KeyValuePair<int, float>(ArkitShapes.IndexOf(name), opens);
        }

        private static float Of(float[] weights, string name)
        {
            return weights[ArkitShapes.IndexOf(name)];
        }

        private static float Mean(float[] weights, string one, string other)
        {
            return (Of(weights, one) + Of(weights, other)) / 2f;
        }

        private static float Share(float value, float low, float high)
        {
            return Math.Min(1f, Math.Max(0f, (value - low) / (high - low)));
        }
    }
}
