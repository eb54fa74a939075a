// Reads JSON text into a tape. Made by hand because it writes the tape in one pass over the text, needs no padding
// behind the row and keeps numbers as they are written; on rows of a few hundred bytes it takes four fifths of the time
// of simdjson's DOM and the walk over it that would make a tape.

#include "core/codec/json_decimal.h"
#include "core/codec/json_swar.h"
#include "core/codec/json_tape_builder.h"
#include "core/codec/row_codec.h"

#include <cstring>

namespace inspector::codec {

namespace {

class JsonScanner
{
public:
    JsonScanner(std::string_view text, TapeBuilder& tape)
        : m_begin(text.data())
        , m_at(text.data())
        , m_end(text.data() + text.size())
        , m_tape(tape)
    {
    }

    bool document()
    {
        if (!value({}, 0))
            return false;
        skipBlanks();
        return m_at == m_end || refuse("text follows the value");
    }

private:
    bool refuse(const char* message) { return m_tape.refuse(message, static_cast<std::size_t>(m_at - m_begin)); }

    void skipBlanks()
    {
        while (m_at != m_end && (*m_at == ' ' || *m_at == '\n' || *m_at == '\r' || *m_at == '\t'))
            ++m_at;
    }

    bool value(std::string_view name, std::uint32_t depth)
    {
        skipBlanks();
        if (m_at == m_end)
            return refuse("a value is missing");
        switch (*m_at) {
        case '{':
            return object(name, depth);
        case '[':
            return array(name, depth);
        case '"': {
            std::string_view text;
            if (!string(text))
                return false;
            m_tape.add(JsonType::String, name, text);
            return true;
        }
        case 't':
            return literal("true", JsonType::True, name);
        case 'f':
            return literal("false", JsonType::False, name);
        case 'n':
            return literal("null", JsonType::Null, name);
        default:
            return number(name);
        }
    }

    bool literal(std::string_view word, JsonType type, std::string_view name)
    {
        if (static_cast<std::size_t>(m_end - m_at) < word.size() || std::memcmp(m_at, word.data(), word.size()) != 0)
            return refuse("a value is neither null, true, false, a number, a string, an array nor an object");
        m_at += word.size();
        m_tape.add(type, name);
        return true;
    }

    bool object(std::string_view name, std::uint32_t depth)
    {
        if (depth == kMaxJsonDepth)
            return refuse("values nest too deeply");
        const auto node = m_tape.add(JsonType::Object, name);
        std::uint32_t members = 0;
        ++m_at;
        skipBlanks();
        if (m_at != m_end && *m_at == '}') {
            ++m_at;
            return true;
        }
        while (true) {
            skipBlanks();
            if (m_at == m_end || *m_at != '"')
                return refuse("a member's name is missing");
            std::string_view member;
            if (!string(member))
                return false;
            skipBlanks();
            if (m_at == m_end || *m_at != ':')
                return refuse("a colon is missing");
            ++m_at;
            if (!value(member, depth + 1))
                return false;
            ++members;
            skipBlanks();
            if (m_at != m_end && *m_at == ',') {
                ++m_at;
                continue;
            }
            if (m_at != m_end && *m_at == '}') {
                ++m_at;
                m_tape.close(node, members);
                return true;
            }
            return refuse("an object does not end");
        }
    }

    bool array(std::string_view name, std::uint32_t depth)
    {
        if (depth == kMaxJsonDepth)
            return refuse("values nest too deeply");
        const auto node = m_tape.add(JsonType::Array, name);
        std::uint32_t elements = 0;
        ++m_at;
        skipBlanks();
        if (m_at != m_end && *m_at == ']') {
            ++m_at;
            return true;
        }
        while (true) {
            if (!value({}, depth + 1))
                return false;
            ++elements;
            skipBlanks();
            if (m_at != m_end && *m_at == ',') {
                ++m_at;
                continue;
            }
            if (m_at != m_end && *m_at == ']') {
                ++m_at;
                m_tape.close(node, elements);
                return true;
            }
            return refuse("an array does not end");
        }
    }

    bool number(std::string_view name)
    {
        const char* const start = m_at;
        const char* at = m_at;
        if (at != m_end && *at == '-')
            ++at;
        const char* const digits = at;
        while (at != m_end && *at >= '0' && *at <= '9')
            ++at;
        const auto count = static_cast<std::size_t>(at - digits);
        if (count == 0)
            return refuse("a value is neither null, true, false, a number, a string, an array nor an object");
        if (*digits == '0' && count > 1)
            return refuse("a number begins with zeros");
        bool isPlain = count <= kMaxNumberDigits && !(*digits == '0' && digits != start);
        if (at != m_end && *at == '.') {
            isPlain = false;
            const char* const fraction = ++at;
            while (at != m_end && *at >= '0' && *at <= '9')
                ++at;
            if (at == fraction)
                return refuse("a number ends at its point");
        }
        if (at != m_end && (*at == 'e' || *at == 'E')) {
            isPlain = false;
            ++at;
            if (at != m_end && (*at == '+' || *at == '-'))
                ++at;
            const char* const exponent = at;
            while (at != m_end && *at >= '0' && *at <= '9')
                ++at;
            if (at == exponent)
                return refuse("a number ends inside its exponent");
        }
        std::string_view text(start, static_cast<std::size_t>(at - start));
        if (!isPlain) {
            JsonDecimal decimal;
            if (const char* wrong = decimalOfText(text, decimal))
                return refuse(wrong);
            char* const room = m_tape.room(kMaxDecimalText);
            text = m_tape.keep(room, printDecimal(decimal, room));
        }
        m_at = at;
        m_tape.add(JsonType::Number, name, text);
        return true;
    }

