// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Text;

namespace Facewire
{
    /// <summary>
    /// Reads what modellers call a blend shape: any case, with prefixes (Head_JawOpen, blendShape1.jawOpen), and
    /// with sides as _L and _R.
    /// </summary>
    public static class ShapeName
    {
        private static readonly Dictionary<string, string> plainVowels = new Dictionary<string, string>
        {
            { "a", "aa" }, { "i", "ih" }, { "u", "ou" }, { "e", "ee" }, { "o", "oh" },
        };

        private static readonly HashSet<string> visemes = new HashSet<string>
        {
            "sil", "pp", "ff", "th", "dd", "kk", "ch", "ss", "nn", "rr", "aa", "e", "i", "o", "u", "ih", "oh", "ou",
        };

        private static readonly HashSet<string> vrmExpressions = new HashSet<string>
        {
            "aa", "ih", "ou", "ee", "oh", "blink", "blinkleft", "blinkright",
            "lookup", "lookdown", "lookleft", "lookright",
        };

        /// <summary>Which of 52 ARKit shapes a blend shape is, or -1.</summary>
        public static int Arkit(string name)
        {
            string read = Sided(Last(name, ".:|"));
            int found = -1;
            for (int i = 0; i < ArkitShapes.Names.Count; i++)
            {
                string shape = ArkitShapes.Names[i];
                bool ends = read.EndsWith(shape, StringComparison.OrdinalIgnoreCase);
                if (ends && (found < 0 || shape.Length > ArkitShapes.Names[found].Length))
                {
                    found = i;
                }
            }
            return found;
        }

        /// <summary>
        /// Which share of <see cref="FallbackShapes"/> a blend shape is, such as "aa", "blinkleft" or "viseme_pp";
        /// null if it is none. Vowels go by VRM's names, A I U E O or aa ih ou ee oh; visemes by Oculus'.
        /// </summary>
        public static string Fallback(string name)
        {
            string last = Last(name, ".:|").ToLowerInvariant();
            foreach (string prefix in new[] { "viseme_", "v_", "viseme" })
            {
                int place = last.LastIndexOf(prefix, StringComparison.Ordinal);
                bool begins = place == 0 || (place > 0 && !char.IsLetterOrDigit(last[place - 1]));
                string rest = begins ? last.Substring(place + prefix.Length) : "";
                if (visemes.Contains(rest))
                {
                    return "viseme_" + rest;
                }
            }
            string read = Sided(last).ToLowerInvariant();
            if (read.EndsWith("eyeclose", StringComparison.Ordinal))
            {
                return "blink";
            }
            if (read.EndsWith("eyecloseleft", StringComparison.Ordinal))
            {
                return "blinkleft";
            }
            if (read.EndsWith("eyecloseright", StringComparison.Ordinal))
            {
                return "blinkright";
            }
            if (vrmExpressions.Contains(read))
            {
                return read;
            }
            // A letter alone, or behind what says that it is a mouth: Fcl_MTH_A, Mouth_A.
            string[] parts = last.Split('_', ' ', '-');
            string vowel;
            bool mouth = parts.Length == 1 || (parts.Length > 1 && IsMouth(parts[parts.Length - 2]));
            if (mouth && plainVowels.TryGetValue(parts[parts.Length - 1], out vowel))
            {
                return vowel;
            }
            return null;
        }

        private static bool IsMouth(string part)
        {
            return part == "mth" || part == "mouth" || part == "m";
        }

        private static string Last(string name, string separators)
        {
            return name.Substring(name.LastIndexOfAny(separators.ToCharArray()) + 1);
        }

        /// <summary>The letters and digits of a name, with a side that stands apart written out.</summary>
        private static string Sided(string name)
        {
            string end = "";
            if (name.Length > 2 && "_-. ".IndexOf(name[name.Length - 2]) >= 0)
            {
                char side = char.ToUpperInvariant(name[name.Length - 1]);
                end = side == 'L' ? "Left" : side == 'R' ? "Right" : "";
            }
            string trunk = end.Length > 0 ? name.Substring(0, name.Length - 2) : name;
            var letters = new StringBuilder(name.Length + 5);
            foreach (char letter in trunk)
            {
                if (char.IsLetterOrDigit(letter))
                {
                    letters.Append(letter);
                }
            }
            return letters.Append(end).ToString();
        }
    }
}
