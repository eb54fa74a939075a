// Writes rows: SourceData (persist-format §8.1–8.3) and the datum bytes that the reference keeps in memory. Both put a
// length in front of what it counts, so they are written from the end to the beginning.

#include "core/codec/json_decimal.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <cstring>

namespace inspector::codec {

namespace {

/// Bytes that grow towards the front.
class BackwardWriter
{
public:
    explicit BackwardWriter(std::size_t expected)
        : m_bytes(std::max<std::size_t>(expected, 64))
        , m_begin(m_bytes.size())
    {
    }

    [[nodiscard]] std::size_t size() const { return m_bytes.size() - m_begin; }

    void byte(std::uint32_t value) { *front(1) = static_cast<std::byte>(value & 0xffU); }
    void text(std::string_view text)
    {
        if (!text.empty())
            std::memcpy(front(text.size()), text.data(), text.size());
    }
    void varint(std::uint64_t value)
    {
        std::size_t size = 1;
        for (auto rest = value >> 7U; rest != 0; rest >>= 7U)
            ++size;
        std::byte* to = front(size);
        for (; size > 1; --size, value >>= 7U)
            *to++ = static_cast<std::byte>((value & 0x7fU) | 0x80U);
        *to = static_cast<std::byte>(value);
    }
    void littleEndian(std::uint64_t value, std::size_t width)
    {
        std::byte* to = front(width);
        for (std::size_t i = 0; i < width; ++i)
            to[i] = static_cast<std::byte>((value >> (8 * i)) & 0xffU);
    }

    [[nodiscard]] Bytes take() const { return {m_bytes.begin() + static_cast<std::ptrdiff_t>(m_begin), m_bytes.end()}; }

private:
    std::byte* front(std::size_t size)
    {
        if (m_begin < size) {
            Bytes larger(m_bytes.size() * 2 + size);
            const auto used = this->size();
            std::memcpy(larger.data() + (larger.size() - used), m_bytes.data() + m_begin, used);
            m_begin = larger.size() - used;
            m_bytes = std::move(larger);
        }
        m_begin -= size;
        return m_bytes.data() + m_begin;
    }

    Bytes m_bytes;
    std::size_t m_begin;
};

/// Walks a value from its last child to its first, members in the order of their names.
template <typename Form>
class BackwardEncoder
{
public:
    BackwardEncoder(const std::vector<JsonNode>& nodes, BackwardWriter& out)
        : m_nodes(nodes)
        , m_form(out)
        , m_out(out)
    {
    }

    Result<> value(std::uint32_t node)
    {
        const auto& value = m_nodes[node];
        switch (value.type) {
        case JsonType::Null:
        case JsonType::False:
        case JsonType::True:
            m_form.literal(value.type);
            return {};
        case JsonType::Number: {
            JsonDecimal decimal;
            if (const char* wrong = decimalOfText(value.text, decimal))
                return fail(ErrorCode::Corrupt, wrong);
            decimal = reduced(decimal);
            if (decimal.scale < -static_cast<std::int32_t>(kMaxNumberDigits))
                return fail(ErrorCode::Corrupt, "a number's scale is beyond 39 places");
            m_form.number(decimal);
            return {};
        }
        case JsonType::String:
            m_form.string(value.text);
            return {};
        case JsonType::Array:
        case JsonType::Object:
            break;
        }
        return container(node);
    }

private:
    Result<> container(std::uint32_t node)
    {
        const bool isObject = m_nodes[node].type == JsonType::Object;
        const auto first = m_children.size(); // one stack for all levels: nothing is allocated once it is warm
        bool isSorted = true;
        for (auto child = node + 1; child < m_nodes[node].next; child = m_nodes[child].next) {
            if (isObject && m_children.size() > first)
                isSorted = isSorted && m_nodes[m_children.back()].name < m_nodes[child].name;
            m_children.push_back(child);
        }
        if (!isSorted)
            INSPECTOR_CHECK(sortMembers(first));
        const auto end = m_out.size();
        while (m_children.size() > first) {
            const auto child = m_children.back();
            m_children.pop_back();
            const auto elementEnd = m_out.size();
            INSPECTOR_CHECK(value(child));
            if (isObject)
                m_form.member(m_nodes[child].name, elementEnd);
            else
                m_form.element(elementEnd);
        }
        isObject ? m_form.dict(end) : m_form.list(end);
        return {};
    }

