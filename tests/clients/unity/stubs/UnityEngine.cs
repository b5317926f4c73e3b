// As much of UnityEngine as the package uses, so that it can be compiled and moved without Unity. Written from the
// public documentation of the scripting API; what is here does what it says there, as far as the tests look.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Reflection;

namespace UnityEngine
{
    public class Object
    {
        public string name { get; set; }
    }

    public class Component : Object
    {
        public GameObject gameObject;
        public Transform transform { get { return gameObject.transform; } }
        public T GetComponent<T>() where T : class { return gameObject.parts.OfType<T>().FirstOrDefault(); }
        public T[] GetComponentsInChildren<T>() where T : class
        {
            return gameObject.parts.OfType<T>()
                .Concat(gameObject.children.SelectMany(child => child.transform.GetComponentsInChildren<T>())).ToArray();
        }
    }

    public class MonoBehaviour : Component { }

    public sealed class GameObject : Object
    {
        internal readonly List<Component> parts = new List<Component>();
        internal readonly List<GameObject> children = new List<GameObject>();
        public readonly Transform transform;

        public GameObject(string name, GameObject parent = null)
        {
            this.name = name;
            transform = new Transform { gameObject = this, parent = parent == null ? null : parent.transform };
            parts.Add(transform);
            if (parent != null)
            {
                parent.children.Add(this);
            }
        }

        public T AddComponent<T>() where T : Component, new()
        {
            var part = new T { gameObject = this };
            parts.Add(part);
            return part;
        }
    }

    public sealed class Transform : Component
    {
        public Transform parent;
        public Quaternion localRotation = Quaternion.identity;
    }

    /// <summary>Calls what Unity calls.</summary>
    public static class Engine
    {
        public static void Call(GameObject game, string message)
        {
            foreach (Component part in game.parts.ToArray())
            {
                MethodInfo method = part.GetType().GetMethod(
                    message, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public);
                if (method != null)
                {
                    method.Invoke(part, null);
                }
            }
            foreach (GameObject child in game.children)
            {
                Call(child, message);
            }
        }
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class TooltipAttribute : Attribute
    {
        public TooltipAttribute(string text) { }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string place) { }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class RequireComponent : Attribute
    {
        public RequireComponent(Type type) { }
    }

    public struct Vector3
    {
        public float x, y, z;
        public Vector3(float x, float y, float z) { this.x = x; this.y = y; this.z = z; }
        public static Vector3 operator +(Vector3 a, Vector3 b) { return new Vector3(a.x + b.x, a.y + b.y, a.z + b.z); }
    }

    public struct Color
    {
        public float r, g, b, a;
        public Color(float r, float g, float b) { this.r = r; this.g = g; this.b = b; a = 1f; }
        public static Color white { get { return new Color(1f, 1f, 1f); } }
    }

    public struct Quaternion
    {
        public float x, y, z, w;
        public Quaternion(float x, float y, float z, float w) { this.x = x; this.y = y; this.z = z; this.w = w; }
        public static Quaternion identity { get { return new Quaternion(0f, 0f, 0f, 1f); } }

        /// <summary>Degrees, around z first, then x, then y.</summary>
        public static Quaternion Euler(float x, float y, float z)
        {
            return About(0f, y, 0f) * About(x, 0f, 0f) * About(0f, 0f, z);
        }

        public static Quaternion operator *(Quaternion a, Quaternion b)
        {
            return new Quaternion(
                a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
                a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
                a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w,
                a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z);
        }

        private static Quaternion About(float x, float y, float z)
        {
            double half = (x + y + z) * Math.PI / 360.0;
            float sine = (float)Math.Sin(half);
            return new Quaternion(x != 0f ? sine : 0f, y != 0f ? sine : 0f, z != 0f ? sine : 0f, (float)Math.Cos(half));
        }
    }

    public static class Mathf
    {
        public const float Rad2Deg = 57.29578f;
        public static float Clamp01(float value) { return value < 0f ? 0f : value > 1f ? 1f : value; }
        public static float Max(float a, float b) { return a > b ? a : b; }
    }

    public static class Time
    {
        public static float deltaTime { get; set; }
    }

    public static class Application
    {
        public static bool isPlaying { get; set; }
    }

    public static class Debug
    {
        public static void LogWarning(object message, Object about) { Console.WriteLine("warning " + message); }
    }

    public sealed class Shader : Object
    {
        public static Shader Find(string name) { return new Shader { name = name }; }
    }

