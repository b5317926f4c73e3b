// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace facewire
{

/// A value of JSON (RFC 8259). Nothing here throws: engines are built without exceptions.
struct JsonValue
{
    enum class Kind { Null, Bool, Number, Text, List, Object };

    Kind kind = Kind::Null;
    bool truth = false;
    double number = 0.0;
    std::optional<std::int64_t> whole; ///< Of a number without fraction, exactly.
    std::string text;
    std::vector<JsonValue> list;
    std::map<std::string, JsonValue, std::less<>> members;

    /// A member of an object, or null.
    const JsonValue* Find(std::string_view name) const
    {
        const auto found = members.find(name);
        return found == members.end() ? nullptr : &found->second;
    }
};

/// Reads JSON, and gives up at the first fault.
class JsonReader
{
public:
    /// The value of a whole text, or nothing where it is not JSON.
    static std::optional<JsonValue> Parse(std::string_view text)
    {
        JsonReader reader(text);
        JsonValue value;
        const bool good = reader.ReadValue(value);
        reader.SkipSpace();
        if (!good || reader.place != text.size())
        {
            return std::nullopt;
        }
        return value;
    }

private:
    static constexpr int Deepest = 32;

    explicit JsonReader(std::string_view whole) : text(whole) {}

    bool ReadValue(JsonValue& value)
    {
        SkipSpace();
        if (place >= text.size() || depth >= Deepest)
        {
            return false;
        }
        ++depth;
        const bool good = ReadAny(value);
        --depth;
        return good;
    }

    bool ReadAny(JsonValue& value)
    {
        switch (text[place])
        {
        case '{':
            value.kind = JsonValue::Kind::Object;
            return ReadObject(value);
        case '[':
            value.kind = JsonValue::Kind::List;
            return ReadList(value);
        case '"':
            value.kind = JsonValue::Kind::Text;
            return ReadText(value.text);
        case 't':
            value.kind = JsonValue::Kind::Bool;
            value.truth = true;
            return TakesWord("true");
        case 'f':
            value.kind = JsonValue::Kind::Bool;
            return TakesWord("false");
        case 'n':
            return TakesWord("null");
        default:
            value.kind = JsonValue::Kind::Number;
            return ReadNumber(value);
        }
    }

    bool ReadObject(JsonValue& value)
    {
        ++place;
        if (Takes('}'))
        {
            return true;
        }
        do
        {
            SkipSpace();
            std::string name;
            JsonValue member;
            if (!ReadText(name) || !Takes(':') || !ReadValue(member))
            {
                return false;
            }
            value.members.insert_or_assign(std::move(name), std::move(member));
        } while (Takes(','));
        return Takes('}');
    }

    bool ReadList(JsonValue& value)
    {
        ++place;
        if (Takes(']'))
        {
            return true;
        }
        do
        {
            value.list.emplace_back();
            if (!ReadValue(value.list.back()))
            {
                return false;
            }
        } while (Takes(','));
        return Takes(']');
    }

    bool ReadText(std::string& found)
    {
        if (place >= text.size() || text[place] != '"')
        {
            return false;
        }
        for (++place; place < text.size(); ++place)
        {
            const char letter = text[place];
            if (letter == '"')
            {
                ++place;
                return true;
            }
            if (letter != '\\')
            {
                found += letter;
            }
            else if (!ReadEscape(found))
            {
                return false;
            }
        }
        return false;
    }

    bool ReadEscape(std::string& found)
    {
        static constexpr std::string_view Letters = "\"\\/bfnrt";
        static constexpr std::string_view Meanings = "\"\\/\b\f\n\r\t";
        ++place;
        if (place >= text.size())
        {
            return false;
        }
        const std::size_t which = Letters.find(text[place]);
        if (which != std::string_view::npos)
        {
            found += Meanings[which];
            return true;
        }
        std::uint32_t code = 0;
        if (!ReadHex(code))
        {
            return false;
        }
        const bool first = code >= 0xD800 && code < 0xDC00;
        if (first && text.substr(place + 1, 2) == "\\u")
        {
            std::uint32_t second = 0;
            place += 2;
            if (!ReadHex(second) || second < 0xDC00 || second > 0xDFFF)
            {
                return false;
            }
            code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
        }
        AppendUtf8(found, code);
        return true;
    }

    /// The four digits behind the u at this place; stops at the last of them.
    bool ReadHex(std::uint32_t& code)
    {
        if (text.size() - place < 5 || text[place] != 'u')
        {
            return false;
        }
        for (int i = 0; i < 4; ++i)
        {
            static constexpr std::string_view Digits = "0123456789abcdef0123456789ABCDEF";
            const std::size_t digit = Digits.find(text[++place]);
            if (digit == std::string_view::npos)
            {
                return false;
            }
            code = code << 4 | static_cast<std::uint32_t>(digit % 16);
        }
        return true;
    }

    static void AppendUtf8(std::string& found, std::uint32_t code)
    {
        if (code >= 0xD800 && code <= 0xDFFF)
        {
            code = 0xFFFD; // Half of a pair is no text.
        }
        if (code < 0x80)
        {
            found += static_cast<char>(code);
            return;
        }
        const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        static constexpr std::uint32_t Leads[] = {0, 0xC0, 0xE0, 0xF0};
        found += static_cast<char>(Leads[more] | code >> (6 * more));
        for (int i = more - 1; i >= 0; --i)
        {
            found += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
        }
    }

    bool ReadNumber(JsonValue& value)
    {
        const std::size_t start = place;
        bool fraction = false;
        while (place < text.size() && std::string_view("+-0123456789.eE").find(text[place]) != std::string_view::npos)
        {
            fraction = fraction || std::string_view(".eE").find(text[place]) != std::string_view::npos;
            ++place;
        }
        const std::string digits(text.substr(start, place - start));
        char* end = nullptr;
        value.number = std::strtod(digits.c_str(), &end);
        if (digits.empty() || *end != '\0')
        {
            return false;
        }
        // 18 digits and a sign fit; what is longer is no number of ours.
        if (!fraction && digits.size() <= 19)
        {
            value.whole = std::strtoll(digits.c_str(), nullptr, 10);
        }
        return true;
    }

    bool TakesWord(std::string_view word)
    {
        const bool here = text.substr(place, word.size()) == word;
        place += here ? word.size() : 0;
        return here;
    }

    bool Takes(char letter)
    {
        SkipSpace();
        const bool here = place < text.size() && text[place] == letter;
        place += here ? 1 : 0;
        return here;
    }

    void SkipSpace()
    {
        while (place < text.size() && std::string_view(" \t\r\n").find(text[place]) != std::string_view::npos)
        {
            ++place;
        }
    }

    std::string_view text;
    std::size_t place = 0;
    int depth = 0;
};

} // namespace facewire
