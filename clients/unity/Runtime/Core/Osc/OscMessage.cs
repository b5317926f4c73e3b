// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Text;

namespace Facewire
{
    /// <summary>A message of OSC 1.0: an address, and the numbers among its arguments.</summary>
    public struct OscMessage
    {
        public string Address;

        /// <summary>The arguments of the types f, i, h and d, in their order; others are left out.</summary>
        public List<double> Numbers;
    }

    /// <summary>Takes datagrams of OSC 1.0 apart: messages, and bundles of them.</summary>
    public static class OscPacket
    {
        private const int Deepest = 8;
        private const string Bundle = "#bundle";

        /// <summary>Append the messages of a datagram, in their order.</summary>
        /// <returns>Whether all of it was OSC; what came before the fault is appended.</returns>
        public static bool Read(byte[] data, int length, List<OscMessage> messages)
        {
            return ReadPacket(data, 0, length, messages, 0);
        }

        private static bool ReadPacket(byte[] data, int start, int end, List<OscMessage> messages, int depth)
        {
            int place = start;
            string address = ReadString(data, ref place, end);
            if (address == null || depth > Deepest)
            {
                return false;
            }
            if (address != Bundle)
            {
                return address.StartsWith("/", StringComparison.Ordinal)
                    && ReadMessage(address, data, place, end, messages);
            }
            // A time tag, which says when: at once. The faces have times of their own.
            for (place += 8; place + 4 <= end;)
            {
                uint size = ReadUInt32(data, place);
                place += 4;
                bool fits = size > 0 && size <= end - place;
                if (!fits || !ReadPacket(data, place, place + (int)size, messages, depth + 1))
                {
                    return false;
                }
                place += (int)size;
            }
            return place == end;
        }

        private static bool ReadMessage(string address, byte[] data, int place, int end, List<OscMessage> messages)
        {
            string types = ReadString(data, ref place, end);
            if (types == null || !types.StartsWith(",", StringComparison.Ordinal))
            {
                return false;
            }
            var numbers = new List<double>(types.Length);
            for (int i = 1; i < types.Length; i++)
            {
                if (!ReadArgument(types[i], data, ref place, end, numbers))
                {
                    return false;
                }
            }
            messages.Add(new OscMessage { Address = address, Numbers = numbers });
            return place == end;
        }

        private static bool ReadArgument(char type, byte[] data, ref int place, int end, List<double> numbers)
        {
            if ("TFNI".IndexOf(type) >= 0)
            {
                return true;
            }
            if (type == 's' || type == 'S')
            {
                return ReadString(data, ref place, end) != null;
            }
            int size = type == 'f' || type == 'i' ? 4 : type == 'd' || type == 'h' || type == 't' ? 8 : 0;
            if (size == 0 || end - place < size)
            {
                return false;
            }
            if (type != 't')
            {
                numbers.Add(ReadNumber(type, data, place));
            }
            place += size;
            return true;
        }

        private static double ReadNumber(char type, byte[] data, int place)
        {
            uint first = ReadUInt32(data, place);
            switch (type)
            {
                case 'f': return FloatBits.ToSingle(first);
                case 'i': return (int)first;
            }
            long both = (long)((ulong)first << 32 | ReadUInt32(data, place + 4));
            double real = BitConverter.Int64BitsToDouble(both);
            return type == 'h' ? both : double.IsNaN(real) || double.IsInfinity(real) ? 0.0 : real;
        }

        /// <summary>A string ends with a zero, filled up to a multiple of four bytes; null: it does not.</summary>
        private static string ReadString(byte[] data, ref int place, int end)
        {
            int zero = Array.IndexOf(data, (byte)0, place, Math.Max(0, end - place));
            if (zero < 0)
            {
                return null;
            }
            int next = place + ((zero - place) / 4 + 1) * 4;
            if (next > end)
            {
                return null;
            }
            string text = Encoding.ASCII.GetString(data, place, zero - place);
            place = next;
            return text;
        }

        private static uint ReadUInt32(byte[] data, int place)
        {
            return (uint)(data[place] << 24 | data[place + 1] << 16 | data[place + 2] << 8 | data[place + 3]);
        }
    }
}
