// Reads the codec bytes of a row (persist-format §8.1–8.3) by hand: a catalog has hundreds of thousands of rows, and
// messages of libprotobuf cost an allocation or more for each value. core/codec/proto/row.proto says the same in
// protobuf's words.

#include "core/codec/row_codec.h"

#include "core/codec/json_decimal.h"
#include "core/codec/json_swar.h"
#include "core/codec/json_tape_builder.h"

namespace inspector::codec {

namespace {

enum class WireType : std::uint32_t { Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5 };

/// The fields of one protobuf message, in the order in which they lie there.
class FieldReader
{
public:
    FieldReader(const char* begin, const char* end)
        : m_at(begin)
        , m_end(end)
    {
    }

    [[nodiscard]] bool atEnd() const { return m_at == m_end; }
    [[nodiscard]] const char* at() const { return m_at; }

    /// Reads the next field; false when the bytes end or break inside it.
    bool next()
    {
        std::uint64_t tag = 0;
        if (!varint(tag) || tag > 0xffff'ffff || (tag >> 3U) == 0)
            return false;
        number = static_cast<std::uint32_t>(tag >> 3U);
        type = static_cast<WireType>(tag & 7U);
        switch (type) {
        case WireType::Varint:
            return varint(value);
        case WireType::Delimited:
            if (!varint(value) || value > static_cast<std::uint64_t>(m_end - m_at))
                return false;
            return take(static_cast<std::size_t>(value));
        case WireType::Fixed64:
            return m_end - m_at >= 8 && take(8);
        case WireType::Fixed32:
            return m_end - m_at >= 4 && take(4);
        default:
            return false;
        }
    }

    std::uint32_t number = 0;
    WireType type = WireType::Varint;
    std::uint64_t value = 0;   ///< of a varint
    std::string_view contents; ///< of anything else

private:
    bool take(std::size_t size)
    {
        contents = {m_at, size};
        m_at += size;
        return true;
    }

    bool varint(std::uint64_t& to)
    {
        if (m_at != m_end && static_cast<unsigned char>(*m_at) < 0x80) {
            to = static_cast<unsigned char>(*m_at++);
            return true;
        }
        std::uint64_t read = 0;
        for (unsigned shift = 0; shift < 70 && m_at != m_end; shift += 7) {
            const std::uint64_t byte = static_cast<unsigned char>(*m_at++);
            if (shift == 63 && byte > 1)
                return false;
            read |= (byte & 0x7fU) << shift;
            if (byte < 0x80) {
                to = read;
                return true;
            }
        }
        return false;
    }

    const char* m_at;
    const char* m_end;
};

/// The arms of ProtoDatum that jsonb does not use, by field number; empty for a number that is no arm.
std::string_view nameOfArm(std::uint32_t number)
{
    switch (number) {
    case 2:
        return "int16";
    case 3:
        return "int32";
    case 4:
        return "int64";
    case 5:
        return "float32";
    case 6:
        return "float64";
    case 7:
        return "bytes";
    case 16:
        return "date";
    case 17:
        return "time";
    case 18:
        return "timestamp";
    case 19:
        return "timestamp_tz";
    case 20:
        return "interval";
    case 21:
        return "array";
    case 25:
        return "uuid";
    case 26:
        return "uint32";
    case 27:
        return "uint8";
    case 28:
        return "uint16";
    case 29:
        return "uint64";
    case 30:
        return "mz_timestamp";
    case 31:
        return "range";
    case 32:
        return "mz_acl_item";
    case 33:
        return "acl_item";
    default:
        return {};
    }
}

/// Values of ProtoDatumOther. On disk: do not renumber.
enum class Other : std::uint64_t {
    SqlNull = 1,
    False = 2,
    True = 3,
    JsonNull = 4,
    Dummy = 5,
    PosInf = 6,
    NegInf = 7,
    NaN = 8
};

class SourceDataReader
{
public:
    SourceDataReader(std::string_view bytes, TapeBuilder& tape)
        : m_begin(bytes.data())
        , m_tape(tape)
    {
    }

