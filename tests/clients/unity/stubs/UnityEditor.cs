// As much of UnityEditor as the package uses; see UnityEngine.cs.
using System;
using UnityEngine;

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class MenuItem : Attribute
    {
        public MenuItem(string place) { }
    }

    public enum MessageType { Info }

    public class EditorWindow : UnityEngine.Object
    {
        public static T GetWindow<T>(string title) where T : EditorWindow, new() { return new T(); }
        public void Repaint() { }
    }

    public static class EditorGUILayout
    {
        public static UnityEngine.Object ObjectField(string label, UnityEngine.Object value, Type type, bool scene)
        {
            return value;
        }
        public static float FloatField(string label, float value) { return value; }
        public static void HelpBox(string text, MessageType kind) { }
        public static void LabelField(string label, string text) { }
    }

    public static class EditorUtility
    {
        public static string SaveFilePanelInProject(string title, string name, string extension, string message)
        {
            return "";
        }
    }

    public static class AssetDatabase
    {
        public static void CreateAsset(UnityEngine.Object asset, string path) { }
        public static void SaveAssets() { }
    }

    public struct EditorCurveBinding
    {
        public string path, propertyName;
        public static EditorCurveBinding FloatCurve(string path, Type type, string property)
        {
            return new EditorCurveBinding { path = path, propertyName = property };
        }
    }

    public static class AnimationUtility
    {
        public static string CalculateTransformPath(Transform target, Transform root)
        {
            return target == root ? "" : target.parent == root || target.parent == null
                ? target.gameObject.name : CalculateTransformPath(target.parent, root) + "/" + target.gameObject.name;
        }

        public static void SetEditorCurve(AnimationClip clip, EditorCurveBinding binding, AnimationCurve curve)
        {
            clip.curves.Add(binding.path + ":" + binding.propertyName, curve);
        }
    }
}