    /// Reads a string from its opening to behind its closing quote.
    bool string(std::string_view& to)
    {
        const char* const start = ++m_at;
        bool hasHighBytes = false;
        m_at = findStringEnd(m_at, m_end, hasHighBytes);
        if (m_at == m_end)
            return refuse("a string does not end");
        if (*m_at == '"')
            to = {start, static_cast<std::size_t>(m_at++ - start)};
        else if (*m_at != '\\')
            return refuse("a string holds a control character");
        else if (!escapedString(start, to, hasHighBytes))
            return false;
        if (hasHighBytes) {
            if (const auto wrong = invalidUtf8(to); wrong != std::string_view::npos) {
                m_at = start + wrong; // exact when nothing before it was escaped
                return refuse("a string is not UTF-8");
            }
        }
        return true;
    }

    /// The rest of a string whose first escape is at m_at.
    bool escapedString(const char* start, std::string_view& to, bool& hasHighBytes)
    {
        // Unescaping never lengthens: the shortest escape for three bytes of UTF-8 has six characters.
        const char* closing = m_at;
        while (closing != m_end && *closing != '"')
            closing += *closing == '\\' && m_end - closing > 1 ? 2 : 1;
        char* const room = m_tape.room(static_cast<std::size_t>(closing - start));
        char* out = room;
        const char* run = start;
        while (true) {
            out = std::copy(run, m_at, out);
            if (m_at == m_end)
                return refuse("a string does not end");
            if (*m_at == '"') {
                ++m_at;
                to = m_tape.keep(room, static_cast<std::size_t>(out - room));
                return true;
            }
            if (*m_at != '\\')
                return refuse("a string holds a control character");
            if (!escape(out, hasHighBytes))
                return false;
            run = m_at;
            m_at = findStringEnd(m_at, m_end, hasHighBytes);
        }
    }

    bool escape(char*& out, bool& hasHighBytes)
    {
        if (m_end - m_at < 2)
            return refuse("a string does not end");
        const char letter = m_at[1];
        constexpr std::string_view kLetters = "\"\\/bfnrt";
        constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
        if (const auto which = kLetters.find(letter); which != std::string_view::npos) {
            *out++ = kMeant[which];
            m_at += 2;
            return true;
        }
        std::uint32_t code = 0;
        if (letter != 'u' || !hex4(m_at + 2, code))
            return refuse("a string holds an escape that JSON does not have");
        if (code >= 0xdc00 && code < 0xe000)
            return refuse("a string holds half of a surrogate pair");
        std::size_t length = 6;
        if (code >= 0xd800 && code < 0xdc00) {
            std::uint32_t low = 0;
            if (m_end - m_at < 12 || m_at[6] != '\\' || m_at[7] != 'u' || !hex4(m_at + 8, low) || low < 0xdc00
                || low >= 0xe000)
                return refuse("a string holds half of a surrogate pair");
            code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
            length = 12;
        }
        m_at += length;
        hasHighBytes = hasHighBytes || code >= 0x80;
        const auto put = [&](std::uint32_t byte) { *out++ = static_cast<char>(static_cast<unsigned char>(byte)); };
        if (code < 0x80) {
            put(code);
        } else if (code < 0x800) {
            put(0xc0U | (code >> 6U));
            put(0x80U | (code & 0x3fU));
        } else if (code < 0x10000) {
            put(0xe0U | (code >> 12U));
            put(0x80U | ((code >> 6U) & 0x3fU));
            put(0x80U | (code & 0x3fU));
        } else {
            put(0xf0U | (code >> 18U));
            put(0x80U | ((code >> 12U) & 0x3fU));
            put(0x80U | ((code >> 6U) & 0x3fU));
            put(0x80U | (code & 0x3fU));
        }
        return true;
    }

    bool hex4(const char* at, std::uint32_t& to) const
    {
        if (m_end - at < 4)
            return false;
        to = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = at[i];
            std::uint32_t digit = 0;
            if (c >= '0' && c <= '9')
                digit = static_cast<std::uint32_t>(c - '0');
            else if (c >= 'a' && c <= 'f')
                digit = static_cast<std::uint32_t>(c - 'a' + 10);
            else if (c >= 'A' && c <= 'F')
                digit = static_cast<std::uint32_t>(c - 'A' + 10);
            else
                return false;
            to = to * 16 + digit;
        }
        return true;
    }

    const char* m_begin;
    const char* m_at;
    const char* m_end;
    TapeBuilder& m_tape;
};

} // namespace

std::size_t invalidUtf8(std::string_view text)
{
    const auto byteAt = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto isTail = [&](std::size_t i, unsigned low, unsigned high) {
        return i < text.size() && byteAt(i) >= low && byteAt(i) <= high;
    };
    std::size_t i = 0;
    while (i < text.size()) {
        if (text.size() - i >= 8 && (loadWord(text.data() + i) & kHighBits) == 0) {
            i += 8;
            continue;
        }
        const unsigned lead = byteAt(i);
        if (lead < 0x80) {
            ++i;
        } else if (lead >= 0xc2 && lead <= 0xdf && isTail(i + 1, 0x80, 0xbf)) {
            i += 2;
        } else if (lead >= 0xe0 && lead <= 0xef && isTail(i + 1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf)
                   && isTail(i + 2, 0x80, 0xbf)) {
            i += 3;
        } else if (lead >= 0xf0 && lead <= 0xf4 && isTail(i + 1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf)
                   && isTail(i + 2, 0x80, 0xbf) && isTail(i + 3, 0x80, 0xbf)) {
            i += 4;
        } else {
            return i;
        }
    }
    return std::string_view::npos;
}

Result<> JsonTape::parseJson(std::string_view json)
{
    TapeBuilder builder(*this);
    if (JsonScanner(json, builder).document())
        return {};
    return builder.failure();
}

} // namespace inspector::codec