    bool sourceData(std::string_view bytes)
    {
        FieldReader fields(bytes.data(), bytes.data() + bytes.size());
        std::string_view row;
        bool hasRow = false;
        while (!fields.atEnd()) {
            const char* const at = fields.at();
            if (!fields.next())
                return refuse("a field of the row breaks off", at);
            if (fields.number == 2)
                return refuse("the row is an error, not data", at);
            if (fields.number != 1)
                continue;
            if (hasRow || fields.type != WireType::Delimited)
                return refuse("the row is not one message", at);
            row = fields.contents;
            hasRow = true;
        }
        if (!hasRow)
            return refuse("there is no row", bytes.data() + bytes.size());
        return topLevel(row);
    }

private:
    bool refuse(std::string message, const char* at)
    {
        return m_tape.refuse(std::move(message), static_cast<std::size_t>(at - m_begin));
    }

    bool topLevel(std::string_view row)
    {
        FieldReader fields(row.data(), row.data() + row.size());
        std::uint32_t columns = 0;
        while (!fields.atEnd()) {
            const char* const at = fields.at();
            if (!fields.next())
                return refuse("a column breaks off", at);
            if (fields.number != 1)
                continue;
            if (fields.type != WireType::Delimited)
                return refuse("a column is no message", at);
            if (++columns > 1)
                return refuse("the row has more than one column", at);
            if (!datum(fields.contents, {}, 0))
                return false;
        }
        return columns == 1 || refuse("the row has no column", row.data());
    }

    /// Takes the length-delimited field of a known tag off the front; false when the front is anything else, and then
    /// nothing is taken. The tag is one byte, or two whose second is 1.
    static bool take(std::string_view& bytes, unsigned char tag, bool hasSecond, std::string_view& contents)
    {
        const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
        const std::size_t head = hasSecond ? 2 : 1;
        if (bytes.size() < head + 2 || byte(0) != tag || (hasSecond && byte(1) != 1)) // a value of no length is rare
            return false;
        auto size = byte(head);
        auto start = head + 1;
        if (size >= 0x80) {
            const auto second = byte(start);
            size = (size & 0x7fU) | (second << 7U);
            ++start;
            if (second >= 0x80) {
                if (bytes.size() <= start || byte(start) >= 0x80)
                    return false;
                size = (size & 0x3fffU) | (byte(start) << 14U);
                ++start;
            }
        }
        if (size > bytes.size() - start)
            return false;
        contents = bytes.substr(start, size);
        bytes.remove_prefix(start + size);
        return true;
    }

    /// A datum as writers write it: one known arm and nothing else. `isRead` is the outcome if it was one.
    bool usualDatum(std::string_view bytes, std::string_view name, std::uint32_t depth, bool& isRead)
    {
        constexpr unsigned char kString = 8 * 8 + 2;
        constexpr unsigned char kList = 0xb2;    // 22, two bytes with the 1 that follows
        constexpr unsigned char kDict = 0xba;    // 23
        constexpr unsigned char kNumeric = 0xc2; // 24
        if (bytes.empty())
            return false;
        std::string_view contents;
        const auto first = static_cast<unsigned char>(bytes.front());
        if (!take(bytes, first, first >= 0x80, contents) || !bytes.empty())
            return false;
        switch (first) {
        case kString:
            isRead = string(contents, name);
            return true;
        case kDict:
            isRead = dict(contents, name, depth);
            return true;
        case kNumeric:
            isRead = numeric(contents, name);
            return true;
        case kList:
            isRead = list(contents, name, depth);
            return true;
        default:
            return false;
        }
    }

    bool datum(std::string_view bytes, std::string_view name, std::uint32_t depth)
    {
        bool isRead = false;
        return usualDatum(bytes, name, depth, isRead) ? isRead : anyDatum(bytes, name, depth);
    }

    bool anyDatum(std::string_view bytes, std::string_view name, std::uint32_t depth)
    {
        FieldReader fields(bytes.data(), bytes.data() + bytes.size());
        bool hasArm = false;
        while (!fields.atEnd()) {
            const char* const at = fields.at();
            if (!fields.next())
                return refuse("a datum breaks off", at);
            const auto number = fields.number;
            const bool isJson = number == 1 || number == 8 || number == 22 || number == 23 || number == 24;
            if (!isJson) {
                if (const auto arm = nameOfArm(number); !arm.empty())
                    return refuse("a datum of the arm " + std::string(arm) + ", which jsonb does not have,", at);
                continue; // a field that this build does not know
            }
            if (hasArm)
                return refuse("a datum with two values", at);
            hasArm = true;
            if (fields.type != (number == 1 ? WireType::Varint : WireType::Delimited))
                return refuse("a datum of the wrong wire type", at);
            const bool isRead = number == 8 ? string(fields.contents, name)
                : number == 23              ? dict(fields.contents, name, depth)
                : number == 24              ? numeric(fields.contents, name)
                : number == 22              ? list(fields.contents, name, depth)
                                            : other(fields.value, name, at);
            if (!isRead)
                return false;
        }
        return hasArm || refuse("a datum without a value", bytes.data());
    }

