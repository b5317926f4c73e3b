// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "Json.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

/// Version 1 of the protocol (docs/protocol.md), without an engine: bytes and text to values.
/// What is not as the protocol says becomes a Fault: a sentence, and nothing else happens.
namespace facewire
{

constexpr std::uint8_t ProtocolVersion = 1;
constexpr std::uint8_t FrameKind = 0x46;
constexpr std::uint8_t AudioKind = 0x41;

/// Why something could not be read; empty while all is well.
using Fault = std::string;

/// A face at one moment of a stream.
struct Frame
{
    std::uint32_t turn = 0;
    std::uint32_t index = 0;     ///< A gap means frames that did not come.
    std::int64_t timestamp = 0;  ///< The sample that the face belongs to, at the hello's rate.
    std::int64_t capturedNs = 0; ///< The server's clock when the last sample it needed arrived; 0 if unknown.
    std::array<std::uint32_t, 5> stagesUs{}; ///< Queue, encode, decode, face, send.
    float speech = 0.0f;                     ///< 0 to 1.
    float yaw = 0.0f, pitch = 0.0f, roll = 0.0f; ///< Radians; positive yaw turns to the person's left.
    std::vector<float> weights;                  ///< 0 to 1, in the order of the hello's names.
};

/// Sound of a stream: mono, 16 bits, at the hello's rate.
struct Audio
{
    std::uint32_t turn = 0;
    std::int64_t start = 0; ///< The place of the first sample in the stream.
    std::vector<std::int16_t> samples;
};

/// What a server says first.
struct Hello
{
    std::vector<std::string> names;
    int sampleRate = 0;
    double frameRate = 0.0;
    std::string engine;
};

/// Any text message; what this version does not know has only its type.
struct TextMessage
{
    std::string type;
    Hello hello;                    ///< Of "hello".
    std::string code, message;      ///< Of "error".
    std::int64_t frames = 0;        ///< Of "end".
    std::int64_t id = 0, clientNs = 0, clockNs = 0; ///< Of "pong".
};

namespace detail
{

constexpr std::size_t FrameHeader = 64, AudioHeader = 16;
constexpr std::size_t MostNames = 1024;

/// Fields of a message whose length was looked at; little-endian on any machine.
class Bytes
{
public:
    explicit Bytes(const std::uint8_t* bytes) : data(bytes) {}

    std::uint32_t U32(std::size_t place) const
    {
        return std::uint32_t(data[place]) | std::uint32_t(data[place + 1]) << 8
            | std::uint32_t(data[place + 2]) << 16 | std::uint32_t(data[place + 3]) << 24;
    }

    std::int64_t I64(std::size_t place) const
    {
        const std::uint64_t both = std::uint64_t(U32(place)) | std::uint64_t(U32(place + 4)) << 32;
        std::int64_t value = 0;
        std::memcpy(&value, &both, sizeof value);
        return value;
    }

