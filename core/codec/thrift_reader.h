#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace inspector::codec {

/// The types of Thrift's compact protocol. A boolean field carries its value in its type.
enum class ThriftType : std::uint8_t {
    Stop = 0,
    True = 1,
    False = 2,
    Byte = 3,
    I16 = 4,
    I32 = 5,
    I64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Set = 10,
    Map = 11,
    Struct = 12,
    Uuid = 13,
};

/// The header of one field of a struct.
struct ThriftField
{
    std::int16_t id = 0;
    ThriftType type = ThriftType::Stop;
};

/// Reads Thrift's compact protocol (persist-format §7.3) from bytes that may be anything.
///
/// The first failure stays: after it every read answers with zero or nothing and every loop ends, so that callers ask
/// once, at the end, with `status`. Work is bounded by the number of bytes, nesting by kMaxDepth. Views point into the
/// bytes given.
class ThriftReader
{
public:
    static constexpr int kMaxDepth = 32;

    explicit ThriftReader(BytesView bytes)
        : m_bytes(bytes)
    {
    }

    [[nodiscard]] bool ok() const { return m_failure == nullptr; }
    /// The number of bytes read so far.
    [[nodiscard]] std::size_t position() const { return m_position; }
    /// Nothing, or Corrupt with the reason and the byte where reading stopped; `what` names what was read.
    [[nodiscard]] Result<> status(std::string_view what) const;

    /// Calls `onField` for each field of the struct that begins here. It must read or `skip` the field's value.
    template <typename OnField>
    void readStruct(OnField&& onField)
    {
        if (!enter())
            return;
        std::int16_t id = 0;
        while (const auto field = nextField(id))
            onField(*field);
        leave();
    }

    /// Calls `onElement` for each element of a list field of structs; it must read the struct.
    template <typename OnElement>
    void readStructs(ThriftField field, OnElement&& onElement)
    {
        const auto size = listSize(field, ThriftType::Struct);
        for (std::size_t i = 0; i < size && ok(); ++i)
            onElement();
    }

    /// Calls `onElement` with each element of a list field of strings.
    template <typename OnElement>
    void readBinaries(ThriftField field, OnElement&& onElement)
    {
        const auto size = listSize(field, ThriftType::Binary);
        for (std::size_t i = 0; i < size && ok(); ++i)
            onElement(binary());
    }

    /// Reads a struct field.
    template <typename OnField>
    void readStruct(ThriftField field, OnField&& onField)
    {
        if (expect(field, ThriftType::Struct))
            readStruct(std::forward<OnField>(onField));
    }

    /// Any of the integer types of 16 bits and more: they are encoded alike.
    [[nodiscard]] std::int64_t readI64(ThriftField field);
    /// As readI64; a value beyond 32 bits is a failure.
    [[nodiscard]] std::int32_t readI32(ThriftField field);
    [[nodiscard]] bool readBool(ThriftField field);
    [[nodiscard]] std::string_view readBinary(ThriftField field);
    /// Passes over a field of any type.
    void skip(ThriftField field);

private:
    [[nodiscard]] bool enter();
    void leave() { --m_depth; }
    [[nodiscard]] std::optional<ThriftField> nextField(std::int16_t& id);
    [[nodiscard]] bool expect(ThriftField field, ThriftType type);
    [[nodiscard]] std::size_t listSize(ThriftField field, ThriftType element);
    [[nodiscard]] std::uint8_t byte();
    [[nodiscard]] std::uint64_t varint();
    [[nodiscard]] std::int64_t zigzag();
    [[nodiscard]] std::string_view binary();
    void advance(std::size_t count);
    void skipElement(ThriftType type);
    void skipList();
    void skipMap();
    void fail(const char* reason);

    BytesView m_bytes;
    std::size_t m_position = 0;
    int m_depth = 0;
    const char* m_failure = nullptr;
};

} // namespace inspector::codec