    bool string(std::string_view text, std::string_view name)
    {
        if (!checkUtf8(text))
            return false;
        m_tape.add(JsonType::String, name, text);
        return true;
    }

    bool checkUtf8(std::string_view text)
    {
        if (isAscii(text))
            return true;
        const auto wrong = invalidUtf8(text);
        return wrong == std::string_view::npos || refuse("a string is not UTF-8", text.data() + wrong);
    }

    bool other(std::uint64_t value, std::string_view name, const char* at)
    {
        switch (static_cast<Other>(value)) {
        case Other::JsonNull:
            m_tape.add(JsonType::Null, name);
            return true;
        case Other::False:
            m_tape.add(JsonType::False, name);
            return true;
        case Other::True:
            m_tape.add(JsonType::True, name);
            return true;
        case Other::SqlNull:
            return refuse("an SQL null, which jsonb does not have,", at);
        case Other::PosInf:
        case Other::NegInf:
        case Other::NaN:
            return refuse("a numeric infinity or NaN, which jsonb does not have,", at);
        default:
            return refuse("a datum 'other' of the unknown value " + std::to_string(value), at);
        }
    }

    bool dict(std::string_view bytes, std::string_view name, std::uint32_t depth)
    {
        if (depth == kMaxJsonDepth)
            return refuse("values nest too deeply", bytes.data());
        const auto node = m_tape.add(JsonType::Object, name);
        std::uint32_t members = 0;
        for (std::string_view contents; take(bytes, kElement, false, contents); ++members) {
            if (!element(contents, depth))
                return false;
        }
        FieldReader elements(bytes.data(), bytes.data() + bytes.size());
        while (!elements.atEnd()) {
            const char* const at = elements.at();
            if (!elements.next())
                return refuse("a dictionary breaks off", at);
            if (elements.number != 1)
                continue;
            if (elements.type != WireType::Delimited)
                return refuse("a dictionary's element is no message", at);
            if (!element(elements.contents, depth))
                return false;
            ++members;
        }
        m_tape.close(node, members);
        return true;
    }

    bool element(std::string_view bytes, std::uint32_t depth)
    {
        std::string_view key;
        std::string_view value;
        auto rest = bytes;
        if (take(rest, kElement, false, key) && take(rest, kValue, false, value) && rest.empty())
            return checkUtf8(key) && datum(value, key, depth + 1);
        return anyElement(bytes, depth);
    }

    bool anyElement(std::string_view bytes, std::uint32_t depth)
    {
        FieldReader fields(bytes.data(), bytes.data() + bytes.size());
        std::string_view key;
        std::string_view value;
        bool hasValue = false;
        while (!fields.atEnd()) {
            const char* const at = fields.at();
            if (!fields.next())
                return refuse("a dictionary's element breaks off", at);
            if (fields.number > 2)
                continue;
            if (fields.type != WireType::Delimited)
                return refuse("a dictionary's element of the wrong wire type", at);
            if (fields.number == 1) {
                key = fields.contents;
            } else {
                if (hasValue)
                    return refuse("a dictionary's element with two values", at);
                value = fields.contents;
                hasValue = true;
            }
        }
        if (!hasValue)
            return refuse("a dictionary's element without a value", bytes.data());
        return checkUtf8(key) && datum(value, key, depth + 1);
    }

    bool list(std::string_view bytes, std::string_view name, std::uint32_t depth)
    {
        if (depth == kMaxJsonDepth)
            return refuse("values nest too deeply", bytes.data());
        const auto node = m_tape.add(JsonType::Array, name);
        FieldReader fields(bytes.data(), bytes.data() + bytes.size());
        std::uint32_t elements = 0;
        while (!fields.atEnd()) {
            const char* const at = fields.at();
            if (!fields.next())
                return refuse("a list breaks off", at);
            if (fields.number != 1)
                continue;
            if (fields.type != WireType::Delimited)
                return refuse("a list's element is no message", at);
            if (!datum(fields.contents, {}, depth + 1))
                return false;
            ++elements;
        }
        m_tape.close(node, elements);
        return true;
    }

