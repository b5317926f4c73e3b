// SPDX-License-Identifier: Apache-2.0
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>
    /// From a thread of the network to the one that draws. Where nobody takes what comes, the oldest is dropped
    /// and counted.
    /// </summary>
    public sealed class BoundedQueue<T>
    {
        private readonly Queue<T> items = new Queue<T>();
        private readonly int most;
        private long dropped;

        public BoundedQueue(int most)
        {
            this.most = most;
        }

        public long Dropped
        {
            get
            {
                lock (items)
                {
                    return dropped;
                }
            }
        }

        public void Add(T item)
        {
            lock (items)
            {
                items.Enqueue(item);
                if (items.Count > most)
                {
                    items.Dequeue();
                    dropped++;
                }
            }
        }

        public bool TryTake(out T item)
        {
            lock (items)
            {
                bool any = items.Count > 0;
                item = any ? items.Dequeue() : default(T);
                return any;
            }
        }
    }
}
