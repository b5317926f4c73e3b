// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "Protocol.h"

#include <algorithm>
#include <deque>
#include <limits>

namespace facewire
{

/// How far the server's clock is from ours: the ping with the shortest round trip is wrong by at most half of it.
class ClockOffset
{
public:
    /// Note a ping: our time before and after, and the server's in between, all in ns.
    void Add(std::int64_t sentNs, std::int64_t serverNs, std::int64_t receivedNs)
    {
        pings.push_back({serverNs - (sentNs + (receivedNs - sentNs) / 2), receivedNs - sentNs});
        if (pings.size() > Remembered)
        {
            pings.pop_front();
        }
    }

    /// What to add to our time to get the server's; 0 before the first ping.
    std::int64_t OffsetNs() const { return Best().offset; }

    /// Of the ping that counts; 0 before the first.
    std::int64_t RoundTripNs() const { return Best().roundTrip; }

private:
    static constexpr std::size_t Remembered = 8; // Older ones tell too little about clocks that drift apart.

    struct Ping
    {
        std::int64_t offset = 0, roundTrip = 0;
    };

    Ping Best() const
    {
        const auto best = std::min_element(pings.begin(), pings.end(), [](const Ping& one, const Ping& other) {
            return one.roundTrip < other.roundTrip;
        });
        return best == pings.end() ? Ping() : *best;
    }

    std::deque<Ping> pings;
};

/// Shows faces at the distances of their timestamps, whatever the network did to them.
///
/// The quickest face of the last seconds is on time. All are shown so much later that nearly all of them are there,
/// and the one behind them, towards which the face moves.
class JitterBuffer
{
public:
    /// `mostDelay`: longer than this many seconds no face waits, even where more come late.
    explicit JitterBuffer(int sampleRate, double mostDelay = 0.1) : rate(sampleRate), most(mostDelay) {}

    /// Take a face that has arrived at a time of this machine, in seconds.
    void Push(Frame frame, double arrived)
    {
        const double seconds = Seconds(frame);
        if (seconds <= shown)
        {
            ++late;
        }
        if (!frames.empty() && seconds > newest)
        {
            const double step = seconds - newest;
            interval = std::min(most, interval > 0.0 ? std::min(interval, step) : step);
        }
        newest = std::max(newest, seconds);
        const auto place = std::upper_bound(
            frames.begin(), frames.end(), frame,
            [](const Frame& one, const Frame& other) { return one.timestamp < other.timestamp; });
        frames.insert(place, std::move(frame));
        if (frames.size() > Kept)
        {
            frames.pop_front();
            ++unseen;
        }
        arrivals.push_back(arrived - seconds);
        if (arrivals.size() > Measured)
        {
            arrivals.pop_front();
        }
        Measure();
    }

    /// The face for now, between two of them where need be; false before the first is due. Ask in the order of time.
    bool Get(double now, Frame& face)
    {
        if (frames.empty())
        {
            return false;
        }
        shown = std::max(shown, now - quickest - Delay());
        std::size_t next = 0;
        while (next < frames.size() && Seconds(frames[next]) <= shown)
        {
            ++next;
        }
        if (next == 0)
        {
            return false;
        }
        frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(next - 1));
        face = frames[0];
        if (frames.size() > 1 && frames[1].weights.size() == face.weights.size())
        {
            const double length = Seconds(frames[1]) - Seconds(face);
            Mix(face, frames[1], static_cast<float>((shown - Seconds(face)) / length));
        }
        return true;
    }

    /// When a face would have arrived if all came as quickly as the quickest, by this machine.
    double EvenArrival(const Frame& frame) const { return quickest + Seconds(frame); }

    /// How much later than the quickest faces are shown, in seconds.
    double Delay() const { return wait + interval; }

    /// Faces that came when a later one was shown.
    std::int64_t Late() const { return late; }

    /// Faces that were forgotten unseen, because nobody asked for so long.
    std::int64_t Unseen() const { return unseen; }

private:
    static constexpr std::size_t Kept = 512, Measured = 240, EnoughMeasured = 8;
    static constexpr double InTime = 0.98; // Of the faces are there when they are due.

    double Seconds(const Frame& frame) const { return static_cast<double>(frame.timestamp) / rate; }

    static void Mix(Frame& face, const Frame& to, float share)
    {
        const auto between = [share](float& value, float end) { value += (end - value) * share; };
        for (std::size_t i = 0; i < face.weights.size(); ++i)
        {
            between(face.weights[i], to.weights[i]);
        }
        between(face.yaw, to.yaw);
        between(face.pitch, to.pitch);
        between(face.roll, to.roll);
        between(face.speech, to.speech);
    }

    void Measure()
    {
        sorted.assign(arrivals.begin(), arrivals.end());
        std::sort(sorted.begin(), sorted.end());
        quickest = sorted.front();
        if (sorted.size() >= EnoughMeasured)
        {
            const double nearlyAll = InTime * static_cast<double>(sorted.size() - 1);
            wait = std::min(most, sorted[static_cast<std::size_t>(nearlyAll)] - quickest);
        }
    }

    int rate;
    double most;
    std::deque<Frame> frames;
    std::deque<double> arrivals;
    std::vector<double> sorted;
    double quickest = 0.0, wait = 0.0, interval = 0.0;
    double newest = -std::numeric_limits<double>::infinity(), shown = -std::numeric_limits<double>::infinity();
    std::int64_t late = 0, unseen = 0;
};

} // namespace facewire