    /// A numeric as writers write it, of up to 18 digits and without places: most of all numbers.
    bool usualNumeric(std::string_view bytes, std::string_view name)
    {
        constexpr std::size_t kMaxBytes = 9;
        std::string_view packed;
        if (!take(bytes, kElement, false, packed) || !bytes.empty() || packed.empty() || packed.size() > kMaxBytes)
            return false;
        char* const room = m_tape.room(2 * kMaxBytes + 1);
        char* out = room;
        const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(packed[i])); };
        unsigned any = 0; // digits so far that are not leading zeros
        const auto digit = [&](unsigned value) {
            any |= value;
            *out = static_cast<char>('0' + value);
            out += any != 0 ? 1 : 0;
            return value <= 9;
        };
        const auto sign = byte(packed.size() - 1) & 0x0fU;
        if (sign == 0x0d)
            *out++ = '-';
        bool isWell = sign == 0x0c || sign == 0x0d;
        for (std::size_t i = 0; i + 1 < packed.size(); ++i) {
            isWell = digit(byte(i) >> 4U) && isWell;
            isWell = digit(byte(i) & 0x0fU) && isWell;
        }
        isWell = digit(byte(packed.size() - 1) >> 4U) && isWell;
        if (!isWell)
            return false;
        if (any == 0) {
            out = room;
            *out++ = '0';
        }
        m_tape.add(JsonType::Number, name, m_tape.keep(room, static_cast<std::size_t>(out - room)));
        return true;
    }

    bool numeric(std::string_view bytes, std::string_view name)
    {
        return usualNumeric(bytes, name) || anyNumeric(bytes, name);
    }

    bool anyNumeric(std::string_view bytes, std::string_view name)
    {
        FieldReader fields(bytes.data(), bytes.data() + bytes.size());
        std::string_view packed;
        std::int64_t scale = 0;
        while (!fields.atEnd()) {
            const char* const at = fields.at();
            if (!fields.next())
                return refuse("a numeric breaks off", at);
            if (fields.number == 1 && fields.type == WireType::Delimited)
                packed = fields.contents;
            else if (fields.number == 2 && fields.type == WireType::Varint) // int32: ten bytes when negative
                scale = static_cast<std::int32_t>(static_cast<std::uint32_t>(fields.value));
            else if (fields.number <= 2)
                return refuse("a numeric of the wrong wire type", at);
        }
        JsonDecimal decimal;
        if (const char* wrong = decimalOfPacked(bytesOf(packed), scale, decimal))
            return refuse(wrong, bytes.data());
        char* const room = m_tape.room(kMaxDecimalText);
        m_tape.add(JsonType::Number, name, m_tape.keep(room, printDecimal(decimal, room)));
        return true;
    }

    static constexpr unsigned char kElement = 1 * 8 + 2; ///< the first field of Dict, DictElement and Numeric alike
    static constexpr unsigned char kValue = 2 * 8 + 2;   ///< DictElement.val