    Result<> sortMembers(std::size_t first)
    {
        const auto begin = m_children.begin() + static_cast<std::ptrdiff_t>(first);
        std::sort(begin, m_children.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return m_nodes[a].name < m_nodes[b].name; });
        const auto twice = std::adjacent_find(begin, m_children.end(), [&](std::uint32_t a, std::uint32_t b) {
            return m_nodes[a].name == m_nodes[b].name;
        });
        if (twice == m_children.end())
            return {};
        return fail(ErrorCode::InvalidInput,
                    "the member \"" + std::string(m_nodes[*twice].name) + "\" occurs twice in one object");
    }

    const std::vector<JsonNode>& m_nodes;
    std::vector<std::uint32_t> m_children;
    Form m_form;
    BackwardWriter& m_out;
};

/// ProtoDatum (persist-format §8.1). Tags are field number × 8 + wire type.
class ProtobufForm
{
public:
    explicit ProtobufForm(BackwardWriter& out)
        : m_out(out)
    {
    }

    void literal(JsonType type)
    {
        m_out.byte(type == JsonType::Null ? 4 : type == JsonType::True ? 3 : 2);
        m_out.byte(kOther);
    }

    void number(const JsonDecimal& decimal)
    {
        const auto end = m_out.size();
        if (decimal.scale != 0) { // a negative int32 is a varint of ten bytes
            m_out.varint(static_cast<std::uint64_t>(static_cast<std::int64_t>(decimal.scale)));
            m_out.byte(kScale);
        }
        const auto packedEnd = m_out.size();
        std::uint32_t low = decimal.isNegative ? 0x0dU : 0x0cU;
        for (auto i = decimal.count; i > 0;) {
            m_out.byte((static_cast<std::uint32_t>(decimal.digits[--i]) << 4U) | low);
            if (i == 0)
                break;
            low = decimal.digits[--i];
            if (i == 0)
                m_out.byte(low);
        }
        m_out.varint(m_out.size() - packedEnd);
        m_out.byte(kBcd);
        wrap(kNumeric, end);
    }

    void string(std::string_view text)
    {
        m_out.text(text);
        m_out.varint(text.size());
        m_out.byte(kString);
    }

    void member(std::string_view name, std::size_t end)
    {
        m_out.varint(m_out.size() - end);
        m_out.byte(kValue);
        if (!name.empty()) {
            m_out.text(name);
            m_out.varint(name.size());
            m_out.byte(kKey);
        }
        m_out.varint(m_out.size() - end);
        m_out.byte(kElement);
    }

    void element(std::size_t end)
    {
        m_out.varint(m_out.size() - end);
        m_out.byte(kElement);
    }

    void dict(std::size_t end) { wrap(kDict, end); }
    void list(std::size_t end) { wrap(kList, end); }

private:
    static constexpr std::uint32_t kOther = 1 * 8 + 0;
    static constexpr std::uint32_t kString = 8 * 8 + 2;
    static constexpr std::uint64_t kList = 22 * 8 + 2;
    static constexpr std::uint64_t kDict = 23 * 8 + 2;
    static constexpr std::uint64_t kNumeric = 24 * 8 + 2;
    static constexpr std::uint32_t kElement = 1 * 8 + 2;
    static constexpr std::uint32_t kKey = 1 * 8 + 2;
    static constexpr std::uint32_t kValue = 2 * 8 + 2;
    static constexpr std::uint32_t kBcd = 1 * 8 + 2;
    static constexpr std::uint32_t kScale = 2 * 8 + 0;

    void wrap(std::uint64_t tag, std::size_t end)
    {
        m_out.varint(m_out.size() - end);
        m_out.varint(tag);
    }

    BackwardWriter& m_out;
};

/// What the reference keeps in memory, read off its own output (the fixtures' row_hex): a tag byte and the contents.
/// Strings and lists have a tag for each width of their length; a dictionary's length is always 8 bytes.
class DatumForm
{
public:
    explicit DatumForm(BackwardWriter& out)
        : m_out(out)
    {
    }

