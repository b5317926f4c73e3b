// Drives the package's code from a test: commands come as arguments, what it saw goes out as lines.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using Facewire;

internal static class Driver
{
    private static int Main(string[] words)
    {
        Thread.CurrentThread.CurrentCulture = CultureInfo.InvariantCulture;
        var rest = words.Skip(1).ToArray();
        switch (words[0])
        {
            case "osc": return HearOsc(int.Parse(rest[0]), rest[1]);
            case "face": return WatchOrRefuse(rest[0]);
            case "speak": return Speak(rest[0]);
            case "osc-bytes": return EachLine(ReadOsc);
            case "frame-bytes": return EachLine(ReadFrame);
            case "text": return EachLine(ReadText);
            case "names": return EachLine(name => ShapeName.Arkit(name) + " " + (ShapeName.Fallback(name) ?? "-"));
            case "shares": return Shares(rest);
            case "jitter": return Jitter();
            case "clock": return Clock();
            default: return 2;
        }
    }

    private static int HearOsc(int port, string address)
    {
        try
        {
            using (var receiver = new OscReceiver(port, address))
            {
                Say("port " + receiver.Port);
                Until(() => Drain(receiver.Frames));
                Say(Join("counts", receiver.Datagrams, receiver.Unreadable, receiver.Incomplete, receiver.Disordered,
                    receiver.Frames.Dropped));
            }
        }
        catch (InvalidOperationException error)
        {
            Say("problem " + error.Message);
        }
        return 0;
    }

    private static int WatchOrRefuse(string server)
    {
        try
        {
            return Watch(server);
        }
        catch (ProtocolException error)
        {
            Say("refused " + error.Message);
            return 0;
        }
    }

    private static int Watch(string server)
    {
        using (var socket = new FaceSocket(server))
        {
            string problem = "";
            Until(() =>
            {
                Drain(socket.Frames);
                if (socket.Problem != problem)
                {
                    problem = socket.Problem;
                    Say("problem " + problem);
                }
            });
            Say(Join("counts", socket.Connections, socket.Frames.Dropped, socket.ClockOffsetNs));
        }
        return 0;
    }

    private static int Speak(string server)
    {
        using (var socket = new SpeakSocket(server))
        {
            while (socket.Hello == null)
            {
                Thread.Sleep(10);
            }
            var texts = new BoundedQueue<string>(100);
            var reading = new Thread(() =>
            {
                for (string line; (line = Console.ReadLine()) != null;)
                {
                    texts.Add(line);
                }
                texts.Add(null);
            });
            reading.Start();
            for (bool open = true; open; Thread.Sleep(2))
            {
                string text;
                while (texts.TryTake(out text))
                {
                    open &= text != null;
                    if (text == "interrupt")
                    {
                        socket.Interrupt();
                    }
                    else if (text != null)
                    {
                        socket.Say(text);
                    }
                }
                object item;
                while (socket.Items.TryTake(out item))
                {
                    Say(Describe(item));
                }
            }
        }
        return 0;
    }

    private static string Describe(object item)
    {
        var frame = item as FaceFrame;
        var run = item as AudioRun;
        var message = item as SpeechEvent;
        if (frame != null)
        {
            return Line(frame);
        }
        if (run != null)
        {
            return Join("audio", run.Turn, run.Start, run.Samples.Length, run.Samples.Max());
        }
        if (message != null)
        {
            string words = string.Join(",", message.Words.Select(word => word.Word + ":" + word.Start + ":" + word.End));
            return Join(message.Type, message.Turn, message.Sample ?? -1, words, message.Text);
        }
        return Join("hello", ((Hello)item).SampleRate, ((Hello)item).FrameRate, ((Hello)item).Names.Count);
    }

    private static string ReadOsc(string hex)
    {
        byte[] data = Bytes(hex);
        var messages = new List<OscMessage>();
        bool whole = OscPacket.Read(data, data.Length, messages);
        var faces = new OscFaces();
        int frames = messages.Count(message => faces.Take(message) != null);
        return Join(whole, frames, string.Join(" ", messages.Select(m => m.Address + "=" + string.Join(",", m.Numbers))));
    }

