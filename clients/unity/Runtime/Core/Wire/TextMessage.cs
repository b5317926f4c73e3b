// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>A JSON message of the server, with its fields by name.</summary>
    public sealed class TextMessage
    {
        private readonly Dictionary<string, object> fields;

        private TextMessage(Dictionary<string, object> fields, string type)
        {
            this.fields = fields;
            Type = type;
        }

        public string Type { get; private set; }

        /// <exception cref="ProtocolException">It is not JSON, or has no type.</exception>
        public static TextMessage Parse(string text)
        {
            var fields = Json.ParseObject(text);
            object type;
            fields.TryGetValue("type", out type);
            if (!(type is string))
            {
                throw new ProtocolException("The server sent a message without a type.");
            }
            return new TextMessage(fields, (string)type);
        }

        /// <summary>A string, or the empty one.</summary>
        public string Text(string name)
        {
            return Find(name) as string ?? "";
        }

        /// <summary>A number, or null where there is none.</summary>
        public double? Number(string name)
        {
            object value = Find(name);
            return value is long ? (long)value : value as double?;
        }

        /// <summary>A whole number, or null where there is none.</summary>
        public long? Whole(string name)
        {
            return Find(name) as long?;
        }

        /// <summary>A list, empty where there is none.</summary>
        public List<object> List(string name)
        {
            return Find(name) as List<object> ?? new List<object>();
        }

        private object Find(string name)
        {
            object value;
            return fields.TryGetValue(name, out value) ? value : null;
        }
    }

    /// <summary>What a server says first: what its frames mean.</summary>
    public sealed class Hello
    {
        private const int MostNames = 1024;

        /// <exception cref="ProtocolException">It does not say what frames are, or is of another version.</exception>
        public Hello(TextMessage message)
        {
            long version = message.Whole("version") ?? 0;
            if (version != BinaryMessages.Version)
            {
                throw new ProtocolException(
                    "The server speaks version " + version + " of the protocol; this client speaks "
                    + BinaryMessages.Version + ".", "unsupported");
            }
            var names = new List<string>();
            foreach (object name in message.List("names"))
            {
                names.Add(name as string ?? "");
            }
            long rate = message.Whole("sample_rate") ?? 0;
            if (names.Count == 0 || names.Count > MostNames || rate < 1 || rate > 1000000)
            {
                throw new ProtocolException("The server greeted without saying what its faces are.");
            }
            Names = names.AsReadOnly();
            SampleRate = (int)rate;
            Engine = message.Text("engine");
            Software = message.Text("software");
            List<object> frameRate = message.List("frame_rate");
            bool whole = frameRate.Count == 2 && frameRate[0] is long && frameRate[1] is long && (long)frameRate[1] > 0;
            FrameRate = whole ? (double)(long)frameRate[0] / (long)frameRate[1] : 60.0;
        }

        public IList<string> Names { get; private set; }

        /// <summary>What timestamps and audio count in, Hz.</summary>
        public int SampleRate { get; private set; }

        /// <summary>Frames per second.</summary>
        public double FrameRate { get; private set; }

        public string Engine { get; private set; }

        public string Software { get; private set; }
    }
}