    const char* m_begin;
    TapeBuilder& m_tape;
};

/// The kind of a SourceData row: steps over the elements of the outer dictionary.
std::string_view kindOfSourceData(std::string_view bytes)
{
    constexpr std::uint32_t kOk = 1;
    constexpr std::uint32_t kDatum = 1;
    constexpr std::uint32_t kDict = 23;
    constexpr std::uint32_t kString = 8;
    for (const auto number : {kOk, kDatum, kDict}) {
        FieldReader fields(bytes.data(), bytes.data() + bytes.size());
        if (!fields.next() || fields.number != number || fields.type != WireType::Delimited)
            return {};
        bytes = fields.contents;
    }
    FieldReader elements(bytes.data(), bytes.data() + bytes.size());
    while (!elements.atEnd()) {
        if (!elements.next() || elements.type != WireType::Delimited)
            return {};
        constexpr std::string_view kKindKey = "\x0a\x04kind\x12";
        if (elements.number != 1 || !elements.contents.starts_with(kKindKey))
            continue;
        FieldReader fields(elements.contents.data(), elements.contents.data() + elements.contents.size());
        if (!fields.next() || !fields.next() || fields.type != WireType::Delimited || !fields.atEnd())
            return {};
        FieldReader datum(fields.contents.data(), fields.contents.data() + fields.contents.size());
        const bool isText =
            datum.next() && datum.number == kString && datum.type == WireType::Delimited && datum.atEnd();
        return isText ? datum.contents : std::string_view();
    }
    return {};
}

/// The end of the JSON string whose first character is at `at`: its closing quote, or `end`.
const char* closingQuote(const char* at, const char* end, bool& hasEscapes)
{
    bool hasHighBytes = false;
    while (true) {
        at = findStringEnd(at, end, hasHighBytes);
        if (at == end || *at == '"')
            return at;
        hasEscapes = true;
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    }
}

/// Steps over one compact JSON value; `end` when it does not end.
const char* skipValue(const char* at, const char* end)
{
    std::size_t open = 0;
    bool hasEscapes = false;
    while (at != end) {
        const char c = *at++;
        if (c == '"') {
            at = closingQuote(at, end, hasEscapes);
            if (at == end)
                return end;
            ++at;
        } else if (c == '{' || c == '[') {
            ++open;
            continue;
        } else if (c == '}' || c == ']') {
            if (open == 0)
                return at - 1;
            --open;
        } else if (c == ',' && open == 0) {
            return at - 1;
        }
        if (open == 0 && (c == '"' || c == '}' || c == ']'))
            return at;
    }
    return end;
}

/// The kind of a row whose last member it is, as in the audit log: no need to step over the long event before it. In
/// valid JSON the text `,"kind":"Name"}` at the very end can only be that member, since the quotes around the name are
/// neither escaped nor inside a string.
std::string_view trailingKind(std::string_view text)
{
    constexpr std::string_view kName = "\"kind\":\"";
    constexpr std::size_t kLongest = 64;
    if (!text.ends_with("\"}"))
        return {};
    text.remove_suffix(2);
    const auto window = text.size() > kLongest ? text.size() - kLongest : 0;
    const auto quote = text.find_last_of("\"\\");
    if (quote == std::string_view::npos || quote < window || text[quote] == '\\')
        return {};
    const auto name = quote + 1 - std::min(quote + 1, kName.size());
    if (name == 0 || text.substr(name, kName.size()) != kName || (text[name - 1] != ',' && text[name - 1] != '{'))
        return {};
    return text.substr(quote + 1);
}

std::string_view kindOfJson(std::string_view text)
{
    if (const auto kind = trailingKind(text); !kind.empty())
        return kind;
    const char* at = text.data();
    const char* const end = at + text.size();
    const auto skipBlanks = [&] {
        while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
            ++at;
    };
    skipBlanks();
    if (at == end || *at != '{')
        return {};
    ++at;
    while (true) {
        skipBlanks();
        if (at == end || *at != '"')
            return {};
        bool hasEscapes = false;
        const char* const name = ++at;
        at = closingQuote(at, end, hasEscapes);
        if (at == end)
            return {};
        const bool isKind = std::string_view(name, static_cast<std::size_t>(at - name)) == "kind";
        ++at;
        skipBlanks();
        if (at == end || *at != ':')
            return {};
        ++at;
        skipBlanks();
        if (isKind) {
            if (at == end || *at != '"')
                return {};
            const char* const kind = ++at;
            at = closingQuote(at, end, hasEscapes);
            return at == end || hasEscapes ? std::string_view()
                                           : std::string_view(kind, static_cast<std::size_t>(at - kind));
        }
        at = skipValue(at, end);
        skipBlanks();
        if (at == end || *at != ',')
            return {};
        ++at;
    }
}

} // namespace

Result<> JsonTape::parse(StoredRow row)
{
    switch (row.form) {
    case RowForm::JsonText:
        return parseJson(row.bytes());
    case RowForm::SourceData: {
        TapeBuilder builder(*this);
        if (SourceDataReader(row.bytes(), builder).sourceData(row.bytes()))
            return {};
        return builder.failure();
    }
    case RowForm::Error:
        break;
    }
    m_nodes.clear();
    return fail(ErrorCode::Corrupt, "the row is an error, not data");
}

std::string_view kindOf(StoredRow row)
{
    switch (row.form) {
    case RowForm::JsonText:
        return kindOfJson(row.bytes());
    case RowForm::SourceData:
        return kindOfSourceData(row.bytes());
    case RowForm::Error:
        break;
    }
    return {};
}

Result<std::string> canonicalJson(StoredRow row)
{
    JsonTape tape;
    INSPECTOR_CHECK(tape.parse(row));
    std::string json;
    json.reserve(row.size);
    tape.appendJson(0, json);
    return json;
}

} // namespace inspector::codec