    private static string ReadFrame(string hex)
    {
        byte[] data = Bytes(hex);
        try
        {
            if (data.Length > 0 && data[0] == BinaryMessages.AudioKind)
            {
                AudioRun run = BinaryMessages.DecodeAudio(data, data.Length);
                return Join("audio", run.Turn, run.Start, string.Join(",", run.Samples));
            }
            FaceFrame frame = BinaryMessages.DecodeFrame(data, data.Length, ArkitShapes.Names, 16000);
            return Line(frame) + " captured " + frame.CapturedNs + " stages " + string.Join(",", frame.StagesUs);
        }
        catch (ProtocolException error)
        {
            return "refused " + error.Message;
        }
    }

    private static string ReadText(string line)
    {
        try
        {
            TextMessage message = TextMessage.Parse(line);
            if (message.Type == "hello")
            {
                return Describe(new Hello(message));
            }
            return SpeechEvent.Knows(message.Type) ? Describe(new SpeechEvent(message)) : "other " + message.Type;
        }
        catch (ProtocolException error)
        {
            return "refused " + error.Message;
        }
    }

    private static int Shares(string[] names)
    {
        return EachLine(line =>
        {
            float[] weights = line.Split(' ').Select(word => float.Parse(word)).ToArray();
            return string.Join(" ", names.Select(name => FallbackShapes.Value(name, weights)));
        });
    }

    /// <summary>Lines "push STREAM SECONDS ARRIVAL WEIGHT" and "at NOW".</summary>
    private static int Jitter()
    {
        var buffer = new JitterBuffer();
        var pose = new FacePose();
        return EachLine(line =>
        {
            string[] words = line.Split(' ');
            double[] numbers = words.Skip(1).Select(word => double.Parse(word)).ToArray();
            if (words[0] == "at")
            {
                return buffer.TryGet(numbers[0], pose) ? Join(pose.Weights[0], pose.Seconds, buffer.DelaySeconds) : "none";
            }
            buffer.Push(new FaceFrame
            {
                Names = ArkitShapes.Names,
                Stream = (int)numbers[0],
                Seconds = numbers[1],
                ReceivedSeconds = numbers[2],
                Weights = Enumerable.Repeat((float)numbers[3], 52).ToArray(),
            });
            return Join("late", buffer.Late, buffer.Unseen);
        });
    }

    private static int Clock()
    {
        var clock = new ClockOffset();
        return EachLine(line =>
        {
            long[] times = line.Split(' ').Select(word => long.Parse(word)).ToArray();
            clock.Add(times[0], times[1], times[2]);
            return Join(clock.OffsetNs, clock.RoundTripNs);
        });
    }

    private static int EachLine(Func<string, string> answer)
    {
        for (string line; (line = Console.ReadLine()) != null;)
        {
            Say(answer(line));
        }
        return 0;
    }

    /// <summary>Do something again and again until nobody holds our input open.</summary>
    private static void Until(Action again)
    {
        bool over = false;
        var waiting = new Thread(() =>
        {
            while (Console.ReadLine() != null)
            {
            }
            over = true;
        });
        waiting.Start();
        while (!over)
        {
            again();
            Thread.Sleep(2);
        }
        again();
    }

    private static void Drain(BoundedQueue<FaceFrame> frames)
    {
        FaceFrame frame;
        while (frames.TryTake(out frame))
        {
            Say(Line(frame));
        }
    }

    private static string Line(FaceFrame frame)
    {
        var numbers = new[] { (float)frame.Seconds, frame.Speech, frame.Yaw, frame.Pitch, frame.Roll };
        return Join("frame", frame.Stream, frame.Turn, frame.Index, frame.Timestamp)
            + " " + string.Join(" ", numbers.Concat(frame.Weights).Select(number => number.ToString("R")));
    }

    private static byte[] Bytes(string hex)
    {
        return Enumerable.Range(0, hex.Length / 2).Select(i => Convert.ToByte(hex.Substring(2 * i, 2), 16)).ToArray();
    }

    private static string Join(params object[] words)
    {
        return string.Join(" ", words);
    }

    private static void Say(string line)
    {
        // What hostile bytes spell stays one line.
        Console.WriteLine(new string(line.Select(letter => letter < ' ' ? '?' : letter).ToArray()));
    }
}