    void literal(JsonType type)
    {
        m_out.byte(type == JsonType::Null ? kJsonNull : type == JsonType::True ? kTrue : kFalse);
    }

    /// Digits, exponent, sign, and the digits in groups of three, the least significant group first.
    void number(const JsonDecimal& decimal)
    {
        const auto groups = (decimal.count + 2) / 3;
        for (std::uint32_t group = groups; group > 0; --group) {
            const auto end = decimal.count - (group - 1) * 3;
            std::uint32_t unit = 0;
            for (auto i = end > 3 ? end - 3 : 0; i < end; ++i)
                unit = unit * 10 + decimal.digits[i];
            m_out.littleEndian(unit, 2);
        }
        m_out.byte(decimal.isNegative ? 0x80 : 0);
        m_out.byte(static_cast<std::uint32_t>(-decimal.scale));
        m_out.byte(decimal.count);
        m_out.byte(kNumeric);
    }

    void string(std::string_view text)
    {
        m_out.text(text);
        length(text.size(), kString);
    }

    void member(std::string_view name, std::size_t /*end*/) { string(name); }
    void element(std::size_t /*end*/) { }
    void dict(std::size_t end)
    {
        m_out.littleEndian(m_out.size() - end, 8);
        m_out.byte(kDict);
    }
    void list(std::size_t end) { length(m_out.size() - end, kList); }

private:
    static constexpr std::uint32_t kFalse = 0x01;
    static constexpr std::uint32_t kTrue = 0x02;
    static constexpr std::uint32_t kString = 0x13; ///< and the three after it
    static constexpr std::uint32_t kList = 0x19;   ///< and the three after it
    static constexpr std::uint32_t kDict = 0x1d;
    static constexpr std::uint32_t kJsonNull = 0x1e;
    static constexpr std::uint32_t kNumeric = 0x20;

    void length(std::size_t size, std::uint32_t tag)
    {
        const std::uint32_t step = size <= 0xff ? 0 : size <= 0xffff ? 1 : size <= 0xffff'ffff ? 2 : 3;
        m_out.littleEndian(size, std::size_t {1} << step);
        m_out.byte(tag + step);
    }

    BackwardWriter& m_out;
};

/// Enough for nearly every row: what it holds, and some bytes of framing for each value.
std::size_t expectedSize(const JsonTape& tape)
{
    constexpr std::size_t kFraming = 16;
    std::size_t size = 0;
    for (const auto& node : tape.nodes())
        size += node.name.size() + node.text.size() + kFraming;
    return size;
}

} // namespace

Result<Bytes> sourceDataOf(const JsonTape& tape, std::uint32_t node)
{
    if (node >= tape.nodes().size())
        return fail(ErrorCode::InvalidInput, "there is no value to encode");
    BackwardWriter out(expectedSize(tape));
    INSPECTOR_CHECK(BackwardEncoder<ProtobufForm>(tape.nodes(), out).value(node));
    for (int wrap = 0; wrap < 2; ++wrap) { // Row.datums, SourceData.ok
        out.varint(out.size());
        out.byte(1 * 8 + 2);
    }
    return out.take();
}

Result<Bytes> datumBytesOf(const JsonTape& tape, std::uint32_t node)
{
    if (node >= tape.nodes().size())
        return fail(ErrorCode::InvalidInput, "there is no value to encode");
    BackwardWriter out(expectedSize(tape));
    INSPECTOR_CHECK(BackwardEncoder<DatumForm>(tape.nodes(), out).value(node));
    return out.take();
}

Result<Bytes> sourceDataOf(std::string_view json)
{
    JsonTape tape;
    INSPECTOR_CHECK(tape.parseJson(json));
    return sourceDataOf(tape);
}

Result<Bytes> datumBytesOf(std::string_view json)
{
    JsonTape tape;
    INSPECTOR_CHECK(tape.parseJson(json));
    return datumBytesOf(tape);
}

Result<Bytes> sourceDataOf(StoredRow row)
{
    if (row.form == RowForm::SourceData) {
        const auto bytes = bytesOf(row.bytes());
        return Bytes(bytes.begin(), bytes.end());
    }
    JsonTape tape;
    INSPECTOR_CHECK(tape.parse(row));
    return sourceDataOf(tape);
}

} // namespace inspector::codec
