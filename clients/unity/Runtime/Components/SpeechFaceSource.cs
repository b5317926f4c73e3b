// SPDX-License-Identifier: Apache-2.0
using System;
using UnityEngine;

namespace Facewire
{
    /// <summary>
    /// Says texts: a server's /speak makes sound and face of them, this plays the sound through the AudioSource
    /// beside it, and shows the face for the sample that is heard.
    /// </summary>
    [AddComponentMenu("Facewire/Speech Face Source")]
    [RequireComponent(typeof(AudioSource))]
    public sealed class SpeechFaceSource : FaceSource
    {
        private const int RingSeconds = 4;
        private const double WriteSeconds = 0.05, PlayoutEverySeconds = 1.0;

        [Tooltip("The address of facewire serve or live.")]
        public string server = "ws://127.0.0.1:8765";

        [Tooltip("Such as en-us; facewire voices lists them.")]
        public string language = "en-us";

        [Tooltip("The name of a voice; empty is the language's own.")]
        public string voice = "";

        [Tooltip("Sound and faces are sent so long before they are heard: more than the network may stand still.")]
        public int leadMs = 200;

        [Tooltip("So much later a text is heard, for its first sound to be there: more than the network takes.")]
        public int bufferMs = 60;

        private SpeakSocket socket;
        private PlayoutBuffer buffer;
        private SoundRing ring;
        private AudioSource speaker;
        private int sampleRate;
        private double outputLatency, toldSeconds;
        private string problem = "";

        /// <summary>Whatever the server says of turns, words and interrupts.</summary>
        public event Action<SpeechEvent> Happened;

        public override string Problem { get { return socket == null ? problem : socket.Problem; } }

        /// <summary>Whether a text can be said now.</summary>
        public bool IsReady { get { return ring != null; } }

        /// <summary>The sample of the stream that is heard now.</summary>
        public double Heard { get { return ring == null ? 0.0 : ring.Playing - outputLatency * sampleRate; } }

        /// <summary>Say a text; returns the number of its turn, or 0 while there is no server.</summary>
        /// <param name="text">What to say.</param>
        /// <param name="cut">Whether it interrupts what is said, instead of waiting for it.</param>
        public uint Say(string text, bool cut = false)
        {
            return socket == null ? 0 : socket.Say(text, cut);
        }

        /// <summary>Stop what is said, and what waits behind it.</summary>
        public void Interrupt()
        {
            if (socket != null)
            {
                socket.Interrupt();
            }
        }

        public override bool TryGetPose(FacePose pose)
        {
            return ring != null && buffer.TryGetFace(Heard, pose);
        }

        private void OnEnable()
        {
            speaker = GetComponent<AudioSource>();
            try
            {
                socket = new SpeakSocket(server, language, voice, leadMs);
                problem = "";
            }
            catch (ProtocolException error)
            {
                problem = error.Message;
            }
        }

        private void OnDisable()
        {
            Quiet();
            if (socket != null)
            {
                socket.Dispose();
                socket = null;
            }
        }

        private void Update()
        {
            object item;
            while (socket != null && socket.Items.TryTake(out item))
            {
                Take(item);
            }
            if (ring != null && socket.Hello == null)
            {
                Quiet();
            }
            if (ring != null)
            {
                Play();
            }
            TellProblem();
        }

        private void Take(object item)
        {
            var hello = item as Hello;
            var frame = item as FaceFrame;
            var run = item as AudioRun;
            var message = item as SpeechEvent;
            if (hello != null)
            {
                Begin(hello);
            }
            else if (frame != null)
            {
                buffer.Add(frame);
            }
            else if (run != null)
            {
                buffer.Add(run);
            }
            else if (message != null)
            {
                buffer.Add(message);
                if (Happened != null)
                {
                    Happened(message);
                }
            }
        }

        /// <summary>Let the loudspeaker be the stream's clock: silence is played until somebody speaks.</summary>
        private void Begin(Hello hello)
        {
            Quiet();
            sampleRate = hello.SampleRate;
            buffer = new PlayoutBuffer(sampleRate);
            ring = new SoundRing(RingSeconds * sampleRate, 0, (int)(WriteSeconds * sampleRate));
            int block, blocks;
            AudioSettings.GetDSPBufferSize(out block, out blocks);
            outputLatency = (double)block * blocks / AudioSettings.outputSampleRate;
            speaker.clip = AudioClip.Create("Facewire speech", RingSeconds * sampleRate, 1, sampleRate, false);
            speaker.loop = true;
            speaker.timeSamples = 0;
            speaker.Play();
            toldSeconds = double.NegativeInfinity;
        }

        private void Play()
        {
            ring.MoveTo(speaker.timeSamples);
            int offset;
            float[] samples = ring.Next(buffer, out offset);
            if (samples != null)
            {
                speaker.clip.SetData(samples, offset);
            }
            // The first sound of a turn leaves 20 ms before it is heard, by the server's clock: that one runs ahead.
            long ahead = (long)(Heard + bufferMs * 0.001 * sampleRate);
            if (MonotonicClock.Seconds - toldSeconds > PlayoutEverySeconds && ahead >= 0)
            {
                toldSeconds = MonotonicClock.Seconds;
                socket.SetPlayout(ahead);
            }
        }

        private void Quiet()
        {
            if (ring != null)
            {
                speaker.Stop();
                ring = null;
            }
        }
    }
}
