// SPDX-License-Identifier: Apache-2.0

namespace Facewire
{
    /// <summary>What is known of a connection, for the threads that read it and the one that draws.</summary>
    internal sealed class ConnectionFacts
    {
        private readonly object door = new object();
        private Hello hello;
        private ClockOffset clock = new ClockOffset();
        private string problem = "";
        private double heardSeconds;
        private int connections;

        public Hello Hello
        {
            get
            {
                lock (door)
                {
                    return hello;
                }
            }
            set
            {
                lock (door)
                {
                    hello = value;
                }
            }
        }

        public string Problem
        {
            get
            {
                lock (door)
                {
                    return problem;
                }
            }
        }

        public int Connections
        {
            get
            {
                lock (door)
                {
                    return connections;
                }
            }
        }

        public long ClockOffsetNs
        {
            get
            {
                lock (door)
                {
                    return clock.OffsetNs;
                }
            }
        }

        /// <summary>Since anything came.</summary>
        public double SecondsOfSilence
        {
            get
            {
                lock (door)
                {
                    return MonotonicClock.Seconds - heardSeconds;
                }
            }
        }

        public void Opened()
        {
            lock (door)
            {
                clock = new ClockOffset();
                problem = "";
                heardSeconds = MonotonicClock.Seconds;
                connections++;
            }
        }

        public void Heard()
        {
            lock (door)
            {
                heardSeconds = MonotonicClock.Seconds;
            }
        }

        public void TakePong(TextMessage message)
        {
            long? sent = message.Whole("client_ns"), server = message.Whole("clock_ns");
            lock (door)
            {
                if (sent != null && server != null)
                {
                    clock.Add(sent.Value, server.Value, MonotonicClock.Nanoseconds);
                }
            }
        }

        public void Ended(string reason)
        {
            lock (door)
            {
                hello = null;
                problem = reason;
            }
        }
    }
}