    /// Nothing that is drawn or mixed survives a NaN or an infinity: they are 0.
    float F32(std::size_t place) const
    {
        const std::uint32_t bits = U32(place);
        float value = 0.0f;
        std::memcpy(&value, &bits, sizeof value);
        return std::isfinite(value) ? value : 0.0f;
    }

private:
    const std::uint8_t* data;
};

inline Fault CheckHeader(const std::uint8_t* data, std::size_t size, std::uint8_t kind, std::size_t least)
{
    if (size < least || data[0] != kind)
    {
        return "The server sent a message that is cut short.";
    }
    if (data[1] != ProtocolVersion)
    {
        return "The server speaks version " + std::to_string(data[1]) + " of the protocol; this client speaks "
            + std::to_string(ProtocolVersion) + ".";
    }
    return {};
}

inline std::string TextOf(const JsonValue& object, std::string_view name)
{
    const JsonValue* found = object.Find(name);
    return found != nullptr ? found->text : std::string();
}

inline std::int64_t WholeOf(const JsonValue& object, std::string_view name)
{
    const JsonValue* found = object.Find(name);
    return found != nullptr ? found->whole.value_or(0) : 0;
}

inline Fault ReadHello(const JsonValue& object, Hello& hello)
{
    const std::int64_t version = WholeOf(object, "version");
    if (version != ProtocolVersion)
    {
        return "The server speaks version " + std::to_string(version) + " of the protocol; this client speaks "
            + std::to_string(ProtocolVersion) + ".";
    }
    const JsonValue* names = object.Find("names");
    const std::int64_t rate = WholeOf(object, "sample_rate");
    if (names == nullptr || names->list.empty() || names->list.size() > MostNames || rate < 1 || rate > 1000000)
    {
        return "The server greeted without saying what its faces are.";
    }
    for (const JsonValue& name : names->list)
    {
        hello.names.push_back(name.text);
    }
    hello.sampleRate = static_cast<int>(rate);
    hello.engine = TextOf(object, "engine");
    const JsonValue* frameRate = object.Find("frame_rate");
    const bool fraction = frameRate != nullptr && frameRate->list.size() == 2 && frameRate->list[1].number > 0.0;
    hello.frameRate = fraction ? frameRate->list[0].number / frameRate->list[1].number : 60.0;
    return {};
}

} // namespace detail

/// Parse a frame of as many weights as the hello has names.
inline Fault ReadFrame(const std::uint8_t* data, std::size_t size, std::size_t names, Frame& frame)
{
    if (Fault fault = detail::CheckHeader(data, size, FrameKind, detail::FrameHeader); !fault.empty())
    {
        return fault;
    }
    if (size != detail::FrameHeader + 4 * names)
    {
        return "The server sent a face of " + std::to_string(size) + " bytes, which does not go with its "
            + std::to_string(names) + " names.";
    }
    const detail::Bytes bytes(data);
    frame.turn = bytes.U32(4);
    frame.index = bytes.U32(8);
    frame.timestamp = bytes.I64(12);
    frame.capturedNs = bytes.I64(20);
    for (std::size_t i = 0; i < frame.stagesUs.size(); ++i)
    {
        frame.stagesUs[i] = bytes.U32(28 + 4 * i);
    }
    frame.speech = bytes.F32(48);
    frame.yaw = bytes.F32(52);
    frame.pitch = bytes.F32(56);
    frame.roll = bytes.F32(60);
    frame.weights.resize(names);
    for (std::size_t i = 0; i < names; ++i)
    {
        frame.weights[i] = bytes.F32(detail::FrameHeader + 4 * i);
    }
    return {};
}

/// Parse audio.
inline Fault ReadAudio(const std::uint8_t* data, std::size_t size, Audio& audio)
{
    if (Fault fault = detail::CheckHeader(data, size, AudioKind, detail::AudioHeader); !fault.empty())
    {
        return fault;
    }
    if ((size - detail::AudioHeader) % 2 != 0)
    {
        return "The server sent half a sample.";
    }
    const detail::Bytes bytes(data);
    audio.turn = bytes.U32(4);
    audio.start = bytes.I64(8);
    audio.samples.resize((size - detail::AudioHeader) / 2);
    for (std::size_t i = 0; i < audio.samples.size(); ++i)
    {
        const std::size_t place = detail::AudioHeader + 2 * i;
        audio.samples[i] = static_cast<std::int16_t>(data[place] | data[place + 1] << 8);
    }
    return {};
}

/// Parse a text message.
inline Fault ReadText(std::string_view text, TextMessage& message)
{
    const std::optional<JsonValue> object = JsonReader::Parse(text);
    if (!object)
    {
        return "The server sent text that is not JSON.";
    }
    const JsonValue* type = object->Find("type");
    if (type == nullptr || type->kind != JsonValue::Kind::Text)
    {
        return "The server sent a message without a type.";
    }
    message.type = type->text;
    message.code = detail::TextOf(*object, "code");
    message.message = detail::TextOf(*object, "message");
    message.frames = detail::WholeOf(*object, "frames");
    message.id = detail::WholeOf(*object, "id");
    message.clientNs = detail::WholeOf(*object, "client_ns");
    message.clockNs = detail::WholeOf(*object, "clock_ns");
    return message.type == "hello" ? detail::ReadHello(*object, message.hello) : Fault();
}

/// What to send to have the clocks compared; the answer is a "pong".
inline std::string WritePing(std::int64_t id, std::int64_t nowNs)
{
    return "{\"type\":\"ping\",\"id\":" + std::to_string(id) + ",\"client_ns\":" + std::to_string(nowNs) + "}";
}

} // namespace facewire
