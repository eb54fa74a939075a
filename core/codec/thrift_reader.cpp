#include "core/codec/thrift_reader.h"

#include <limits>

namespace inspector::codec {

Result<> ThriftReader::status(std::string_view what) const
{
    if (ok())
        return {};
    return inspector::fail(ErrorCode::Corrupt,
                           std::string(what) + ": " + m_failure + " at byte " + std::to_string(m_position));
}

void ThriftReader::fail(const char* reason)
{
    if (m_failure == nullptr)
        m_failure = reason;
}

bool ThriftReader::enter()
{
    if (m_depth >= kMaxDepth)
        fail("structs are nested too deeply");
    if (!ok())
        return false;
    ++m_depth;
    return true;
}

std::uint8_t ThriftReader::byte()
{
    if (!ok())
        return 0;
    if (m_position >= m_bytes.size()) {
        fail("the bytes end too early");
        return 0;
    }
    return static_cast<std::uint8_t>(m_bytes[m_position++]);
}

std::uint64_t ThriftReader::varint()
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const auto next = byte();
        value |= static_cast<std::uint64_t>(next & 0x7fU) << shift;
        if ((next & 0x80U) == 0)
            return value;
    }
    fail("a number is longer than ten bytes");
    return 0;
}

std::int64_t ThriftReader::zigzag()
{
    const auto value = varint();
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

void ThriftReader::advance(std::size_t count)
{
    if (!ok())
        return;
    if (count > m_bytes.size() - m_position)
        fail("the bytes end too early");
    else
        m_position += count;
}

std::string_view ThriftReader::binary()
{
    const auto size = varint();
    if (size > m_bytes.size() - m_position)
        fail("a string is longer than the bytes that are left");
    if (!ok())
        return {};
    const auto text = textOf(m_bytes.subspan(m_position, size));
    m_position += size;
    return text;
}

std::optional<ThriftField> ThriftReader::nextField(std::int16_t& id)
{
    const auto header = byte();
    if (!ok() || header == 0)
        return std::nullopt;
    const auto type = header & 0x0fU;
    const auto delta = header >> 4U;
    const auto next = delta != 0 ? std::int64_t {id} + delta : zigzag();
    if (next < std::numeric_limits<std::int16_t>::min() || next > std::numeric_limits<std::int16_t>::max())
        fail("a field's number does not fit 16 bits");
    if (type == 0 || type > static_cast<unsigned>(ThriftType::Uuid))
        fail("a field has an unknown type");
    if (!ok())
        return std::nullopt;
    id = static_cast<std::int16_t>(next);
    return ThriftField {id, static_cast<ThriftType>(type)};
}

bool ThriftReader::expect(ThriftField field, ThriftType type)
{
    if (field.type != type)
        fail("a field has another type than its number says");
    return ok();
}

std::size_t ThriftReader::listSize(ThriftField field, ThriftType element)
{
    if (field.type != ThriftType::List && field.type != ThriftType::Set)
        fail("a field has another type than its number says");
    const auto header = byte();
    std::uint64_t size = header >> 4U;
    if (size == 15)
        size = varint();
    // Every element takes a byte at least, so a longer list cannot be.
    if (size > m_bytes.size() - m_position)
        fail("a list has more elements than there are bytes left");
    if (size > 0 && (header & 0x0fU) != static_cast<unsigned>(element))
        fail("a list has elements of another type than its field's number says");
    return ok() ? static_cast<std::size_t>(size) : 0;
}

std::int64_t ThriftReader::readI64(ThriftField field)
{
    if (field.type != ThriftType::I16 && field.type != ThriftType::I32 && field.type != ThriftType::I64)
        fail("a field has another type than its number says");
    const auto value = zigzag();
    return ok() ? value : 0;
}

std::int32_t ThriftReader::readI32(ThriftField field)
{
    const auto value = readI64(field);
    if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max())
        fail("a number does not fit 32 bits");
    return ok() ? static_cast<std::int32_t>(value) : 0;
}

bool ThriftReader::readBool(ThriftField field)
{
    if (field.type != ThriftType::True && field.type != ThriftType::False)
        fail("a field has another type than its number says");
    return ok() && field.type == ThriftType::True;
}

std::string_view ThriftReader::readBinary(ThriftField field)
{
    if (!expect(field, ThriftType::Binary))
        return {};
    return binary();
}

void ThriftReader::skip(ThriftField field)
{
    if (field.type != ThriftType::True && field.type != ThriftType::False)
        skipElement(field.type);
}

void ThriftReader::skipElement(ThriftType type)
{
    switch (type) {
    case ThriftType::True: // in a list a boolean is a byte of its own
    case ThriftType::False:
    case ThriftType::Byte:
        advance(1);
        return;
    case ThriftType::I16:
    case ThriftType::I32:
    case ThriftType::I64:
        static_cast<void>(varint());
        return;
    case ThriftType::Double:
        advance(8);
        return;
    case ThriftType::Uuid:
        advance(16);
        return;
    case ThriftType::Binary:
        static_cast<void>(binary());
        return;
    case ThriftType::List:
    case ThriftType::Set:
        skipList();
        return;
    case ThriftType::Map:
        skipMap();
        return;
    case ThriftType::Struct:
        readStruct([this](ThriftField field) { skip(field); });
        return;
    case ThriftType::Stop:
        break;
    }
    fail("an element has an unknown type");
}

void ThriftReader::skipList()
{
    if (!enter())
        return;
    const auto header = byte();
    std::uint64_t size = header >> 4U;
    if (size == 15)
        size = varint();
    if (size > m_bytes.size() - m_position)
        fail("a list has more elements than there are bytes left");
    for (std::uint64_t i = 0; i < size && ok(); ++i)
        skipElement(static_cast<ThriftType>(header & 0x0fU));
    leave();
}

void ThriftReader::skipMap()
{
    if (!enter())
        return;
    const auto size = varint();
    const auto types = size == 0 ? std::uint8_t {0} : byte();
    if (size > m_bytes.size() - m_position)
        fail("a map has more entries than there are bytes left");
    for (std::uint64_t i = 0; i < size && ok(); ++i) {
        skipElement(static_cast<ThriftType>(types >> 4U));
        skipElement(static_cast<ThriftType>(types & 0x0fU));
    }
    leave();
}

} // namespace inspector::codec
