// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using UnityEngine;

namespace Facewire.Samples
{
    /// <summary>A flat face of a few triangles with some ARKit shapes, so that the sample needs no model.</summary>
    [RequireComponent(typeof(SkinnedMeshRenderer))]
    public sealed class SampleFace : MonoBehaviour
    {
        private const int Round = 48;
        private const float MouthY = -0.55f, MouthWidth = 0.36f;
        private static readonly Color skin = new Color(0.93f, 0.76f, 0.65f), lips = new Color(0.75f, 0.35f, 0.35f),
            inside = new Color(0.25f, 0.05f, 0.07f), white = Color.white, iris = new Color(0.2f, 0.3f, 0.4f),
            hair = new Color(0.3f, 0.2f, 0.15f);

        private readonly List<Vector3> places = new List<Vector3>();
        private readonly List<Color> colors = new List<Color>();
        private readonly List<int> triangles = new List<int>();
        private readonly List<string> parts = new List<string>();

        /// <summary>Make the mesh; Awake comes before any Start that looks for blend shapes.</summary>
        private void Awake()
        {
            AddDisc("head", new Vector3(0f, 0f, 0.05f), 1f, 1.3f, skin);
            foreach (float side in new[] { -1f, 1f })
            {
                // It looks at the camera: its left is on our right.
                string name = side > 0f ? "Left" : "Right";
                AddDisc("eye" + name, new Vector3(0.38f * side, 0.3f, 0.03f), 0.2f, 0.13f, white);
                AddDisc("eye" + name, new Vector3(0.38f * side, 0.3f, 0.02f), 0.09f, 0.11f, iris);
                AddDisc("brow" + name, new Vector3(0.38f * side, 0.58f, 0.03f), 0.24f, 0.04f, hair);
            }
            AddDisc("lips", new Vector3(0f, MouthY, 0.03f), MouthWidth, 0.1f, lips);
            AddDisc("mouth", new Vector3(0f, MouthY, 0.02f), 0.85f * MouthWidth, 0.004f, inside);
            var mesh = new Mesh { name = "Sample face" };
            mesh.SetVertices(places);
            mesh.SetColors(colors);
            mesh.SetTriangles(triangles, 0);
            AddShapes(mesh);
            mesh.RecalculateBounds();
            var shown = GetComponent<SkinnedMeshRenderer>();
            shown.sharedMesh = mesh;
            shown.sharedMaterial = new Material(Shader.Find("Sprites/Default"));
            shown.updateWhenOffscreen = true;
        }

        private void AddShapes(Mesh mesh)
        {
            AddShape(mesh, "jawOpen", "lips mouth", p => new Vector3(0f, -0.45f * LowerLip(p), 0f));
            AddShape(mesh, "mouthClose", "lips mouth", p => new Vector3(0f, 0.45f * LowerLip(p), 0f));
            AddShape(mesh, "mouthPucker", "lips mouth", p => new Vector3(-0.55f * p.x, 0f, 0f));
            AddShape(mesh, "mouthFunnel", "lips mouth", p => new Vector3(-0.4f * p.x, 0.6f * (p.y - MouthY), 0f));
            AddShape(mesh, "mouthRollLower", "lips", p => new Vector3(0f, 0.06f * LowerLip(p), 0f));
            AddShape(mesh, "mouthSmileLeft", "lips mouth", p => Corner(p, 1f, 0.1f));
            AddShape(mesh, "mouthSmileRight", "lips mouth", p => Corner(p, -1f, 0.1f));
            AddShape(mesh, "mouthStretchLeft", "lips mouth", p => Corner(p, 1f, 0f));
            AddShape(mesh, "mouthStretchRight", "lips mouth", p => Corner(p, -1f, 0f));
            AddShape(mesh, "eyeBlinkLeft", "eyeLeft", p => new Vector3(0f, 0.95f * (0.25f - p.y), 0f));
            AddShape(mesh, "eyeBlinkRight", "eyeRight", p => new Vector3(0f, 0.95f * (0.25f - p.y), 0f));
            AddShape(mesh, "browInnerUp", "browLeft browRight", p => new Vector3(0f, 0.2f - 0.3f * Math.Abs(p.x), 0f));
            AddShape(mesh, "browDownLeft", "browLeft", p => new Vector3(0f, -0.12f, 0f));
            AddShape(mesh, "browDownRight", "browRight", p => new Vector3(0f, -0.12f, 0f));
        }

        /// <summary>How much of the jaw's way a place goes: all in the middle of the lower lip.</summary>
        private static float LowerLip(Vector3 place)
        {
            double across = place.x / MouthWidth;
            return place.y < MouthY ? (float)Math.Sqrt(Math.Max(0.0, 1.0 - across * across)) : 0f;
        }

        /// <summary>A corner of the mouth, out and up.</summary>
        private static Vector3 Corner(Vector3 place, float side, float up)
        {
            float share = Mathf.Clamp01(place.x * side / MouthWidth);
            return new Vector3(0.14f * share * side, up * share * share, 0f);
        }

        private void AddShape(Mesh mesh, string name, string moved, Func<Vector3, Vector3> move)
        {
            string[] which = moved.Split(' ');
            var deltas = new Vector3[places.Count];
            for (int i = 0; i < deltas.Length; i++)
            {
                if (Array.IndexOf(which, parts[i]) >= 0)
                {
                    deltas[i] = move(places[i]);
                }
            }
            mesh.AddBlendShapeFrame(name, 100f, deltas, null, null);
        }

        private void AddDisc(string part, Vector3 center, float width, float height, Color color)
        {
            int first = places.Count;
            for (int i = 0; i <= Round; i++)
            {
                double angle = 2.0 * Math.PI * i / Round;
                Vector3 edge = new Vector3(width * (float)Math.Cos(angle), height * (float)Math.Sin(angle), 0f);
                places.Add(i == Round ? center : center + edge);
                colors.Add(color);
                parts.Add(part);
                if (i < Round)
                {
                    triangles.AddRange(new[] { first + Round, first + (i + 1) % Round, first + i });
                }
            }
        }
    }
}
