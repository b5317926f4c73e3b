// SPDX-License-Identifier: Apache-2.0
using System;

namespace Facewire
{
    /// <summary>What came is not what the protocol says, or the server refused; the message is one sentence.</summary>
    public sealed class ProtocolException : Exception
    {
        public ProtocolException(string message, string code = "bad-message") : base(message)
        {
            Code = code;
        }

        /// <summary>As docs/protocol.md lists them.</summary>
        public string Code { get; private set; }
    }
}
