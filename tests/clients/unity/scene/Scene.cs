// A scene without Unity: objects with the package's components, moved by the stubs' engine.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using Facewire;
using Facewire.Samples;
using UnityEngine;

internal static class Scene
{
    private static SkinnedMeshRenderer mesh;
    private static FaceRenderer face;

    private static int Main(string[] words)
    {
        Thread.CurrentThread.CurrentCulture = CultureInfo.InvariantCulture;
        var avatar = new GameObject("Avatar");
        var body = new GameObject("Body", avatar);
        mesh = body.AddComponent<SkinnedMeshRenderer>();
        switch (words[0])
        {
            case "osc":
                avatar.AddComponent<OscFaceSource>().port = int.Parse(words[1]);
                return Run(avatar, words.Skip(2).ToArray(), () => { }, line => { });
            case "socket":
                avatar.AddComponent<SocketFaceSource>().server = words[1];
                return Run(avatar, words.Skip(2).ToArray(), () => { }, line => { });
            case "record":
                avatar.AddComponent<SocketFaceSource>().server = words[1];
                return Record(avatar, words.Skip(2).ToArray());
            case "speech":
                return Speak(avatar, words[1], words.Skip(2).ToArray());
            case "sample":
                return Sample(body, mesh);
            default:
                return 2;
        }
    }

    private static int Run(GameObject avatar, string[] shapes, Action each, Action<string> say)
    {
        Shape(avatar, shapes);
        Engine.Call(avatar, "Awake");
        Engine.Call(avatar, "OnEnable");
        Engine.Call(avatar, "Start");
        Application.isPlaying = true;
        var lines = new BoundedQueue<string>(100);
        var reading = new Thread(() =>
        {
            for (string line; (line = Console.ReadLine()) != null;)
            {
                lines.Add(line);
            }
            lines.Add(null);
        });
        reading.Start();
        var clock = Stopwatch.StartNew();
        for (bool open = true; open; Thread.Sleep(8))
        {
            for (string line; lines.TryTake(out line);)
            {
                open &= line != null;
                if (line != null)
                {
                    say(line);
                }
            }
            Time.deltaTime = (float)clock.Elapsed.TotalSeconds;
            clock.Restart();
            Engine.Call(avatar, "Update");
            Engine.Call(avatar, "LateUpdate");
            each();
        }
        Engine.Call(avatar, "OnDisable");
        return 0;
    }

    private static void Shape(GameObject avatar, string[] shapes)
    {
        mesh.sharedMesh = new Mesh();
        mesh.sharedMesh.SetVertices(new List<Vector3> { new Vector3() });
        foreach (string shape in shapes)
        {
            mesh.sharedMesh.AddBlendShapeFrame(shape, 100f, new Vector3[1], null, null);
        }
        face = avatar.AddComponent<FaceRenderer>();
        face.head = new GameObject("Head", avatar).transform;
        face.Shown += shown => Say("shown " + shown.Pose.Seconds.ToString("R") + " " + Weights() + " " + Head());
    }

    private static int Record(GameObject avatar, string[] shapes)
    {
        FaceRecording recording = null;
        int status = Run(avatar, shapes, () =>
        {
            recording = recording ?? new FaceRecording(face, avatar.transform);
        }, line => { });
        recording.Stop();
        foreach (KeyValuePair<string, AnimationCurve> curve in recording.MakeClip(60f).curves)
        {
            IEnumerable<string> keys = curve.Value.keys.Select(
                key => key.time.ToString("R") + ":" + key.value.ToString("R") + ":" + key.outTangent.ToString("R"));
            Say("curve " + curve.Key + " " + string.Join(" ", keys));
        }
        return status;
    }

    private static int Speak(GameObject avatar, string server, string[] shapes)
    {
        var speaker = avatar.AddComponent<AudioSource>();
        var speech = avatar.AddComponent<SpeechFaceSource>();
        speech.server = server;
        // A machine that runs other tests stands still for longer than a network does.
        speech.bufferMs = 500;
        speech.leadMs = 1000;
        bool ready = false;
        speech.Happened += message => Say(message.Type + " " + message.Turn + " " + (message.Sample ?? -1));
        int status = Run(avatar, shapes, () =>
        {
            if (speech.IsReady && !ready)
            {
                Say("ready");
                ready = true;
            }
            if (ready)
            {
                Say("heard " + speech.Heard.ToString("R"));
            }
        }, line =>
        {
            if (line == "interrupt")
            {
                speech.Interrupt();
            }
            else
            {
                speech.Say(line);
            }
        });
        Say("sound " + string.Join(" ", speaker.heard.Select(sample => (int)Math.Round(32768 * sample))));
        return status;
    }

    private static int Sample(GameObject body, SkinnedMeshRenderer renderer)
    {
        body.AddComponent<SampleFace>();
        Engine.Call(body, "Awake");
        Mesh made = renderer.sharedMesh;
        for (int shape = 0; shape < made.blendShapeCount; shape++)
        {
            int moved = made.deltas[shape].Count(delta => delta.x != 0f || delta.y != 0f);
            double side = made.deltas[shape].Select((delta, i) => delta.x * delta.x + delta.y * delta.y > 1e-8
                ? made.vertices[i].x : 0.0).Sum();
            Say(made.GetBlendShapeName(shape) + " " + moved + " " + side.ToString("R"));
        }
        return 0;
    }

    private static string Weights()
    {
        return string.Join(" ", Enumerable.Range(0, mesh.sharedMesh.blendShapeCount)
            .Select(shape => mesh.GetBlendShapeWeight(shape).ToString("R")));
    }

    private static string Head()
    {
        Quaternion turned = face.head.localRotation;
        return string.Join(" ", new[] { turned.x, turned.y, turned.z, turned.w }.Select(part => part.ToString("R")));
    }

    private static void Say(string line)
    {
        Console.WriteLine(line);
    }
}
