// SPDX-License-Identifier: Apache-2.0
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>
    /// The binary messages of version 1 (docs/protocol.md), little-endian: a frame has a header of 64 bytes and
    /// a float for each name, audio a header of 16 bytes and 16-bit samples.
    /// </summary>
    public static class BinaryMessages
    {
        public const byte Version = 1;
        public const byte FrameKind = 0x46;
        public const byte AudioKind = 0x41;

        private const int FrameHeader = 64;
        private const int AudioHeader = 16;

        /// <summary>Parse a frame.</summary>
        /// <exception cref="ProtocolException">It is cut short, of another version, or has other weights.</exception>
        public static FaceFrame DecodeFrame(byte[] data, int length, IList<string> names, int sampleRate)
        {
            CheckHeader(data, length, FrameKind, FrameHeader, "face");
            if (length != FrameHeader + 4 * names.Count)
            {
                throw new ProtocolException(
                    "The server sent a face of " + length + " bytes; " + names.Count + " weights have "
                    + (FrameHeader + 4 * names.Count) + ".");
            }
            var frame = new FaceFrame
            {
                Names = names,
                Turn = ReadUInt32(data, 4),
                Index = ReadUInt32(data, 8),
                Timestamp = ReadInt64(data, 12),
                CapturedNs = ReadInt64(data, 20),
                StagesUs = new uint[5],
                Speech = ReadSingle(data, 48),
                Yaw = ReadSingle(data, 52),
                Pitch = ReadSingle(data, 56),
                Roll = ReadSingle(data, 60),
                Weights = new float[names.Count],
            };
            frame.Seconds = (double)frame.Timestamp / sampleRate;
            for (int i = 0; i < frame.StagesUs.Length; i++)
            {
                frame.StagesUs[i] = ReadUInt32(data, 28 + 4 * i);
            }
            for (int i = 0; i < frame.Weights.Length; i++)
            {
                frame.Weights[i] = ReadSingle(data, FrameHeader + 4 * i);
            }
            return frame;
        }

        /// <summary>Parse audio.</summary>
        /// <exception cref="ProtocolException">It is cut short, or of another version.</exception>
        public static AudioRun DecodeAudio(byte[] data, int length)
        {
            CheckHeader(data, length, AudioKind, AudioHeader, "sound");
            if ((length - AudioHeader) % 2 != 0)
            {
                throw new ProtocolException("The server sent half a sample.");
            }
            var run = new AudioRun
            {
                Turn = ReadUInt32(data, 4),
                Start = ReadInt64(data, 8),
                Samples = new float[(length - AudioHeader) / 2],
            };
            for (int i = 0; i < run.Samples.Length; i++)
            {
                int place = AudioHeader + 2 * i;
                run.Samples[i] = (short)(data[place] | data[place + 1] << 8) / 32768f;
            }
            return run;
        }

        private static void CheckHeader(byte[] data, int length, byte kind, int least, string what)
        {
            if (length < least || data[0] != kind)
            {
                throw new ProtocolException("The server sent a " + what + " that is cut short.");
            }
            if (data[1] != Version)
            {
                throw new ProtocolException(
                    "The server speaks version " + data[1] + " of the protocol; this client speaks " + Version + ".",
                    "unsupported");
            }
        }

        private static uint ReadUInt32(byte[] data, int place)
        {
            return (uint)(data[place] | data[place + 1] << 8 | data[place + 2] << 16 | data[place + 3] << 24);
        }

        private static long ReadInt64(byte[] data, int place)
        {
            return (long)((ulong)ReadUInt32(data, place) | (ulong)ReadUInt32(data, place + 4) << 32);
        }

        private static float ReadSingle(byte[] data, int place)
        {
            return FloatBits.ToSingle(ReadUInt32(data, place));
        }
    }
}
