#pragma once

#include "core/codec/thrift_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace inspector::codec {

/// Writes Thrift's compact protocol (persist-format §7.3). Fields of a struct come in ascending order of their ids.
class ThriftWriter
{
public:
    /// Appends to `to`, which must outlive the writer.
    explicit ThriftWriter(std::string& to)
        : m_to(to)
    {
    }

    void writeI32(std::int16_t id, std::int32_t value);
    void writeI64(std::int16_t id, std::int64_t value);
    void writeBool(std::int16_t id, bool value);
    void writeBinary(std::int16_t id, std::string_view value);

    /// A struct field, whose fields `writeFields` writes.
    template <typename WriteFields>
    void writeStruct(std::int16_t id, const WriteFields& writeFields)
    {
        beginField(id, ThriftType::Struct);
        writeElement(writeFields);
    }

    /// Begins a list field of `size` elements, which the caller writes next with writeElement().
    void beginList(std::int16_t id, ThriftType element, std::size_t size);
    void writeElement(std::int32_t value);
    void writeElement(std::string_view value);
    /// A struct without a field of its own: an element of a list, or the whole message.
    template <typename WriteFields>
    void writeElement(const WriteFields& writeFields) requires std::is_invocable_v<WriteFields>
    {
        const auto outer = m_lastId;
        m_lastId = 0;
        writeFields();
        m_to += '\0'; // stop
        m_lastId = outer;
    }

private:
    void beginField(std::int16_t id, ThriftType type);
    void varint(std::uint64_t value);
    void zigzag(std::int64_t value);

    std::string& m_to;
    std::int16_t m_lastId = 0; ///< of the struct being written
};

} // namespace inspector::codec
