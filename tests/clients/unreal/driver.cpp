// Drives the header of the Unreal client: commands as arguments, bytes in, lines out.
#include "Facewire/Playout.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>

using namespace facewire;

namespace
{

/// A copy of exactly that size on the heap, so that the sanitizer sees every byte beyond it.
struct Exact
{
    explicit Exact(const std::string& bytes) : size(bytes.size()), data(new std::uint8_t[bytes.size()])
    {
        std::memcpy(data.get(), bytes.data(), size);
    }

    std::string_view Text() const { return {reinterpret_cast<const char*>(data.get()), size}; }

    std::size_t size;
    std::unique_ptr<std::uint8_t[]> data;
};

std::string Unhex(const std::string& hex)
{
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    {
        bytes += static_cast<char>(std::strtoul(hex.substr(i, 2).c_str(), nullptr, 16));
    }
    return bytes;
}

std::string Line(const Frame& frame, int rate)
{
    std::ostringstream line;
    line.precision(17);
    line << "frame 0 " << frame.turn << " " << frame.index << " " << frame.timestamp << " "
         << static_cast<double>(frame.timestamp) / rate << " " << frame.speech << " " << frame.yaw << " "
         << frame.pitch << " " << frame.roll;
    for (const float weight : frame.weights)
    {
        line << " " << weight;
    }
    return line.str();
}

/// What a client makes of a message: a line.
std::string Describe(const std::string& bytes, bool isText, Hello& hello)
{
    const Exact exact(bytes);
    if (isText)
    {
        TextMessage message;
        const Fault fault = ReadText(exact.Text(), message);
        if (!fault.empty())
        {
            return "refused " + fault;
        }
        if (message.type == "hello")
        {
            hello = message.hello;
        }
        return message.type + " " + std::to_string(hello.names.size()) + " " + std::to_string(hello.sampleRate) + " "
            + std::to_string(message.frames) + " " + std::to_string(message.clientNs) + " "
            + std::to_string(message.clockNs) + " " + message.code + " " + message.message;
    }
    if (exact.size > 0 && exact.data[0] == AudioKind)
    {
        Audio audio;
        const Fault fault = ReadAudio(exact.data.get(), exact.size, audio);
        long sum = 0;
        for (const std::int16_t sample : audio.samples)
        {
            sum += sample;
        }
        return !fault.empty() ? "refused " + fault
            : "audio " + std::to_string(audio.turn) + " " + std::to_string(audio.start) + " "
                + std::to_string(audio.samples.size()) + " " + std::to_string(sum);
    }
    Frame frame;
    const Fault fault = ReadFrame(exact.data.get(), exact.size, hello.names.size(), frame);
    return !fault.empty() ? "refused " + fault : Line(frame, hello.sampleRate > 0 ? hello.sampleRate : 16000);
}

/// Lines "t HEX" and "b HEX": the messages of a connection, in their order.
int Messages()
{
    Hello hello;
    for (std::string line; std::getline(std::cin, line);)
    {
        std::cout << Describe(Unhex(line.substr(2)), line[0] == 't', hello) << "\n";
    }
    return 0;
}

/// Real messages of a connection, with bytes changed, cut off and put in: nothing may happen but a sentence.
int Fuzz(unsigned seed, int rounds)
{
    std::mt19937 random(seed);
    const auto below = [&random](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
    std::vector<std::pair<bool, std::string>> messages;
    for (std::string line; std::getline(std::cin, line);)
    {
        messages.emplace_back(line[0] == 't', Unhex(line.substr(2)));
    }
    Hello hello;
    long refused = 0;
    for (int round = 0; round < rounds; ++round)
    {
        auto [isText, bytes] = messages[below(messages.size())];
        for (std::size_t changes = below(6); changes > 0 && !bytes.empty(); --changes)
        {
            switch (below(4))
            {
            case 0: bytes[below(bytes.size())] = static_cast<char>(below(256)); break;
            case 1: bytes.resize(below(bytes.size() + 1)); break;
            case 2: bytes.insert(below(bytes.size() + 1), below(9), static_cast<char>(below(256))); break;
            case 3: bytes[below(bytes.size())] ^= static_cast<char>(1u << below(8)); break;
            }
        }
        const std::string line = Describe(bytes, isText, hello);
        if (line.find(" nan") != std::string::npos || line.find(" inf") != std::string::npos)
        {
            std::cout << line << "\n";
            return 1;
        }
        refused += line.compare(0, 8, "refused ") == 0 ? 1 : 0;
    }
    std::cout << "refused " << refused << "\n";
    return 0;
}

/// Lines "push TIMESTAMP ARRIVAL WEIGHT" and "at NOW".
int Jitter()
{
    JitterBuffer buffer(16000);
    std::cout.precision(17);
    for (std::string line; std::getline(std::cin, line);)
    {
        std::istringstream words(line);
        std::string what;
        words >> what;
        if (what == "push")
        {
            Frame frame;
            double arrived = 0.0;
            frame.weights.resize(52);
            words >> frame.timestamp >> arrived >> frame.weights[0];
            buffer.Push(frame, arrived);
            std::cout << "late " << buffer.Late() << " " << buffer.Unseen() << "\n";
            continue;
        }
        double now = 0.0;
        words >> now;
        Frame face;
        if (buffer.Get(now, face))
        {
            std::cout << face.weights[0] << " " << buffer.EvenArrival(face) << " " << buffer.Delay() << "\n";
        }
        else
        {
            std::cout << "none\n";
        }
    }
    return 0;
}

/// Lines "SENT SERVER RECEIVED".
int Clock()
{
    ClockOffset clock;
    std::int64_t sent = 0, server = 0, received = 0;
    while (std::cin >> sent >> server >> received)
    {
        clock.Add(sent, server, received);
        std::cout << clock.OffsetNs() << " " << clock.RoundTripNs() << "\n";
    }
    return 0;
}

} // namespace

int main(int count, char** words)
{
    const std::string what = count > 1 ? words[1] : "";
    if (what == "messages")
    {
        return Messages();
    }
    if (what == "fuzz" && count > 3)
    {
        return Fuzz(static_cast<unsigned>(std::atoi(words[2])), std::atoi(words[3]));
    }
    return what == "jitter" ? Jitter() : what == "clock" ? Clock() : 2;
}
