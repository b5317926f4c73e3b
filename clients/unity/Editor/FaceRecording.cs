// SPDX-License-Identifier: Apache-2.0
using System.Collections.Generic;
using UnityEditor;
using UnityEngine;

namespace Facewire
{
    /// <summary>Makes a clip of what a <see cref="FaceRenderer"/> shows, at the times of the stream.</summary>
    public sealed class FaceRecording
    {
        // Of 100: nobody sees it, and it halves a clip.
        private const float Tolerance = 0.02f;
        private readonly FaceRenderer face;
        private readonly Transform root;
        private readonly FaceTake take = new FaceTake(Tolerance);
        private readonly float[] values;

        /// <param name="face">What is recorded, from now on.</param>
        /// <param name="root">The object that the clip will be played on, such as the one with the Animator.</param>
        public FaceRecording(FaceRenderer face, Transform root)
        {
            this.face = face;
            this.root = root;
            int count = 0;
            foreach (SkinnedMeshRenderer mesh in face.meshes)
            {
                count += mesh.sharedMesh.blendShapeCount;
            }
            values = new float[count];
            face.Shown += Add;
        }

        public double LengthSeconds { get { return take.LengthSeconds; } }

        /// <summary>Record no more.</summary>
        public void Stop()
        {
            face.Shown -= Add;
        }

        /// <summary>A clip with a curve for each blend shape that moved.</summary>
        public AnimationClip MakeClip(float frameRate)
        {
            var clip = new AnimationClip { frameRate = frameRate };
            int curve = 0;
            foreach (SkinnedMeshRenderer mesh in face.meshes)
            {
                string path = AnimationUtility.CalculateTransformPath(mesh.transform, root);
                for (int shape = 0; shape < mesh.sharedMesh.blendShapeCount; shape++)
                {
                    List<KeyValuePair<float, float>> keys = take.Keys(curve++);
                    if (keys.Exists(key => key.Value != 0f))
                    {
                        string property = "blendShape." + mesh.sharedMesh.GetBlendShapeName(shape);
                        var binding = EditorCurveBinding.FloatCurve(path, typeof(SkinnedMeshRenderer), property);
                        AnimationUtility.SetEditorCurve(clip, binding, Straight(keys));
                    }
                }
            }
            return clip;
        }

        private static AnimationCurve Straight(List<KeyValuePair<float, float>> keys)
        {
            var frames = new Keyframe[keys.Count];
            for (int i = 0; i < frames.Length; i++)
            {
                float before = i > 0 ? Slope(keys[i - 1], keys[i]) : 0f;
                float behind = i + 1 < frames.Length ? Slope(keys[i], keys[i + 1]) : 0f;
                frames[i] = new Keyframe(keys[i].Key, keys[i].Value, before, behind);
            }
            return new AnimationCurve(frames);
        }

        private static float Slope(KeyValuePair<float, float> from, KeyValuePair<float, float> to)
        {
            return (to.Value - from.Value) / (to.Key - from.Key);
        }

        private void Add(FaceRenderer shown)
        {
            int place = 0;
            foreach (SkinnedMeshRenderer mesh in shown.meshes)
            {
                for (int shape = 0; shape < mesh.sharedMesh.blendShapeCount; shape++)
                {
                    values[place++] = mesh.GetBlendShapeWeight(shape);
                }
            }
            take.Add(shown.Pose.Seconds, values);
        }
    }
}
