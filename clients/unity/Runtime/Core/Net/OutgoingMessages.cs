// SPDX-License-Identifier: Apache-2.0
using System;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;

namespace Facewire
{
    /// <summary>Sends over a WebSocket, one message at a time and in the order in which they were given.</summary>
    internal sealed class OutgoingMessages
    {
        private readonly ClientWebSocket socket;
        private Task last = Task.FromResult(0);

        public OutgoingMessages(ClientWebSocket socket)
        {
            this.socket = socket;
        }

        /// <summary>Send text; call it from one thread at a time.</summary>
        public void Send(byte[] text)
        {
            Behind(() => socket.SendAsync(
                new ArraySegment<byte>(text), WebSocketMessageType.Text, true, CancellationToken.None));
        }

        /// <summary>Say goodbye behind what was sent; the task ends when that is done.</summary>
        public Task Close()
        {
            Behind(() => socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None));
            return last;
        }

        private void Behind(Func<Task> send)
        {
            // Not on the thread that asks, which may be the one that draws.
            last = last.ContinueWith(
                before => Try(send), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)
                .Unwrap();
        }

        private async Task Try(Func<Task> send)
        {
            try
            {
                if (socket.State == WebSocketState.Open || socket.State == WebSocketState.CloseReceived)
                {
                    await send().ConfigureAwait(false);
                }
            }
            catch (Exception)
            {
                // Whoever reads learns that the connection is gone, and connects again.
            }
        }
    }
}
