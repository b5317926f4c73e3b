// SPDX-License-Identifier: Apache-2.0
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>A word of a turn, and when it is said, in samples of the stream.</summary>
    public struct SpokenWord
    {
        public string Word;
        public long Start, End;
    }

    /// <summary>What /speak says beside frames and sound (docs/speak.md).</summary>
    public sealed class SpeechEvent
    {
        /// <exception cref="ProtocolException">A number is missing, or is none.</exception>
        public SpeechEvent(TextMessage message)
        {
            Type = message.Type;
            Turn = (uint)(message.Whole("turn") ?? 0);
            Sample = message.Whole("sample");
            Frame = message.Whole("frame");
            SpeechMs = message.Number("speech_ms");
            Text = Type == "not_interrupted" ? message.Text("reason") : message.Text("message");
            Dropped = new List<uint>();
            foreach (object turn in message.List("dropped"))
            {
                Dropped.Add((uint)((turn as long?) ?? 0));
            }
            Words = new List<SpokenWord>();
            foreach (object word in message.List("words"))
            {
                Words.Add(ReadWord(word as Dictionary<string, object>));
            }
        }

        /// <summary>turn, words, turn_end, interrupted, not_interrupted, paused, resumed or problem.</summary>
        public string Type { get; private set; }

        public uint Turn { get; private set; }

        /// <summary>Where it happens in the stream; null where nothing was heard.</summary>
        public long? Sample { get; private set; }

        /// <summary>Of an interrupt: the last frame that was shown; null if the turn had not begun.</summary>
        public long? Frame { get; private set; }

        /// <summary>Of an interrupt: how much of the turn's speech was heard.</summary>
        public double? SpeechMs { get; private set; }

        /// <summary>The sentence of a problem, or why nothing was interrupted.</summary>
        public string Text { get; private set; }

        /// <summary>Of an interrupt: the turns that stood behind it.</summary>
        public List<uint> Dropped { get; private set; }

        public List<SpokenWord> Words { get; private set; }

        public static bool Knows(string type)
        {
            return type == "turn" || type == "words" || type == "turn_end" || type == "interrupted"
                || type == "not_interrupted" || type == "paused" || type == "resumed" || type == "problem";
        }

        private static SpokenWord ReadWord(Dictionary<string, object> fields)
        {
            object word = null, start = null, end = null;
            if (fields != null)
            {
                fields.TryGetValue("word", out word);
                fields.TryGetValue("start", out start);
                fields.TryGetValue("end", out end);
            }
            if (!(word is string && start is long && end is long))
            {
                throw new ProtocolException("The server sent a word without its time.");
            }
            return new SpokenWord { Word = (string)word, Start = (long)start, End = (long)end };
        }
    }
}
