// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Facewire
{
    /// <summary>
    /// Reads JSON (RFC 8259) without an engine: objects become dictionaries, arrays lists, whole numbers long,
    /// other numbers double. Messages that Unity's own JsonUtility cannot read need this: lists of names, nulls.
    /// </summary>
    public sealed class Json
    {
        private const int Deepest = 32;
        private readonly string text;
        private int place;
        private int depth;

        private Json(string text)
        {
            this.text = text;
        }

        /// <summary>Parse an object.</summary>
        /// <exception cref="ProtocolException">It is not JSON, or not an object.</exception>
        public static Dictionary<string, object> ParseObject(string text)
        {
            var reader = new Json(text);
            var value = reader.ReadValue() as Dictionary<string, object>;
            reader.SkipSpace();
            if (value == null || reader.place != text.Length)
            {
                throw reader.Wrong();
            }
            return value;
        }

        /// <summary>Write a string with its quotes.</summary>
        public static string Quote(string text)
        {
            var quoted = new StringBuilder("\"");
            for (int i = 0; i < text.Length; i++)
            {
                char letter = text[i];
                if (char.IsSurrogate(letter))
                {
                    // Half of a pair is no text, and would close the connection.
                    bool whole = char.IsSurrogatePair(letter, i + 1 < text.Length ? text[i + 1] : ' ');
                    quoted.Append(whole ? text.Substring(i++, 2) : "\ufffd");
                }
                else if (letter == '"' || letter == '\\')
                {
                    quoted.Append('\\').Append(letter);
                }
                else if (letter < ' ')
                {
                    quoted.Append("\\u").Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture));
                }
                else
                {
                    quoted.Append(letter);
                }
            }
            return quoted.Append('"').ToString();
        }

        private object ReadValue()
        {
            SkipSpace();
            if (place >= text.Length || ++depth > Deepest)
            {
                throw Wrong();
            }
            object value;
            switch (text[place])
            {
                case '{': value = ReadObject(); break;
                case '[': value = ReadArray(); break;
                case '"': value = ReadString(); break;
                case 't': value = ReadWord("true", true); break;
                case 'f': value = ReadWord("false", false); break;
                case 'n': value = ReadWord("null", null); break;
                default: value = ReadNumber(); break;
            }
            depth--;
            return value;
        }

        private Dictionary<string, object> ReadObject()
        {
            var members = new Dictionary<string, object>();
            place++;
            if (Takes('}'))
            {
                return members;
            }
            do
            {
                SkipSpace();
                string name = ReadString();
                Expect(':');
                members[name] = ReadValue();
            }
            while (Takes(','));
            Expect('}');
            return members;
        }

        private List<object> ReadArray()
        {
            var items = new List<object>();
            place++;
            if (Takes(']'))
            {
                return items;
            }
            do
            {
                items.Add(ReadValue());
            }
            while (Takes(','));
            Expect(']');
            return items;
        }

        private string ReadString()
        {
            if (place >= text.Length || text[place] != '"')
            {
                throw Wrong();
            }
            var found = new StringBuilder();
            for (place++; place < text.Length; place++)
            {
                char letter = text[place];
                if (letter == '"')
                {
                    place++;
                    return found.ToString();
                }
                found.Append(letter == '\\' ? ReadEscape() : letter);
            }
            throw Wrong();
        }

        private char ReadEscape()
        {
            place++;
            int plain = place < text.Length ? "\"\\/bfnrt".IndexOf(text[place]) : -1;
            if (plain >= 0)
            {
                return "\"\\/\b\f\n\r\t"[plain];
            }
            ushort code;
            if (place + 4 >= text.Length || text[place] != 'u' || !ushort.TryParse(
                text.Substring(place + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code))
            {
                throw Wrong();
            }
            place += 4;
            return (char)code;
        }

        private object ReadWord(string word, object value)
        {
            if (string.CompareOrdinal(text, place, word, 0, word.Length) != 0)
            {
                throw Wrong();
            }
            place += word.Length;
            return value;
        }

        private object ReadNumber()
        {
            int start = place;
            while (place < text.Length && "+-0123456789.eE".IndexOf(text[place]) >= 0)
            {
                place++;
            }
            string number = text.Substring(start, place - start);
            long whole;
            if (long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out whole))
            {
                return whole;
            }
            double value;
            if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out value))
            {
                throw Wrong();
            }
            return value;
        }

        private bool Takes(char letter)
        {
            SkipSpace();
            bool here = place < text.Length && text[place] == letter;
            place += here ? 1 : 0;
            return here;
        }

        private void Expect(char letter)
        {
            if (!Takes(letter))
            {
                throw Wrong();
            }
        }

        private void SkipSpace()
        {
            while (place < text.Length && " \t\r\n".IndexOf(text[place]) >= 0)
            {
                place++;
            }
        }

        private ProtocolException Wrong()
        {
            return new ProtocolException("The server sent text that is not JSON at character " + place + ".");
        }
    }
}
