// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>Says which blend shape of a mesh shows what of a face.</summary>
    public sealed class ShapeMap
    {
        /// <summary>With fewer ARKit shapes than this, vowels or visemes are used where a mesh has them.</summary>
        public const int EnoughArkit = 8;

        private readonly int[] arkit;
        private readonly string[] fallback;
        private readonly bool hasBlink;
        private readonly float[] ordered = new float[ArkitShapes.Names.Count];
        private IList<string> orderedNames;
        private int[] places;

        /// <param name="meshNames">What the mesh calls its blend shapes, in their order.</param>
        public ShapeMap(IList<string> meshNames)
        {
            arkit = new int[meshNames.Count];
            fallback = new string[meshNames.Count];
            for (int i = 0; i < meshNames.Count; i++)
            {
                arkit[i] = ShapeName.Arkit(meshNames[i]);
                ArkitCount += arkit[i] >= 0 ? 1 : 0;
                fallback[i] = arkit[i] < 0 ? ShapeName.Fallback(meshNames[i]) : null;
                FallbackCount += fallback[i] != null ? 1 : 0;
            }
            UsesFallback = ArkitCount < EnoughArkit && FallbackCount > 0;
            hasBlink = Array.IndexOf(fallback, "blink") >= 0;
        }

        /// <summary>Blend shapes that are ARKit's.</summary>
        public int ArkitCount { get; private set; }

        /// <summary>Blend shapes that are vowels, blinks or visemes.</summary>
        public int FallbackCount { get; private set; }

        /// <summary>Whether vowels or visemes are shown, for want of ARKit shapes.</summary>
        public bool UsesFallback { get; private set; }

        /// <summary>How many blend shapes of the mesh a face moves.</summary>
        public int Count { get { return ArkitCount + (UsesFallback ? FallbackCount : 0); } }

        /// <summary>Set what a face says of the mesh, from 0 to 1; its other shapes stay as they are.</summary>
        /// <param name="names">Of the weights.</param>
        /// <param name="weights">Of the face.</param>
        /// <param name="set">Called with the index of a blend shape, and its value.</param>
        public void Apply(IList<string> names, float[] weights, Action<int, float> set)
        {
            Order(names, weights);
            for (int i = 0; i < arkit.Length; i++)
            {
                if (arkit[i] >= 0)
                {
                    set(i, ordered[arkit[i]]);
                }
                else if (UsesFallback && fallback[i] != null)
                {
                    set(i, Share(fallback[i]));
                }
            }
        }

        private float Share(string share)
        {
            if (!hasBlink && share == "blinkleft")
            {
                return ordered[ArkitShapes.IndexOf("eyeBlinkLeft")];
            }
            if (!hasBlink && share == "blinkright")
            {
                return ordered[ArkitShapes.IndexOf("eyeBlinkRight")];
            }
            return FallbackShapes.Value(share, ordered);
        }

        /// <summary>By name, not by position: a server may have them in another order.</summary>
        private void Order(IList<string> names, float[] weights)
        {
            if (!ReferenceEquals(names, orderedNames))
            {
                places = new int[names.Count];
                for (int i = 0; i < places.Length; i++)
                {
                    places[i] = ArkitShapes.IndexOf(names[i]);
                }
                Array.Clear(ordered, 0, ordered.Length);
                orderedNames = names;
            }
            for (int i = 0; i < places.Length; i++)
            {
                if (places[i] >= 0)
                {
                    ordered[places[i]] = weights[i];
                }
            }
        }
    }
}