    public sealed class Material : Object
    {
        public Material(Shader shader) { }
    }

    public sealed class Mesh : Object
    {
        private readonly List<string> shapes = new List<string>();
        public readonly List<Vector3[]> deltas = new List<Vector3[]>();
        public List<Vector3> vertices;
        public List<int> triangles;
        public int blendShapeCount { get { return shapes.Count; } }
        public string GetBlendShapeName(int shape) { return shapes[shape]; }
        public void SetVertices(List<Vector3> places) { vertices = places; }
        public void SetColors(List<Color> colors)
        {
            if (colors.Count != vertices.Count)
            {
                throw new ArgumentException("a color for each vertex");
            }
        }
        public void SetTriangles(List<int> corners, int part)
        {
            if (corners.Count % 3 != 0 || corners.Max() >= vertices.Count || corners.Min() < 0)
            {
                throw new ArgumentException("triangles of vertices that are there");
            }
            triangles = corners;
        }
        public void RecalculateBounds() { }
        public void AddBlendShapeFrame(string shape, float weight, Vector3[] places, Vector3[] normals, Vector3[] tangents)
        {
            if (places.Length != vertices.Count || shapes.Contains(shape))
            {
                throw new ArgumentException("a delta for each vertex, and a name of its own");
            }
            shapes.Add(shape);
            deltas.Add(places);
        }
    }

    public sealed class SkinnedMeshRenderer : Component
    {
        private readonly Dictionary<int, float> weights = new Dictionary<int, float>();
        public Mesh sharedMesh;
        public Material sharedMaterial;
        public bool updateWhenOffscreen;
        public float GetBlendShapeWeight(int shape)
        {
            float weight;
            return weights.TryGetValue(shape, out weight) ? weight : 0f;
        }
        public void SetBlendShapeWeight(int shape, float weight)
        {
            if (shape < 0 || shape >= sharedMesh.blendShapeCount || weight < 0f || weight > 100f)
            {
                throw new ArgumentOutOfRangeException("shape");
            }
            weights[shape] = weight;
        }
    }

    public static class AudioSettings
    {
        public static int outputSampleRate { get { return 48000; } }
        public static void GetDSPBufferSize(out int length, out int count)
        {
            length = 256;
            count = 2;
        }
    }

    public sealed class AudioClip : Object
    {
        public float[] samples;
        public int frequency;

        public static AudioClip Create(string name, int length, int channels, int rate, bool stream)
        {
            return new AudioClip { name = name, samples = new float[length * channels], frequency = rate };
        }

        public bool SetData(float[] data, int offset)
        {
            for (int i = 0; i < data.Length; i++)
            {
                samples[(offset + i) % samples.Length] = data[i];
            }
            return true;
        }
    }

    /// <summary>Plays in real time; what was heard is kept.</summary>
    public sealed class AudioSource : Component
    {
        private readonly Stopwatch time = new Stopwatch();
        public readonly List<float> heard = new List<float>();
        public AudioClip clip;
        public bool loop;
        private int start;

        public int timeSamples
        {
            get
            {
                int due = (int)(time.Elapsed.TotalSeconds * clip.frequency);
                while (heard.Count < due)
                {
                    heard.Add(clip.samples[(start + heard.Count) % clip.samples.Length]);
                }
                return (start + due) % clip.samples.Length;
            }
            set { start = value; }
        }

        public void Play()
        {
            heard.Clear();
            time.Restart();
        }

        public void Stop() { time.Stop(); }
    }

    public struct Keyframe
    {
        public float time, value, inTangent, outTangent;
        public Keyframe(float time, float value, float inTangent, float outTangent)
        {
            this.time = time;
            this.value = value;
            this.inTangent = inTangent;
            this.outTangent = outTangent;
        }
    }

    public sealed class AnimationCurve
    {
        public readonly Keyframe[] keys;
        public AnimationCurve(Keyframe[] keys) { this.keys = keys; }
    }

    public sealed class AnimationClip : Object
    {
        public float frameRate;
        public readonly Dictionary<string, AnimationCurve> curves = new Dictionary<string, AnimationCurve>();
    }

    public enum KeyCode { Space }

    public static class Input
    {
        public static bool GetKeyDown(KeyCode key) { return false; }
    }

    public static class GUILayout
    {
        public static bool pressed;
        public static bool Button(string text) { return pressed; }
    }
}
