// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Facewire
{
    /// <summary>
    /// What a player needs between the wire and the loudspeaker: sound and faces by sample. It keeps what came
    /// and was not played, and forgets what an interrupt made void (docs/speak.md).
    /// </summary>
    public sealed class PlayoutBuffer
    {
        // Ten minutes at 60 frames/s, which is as far as a server goes ahead.
        private const int Kept = 36000;
        private readonly FaceTrack track = new FaceTrack(Kept);
        private readonly List<AudioRun> audio = new List<AudioRun>();
        private readonly int sampleRate;

        /// <param name="sampleRate">What the hello says.</param>
        public PlayoutBuffer(int sampleRate)
        {
            this.sampleRate = sampleRate;
        }

        /// <summary>From here on, the sound is another than it was when it was asked for last.</summary>
        public long ChangedFrom { get; private set; } = long.MaxValue;

        public void Add(FaceFrame frame)
        {
            track.Add(frame);
        }

        public void Add(AudioRun run)
        {
            audio.Add(run);
            ChangedFrom = Math.Min(ChangedFrom, run.Start);
        }

        /// <summary>Forget what an interrupt made void; other events change nothing.</summary>
        public void Add(SpeechEvent message)
        {
            if (message.Type != "interrupted")
            {
                return;
            }
            if (message.Frame == null)
            {
                // The turn had not begun: what came ahead of it is void, whatever its index.
                track.Remove(frame => IsOver(message, frame.Turn));
            }
            else
            {
                track.Remove(frame => frame.Index > message.Frame.Value);
            }
            long end = message.Sample == null ? 0 : message.Sample.Value + 1;
            foreach (AudioRun run in audio)
            {
                Cut(run, message, end);
            }
            audio.RemoveAll(run => run.Samples.Length == 0);
        }

        /// <summary>The face for the sample that is heard; false before the first. Ask in the order of time.</summary>
        public bool TryGetFace(double sample, FacePose pose)
        {
            return track.TryGet(sample / sampleRate, true, pose);
        }

        /// <summary>Fill in the samples from `start` on, with silence where there are none.</summary>
        public void ReadSound(long start, float[] samples)
        {
            Array.Clear(samples, 0, samples.Length);
            long end = start + samples.Length;
            foreach (AudioRun run in audio)
            {
                long first = Math.Max(run.Start, start), last = Math.Min(run.End, end);
                if (first < last)
                {
                    Array.Copy(run.Samples, first - run.Start, samples, first - start, last - first);
                }
            }
            if (end > ChangedFrom)
            {
                ChangedFrom = long.MaxValue;
            }
        }

        /// <summary>Forget the sound before a sample.</summary>
        public void ForgetSoundBefore(long sample)
        {
            audio.RemoveAll(run => run.End <= sample);
        }

        private void Cut(AudioRun run, SpeechEvent message, long end)
        {
            long keep = message.Dropped.Contains(run.Turn) ? 0
                : run.Turn == message.Turn ? Math.Max(0, Math.Min(run.Samples.Length, end - run.Start))
                : run.Samples.Length;
            if (keep < run.Samples.Length)
            {
                ChangedFrom = Math.Min(ChangedFrom, run.Start + keep);
                Array.Resize(ref run.Samples, (int)keep);
            }
        }

        private static bool IsOver(SpeechEvent message, uint turn)
        {
            return turn == message.Turn || message.Dropped.Contains(turn);
        }
    }
}
