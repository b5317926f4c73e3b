// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using UnityEngine;

namespace Facewire
{
    /// <summary>
    /// Shows faces on blend shapes, which are found by their names: ARKit's in any case and with prefixes, else
    /// VRM's or Oculus' visemes.
    /// </summary>
    [AddComponentMenu("Facewire/Face Renderer")]
    public sealed class FaceRenderer : MonoBehaviour
    {
        private const float UnityWhole = 100f;

        [Tooltip("Where faces come from; the one beside this component if none is given.")]
        public FaceSource source;

        [Tooltip("What is moved; all below this object that have blend shapes if none is given.")]
        public SkinnedMeshRenderer[] meshes = new SkinnedMeshRenderer[0];

        [Tooltip("A bone that turns with the head, or none.")]
        public Transform head;

        [Tooltip("1 is the face as it was sent.")]
        public float strength = 1f;

        [Tooltip("Seconds without a new face after which the face comes to rest.")]
        public float restAfter = 1f;

        [Tooltip("Seconds that it takes to come to rest.")]
        public float restWithin = 0.3f;

        private readonly FacePose pose = new FacePose();
        private readonly List<ShapeMap> maps = new List<ShapeMap>();
        private Action<int, float> set;
        private SkinnedMeshRenderer current;
        private Quaternion headAtRest;
        private double lastSeconds = double.NaN;
        private float idle;

        /// <summary>What is shown now.</summary>
        public FacePose Pose { get { return pose; } }

        /// <summary>Raised after a face is shown.</summary>
        public event Action<FaceRenderer> Shown;

        /// <summary>Find the blend shapes again, after a mesh was changed.</summary>
        public void FindShapes()
        {
            maps.Clear();
            int moved = 0;
            foreach (SkinnedMeshRenderer mesh in meshes)
            {
                var names = new List<string>();
                for (int i = 0; mesh.sharedMesh != null && i < mesh.sharedMesh.blendShapeCount; i++)
                {
                    names.Add(mesh.sharedMesh.GetBlendShapeName(i));
                }
                maps.Add(new ShapeMap(names));
                moved += maps[maps.Count - 1].Count;
            }
            if (moved == 0)
            {
                Debug.LogWarning(
                    "Facewire: no blend shape here has a name of ARKit, VRM or Oculus; look at the mesh's list, and "
                    + "at the README for the names that are read.", this);
            }
        }

        /// <summary>Show a face.</summary>
        public void Show(FacePose face)
        {
            for (int i = 0; i < maps.Count; i++)
            {
                current = meshes[i];
                maps[i].Apply(face.Names, face.Weights, set);
            }
            if (head != null)
            {
                // Sent right-handed, z out of the face; Unity is left-handed, so left and right change places.
                head.localRotation = headAtRest * Quaternion.Euler(
                    face.Pitch * Mathf.Rad2Deg, -face.Yaw * Mathf.Rad2Deg, -face.Roll * Mathf.Rad2Deg);
            }
            if (Shown != null)
            {
                Shown(this);
            }
        }

        private void Start()
        {
            set = Set;
            source = source != null ? source : GetComponent<FaceSource>();
            meshes = meshes.Length > 0 ? meshes : GetComponentsInChildren<SkinnedMeshRenderer>();
            headAtRest = head != null ? head.localRotation : Quaternion.identity;
            FindShapes();
            if (source == null)
            {
                Debug.LogWarning("Facewire: add a face source to this object, such as OSC Face Source.", this);
            }
        }

        private void LateUpdate()
        {
            if (source == null || !source.TryGetPose(pose))
            {
                return;
            }
            idle = pose.Seconds.Equals(lastSeconds) ? idle + Time.deltaTime : 0f;
            lastSeconds = pose.Seconds;
            if (idle > restAfter)
            {
                pose.Rest(Mathf.Clamp01((idle - restAfter) / Mathf.Max(restWithin, 0.001f)));
            }
            Show(pose);
        }

        private void Set(int shape, float value)
        {
            current.SetBlendShapeWeight(shape, UnityWhole * Mathf.Clamp01(strength * value));
        }
    }
}
