// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Facewire
{
    /// <summary>A float32 out of its bits, whatever the byte order of the machine.</summary>
    [StructLayout(LayoutKind.Explicit)]
    internal struct FloatBits
    {
        [FieldOffset(0)]
        private uint bits;

        [FieldOffset(0)]
        private float value;

        public static float ToSingle(uint bits)
        {
            var both = new FloatBits();
            both.bits = bits;
            // Nothing that is drawn or mixed survives a NaN or an infinity.
            return float.IsNaN(both.value) || float.IsInfinity(both.value) ? 0f : both.value;
        }
    }
}
