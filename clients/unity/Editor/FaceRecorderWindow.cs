// SPDX-License-Identifier: Apache-2.0
using UnityEditor;
using UnityEngine;

namespace Facewire
{
    /// <summary>Window > Facewire > Recorder: a button that records, and a file at the end.</summary>
    public sealed class FaceRecorderWindow : EditorWindow
    {
        private FaceRenderer face;
        private Transform root;
        private float frameRate = 60f;
        private FaceRecording recording;

        [MenuItem("Window/Facewire/Recorder")]
        private static void Open()
        {
            GetWindow<FaceRecorderWindow>("Facewire Recorder");
        }

        private void OnGUI()
        {
            face = (FaceRenderer)EditorGUILayout.ObjectField("Face", face, typeof(FaceRenderer), true);
            root = (Transform)EditorGUILayout.ObjectField("Animator", root, typeof(Transform), true);
            frameRate = EditorGUILayout.FloatField("Frames per second", frameRate);
            if (!Application.isPlaying)
            {
                EditorGUILayout.HelpBox("Press Play, then record.", MessageType.Info);
                return;
            }
            if (face == null)
            {
                EditorGUILayout.HelpBox("Drag an object with a Face Renderer here.", MessageType.Info);
                return;
            }
            if (recording == null)
            {
                if (GUILayout.Button("Record"))
                {
                    recording = new FaceRecording(face, root != null ? root : face.transform);
                }
                return;
            }
            EditorGUILayout.LabelField("Recorded", recording.LengthSeconds.ToString("0.0") + " s");
            if (GUILayout.Button("Stop and save"))
            {
                Save();
            }
        }

        private void Update()
        {
            if (recording != null)
            {
                Repaint();
            }
        }

        private void OnDisable()
        {
            if (recording != null)
            {
                recording.Stop();
                recording = null;
            }
        }

        private void Save()
        {
            recording.Stop();
            string path = EditorUtility.SaveFilePanelInProject(
                "Save the face", "face", "anim", "Where the animation is put.");
            if (!string.IsNullOrEmpty(path))
            {
                AssetDatabase.CreateAsset(recording.MakeClip(Mathf.Max(1f, frameRate)), path);
                AssetDatabase.SaveAssets();
            }
            recording = null;
        }
    }
}
