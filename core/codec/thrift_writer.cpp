#include "core/codec/thrift_writer.h"

namespace inspector::codec {

void ThriftWriter::writeI32(std::int16_t id, std::int32_t value)
{
    beginField(id, ThriftType::I32);
    zigzag(value);
}

void ThriftWriter::writeI64(std::int16_t id, std::int64_t value)
{
    beginField(id, ThriftType::I64);
    zigzag(value);
}

void ThriftWriter::writeBool(std::int16_t id, bool value)
{
    beginField(id, value ? ThriftType::True : ThriftType::False);
}

void ThriftWriter::writeBinary(std::int16_t id, std::string_view value)
{
    beginField(id, ThriftType::Binary);
    writeElement(value);
}

void ThriftWriter::beginList(std::int16_t id, ThriftType element, std::size_t size)
{
    constexpr std::size_t kSizeBehind = 15; // a size that does not fit into four bits follows as a varint
    beginField(id, ThriftType::List);
    const auto inHeader = size < kSizeBehind ? size : kSizeBehind;
    m_to += static_cast<char>((inHeader << 4U) | static_cast<std::size_t>(element));
    if (inHeader == kSizeBehind)
        varint(size);
}

void ThriftWriter::writeElement(std::int32_t value)
{
    zigzag(value);
}

void ThriftWriter::writeElement(std::string_view value)
{
    varint(value.size());
    m_to += value;
}

void ThriftWriter::beginField(std::int16_t id, ThriftType type)
{
    constexpr int kMaxDelta = 15;
    const int delta = id - m_lastId;
    if (delta >= 1 && delta <= kMaxDelta) {
        m_to += static_cast<char>((delta << 4) | static_cast<int>(type));
    } else {
        m_to += static_cast<char>(type);
        zigzag(id);
    }
    m_lastId = id;
}

void ThriftWriter::varint(std::uint64_t value)
{
    for (; value >= 0x80U; value >>= 7U)
        m_to += static_cast<char>((value & 0x7fU) | 0x80U);
    m_to += static_cast<char>(value);
}

void ThriftWriter::zigzag(std::int64_t value)
{
    varint((static_cast<std::uint64_t>(value) << 1U) ^ (value < 0 ? ~std::uint64_t {0} : 0));
}

} // namespace inspector::codec
