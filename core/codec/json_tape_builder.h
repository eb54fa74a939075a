#pragma once

#include "core/codec/json_swar.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace inspector::codec {

/// Fills a tape, node after node, and keeps the first failure as a message and a byte. Reading is recursive and hot, so
/// success travels as a bool and only the caller outside makes a Result of it.
class TapeBuilder
{
public:
    explicit TapeBuilder(JsonTape& tape)
        : m_tape(tape)
    {
        m_tape.m_nodes.clear();
        if (m_tape.m_chunks.size() > 1) { // the last one is the largest: keep it
            m_tape.m_chunks.front() = std::move(m_tape.m_chunks.back());
            m_tape.m_chunks.resize(1);
        }
        m_tape.m_chunkUsed = 0;
    }

    /// Adds a node without children; `next` is the node after it until close() says otherwise.
    std::uint32_t add(JsonType type, std::string_view name, std::string_view text = {})
    {
        auto& nodes = m_tape.m_nodes;
        const auto index = static_cast<std::uint32_t>(nodes.size());
        nodes.push_back({type, index + 1, 0, name, text});
        return index;
    }

    /// Ends the object or array at `node`.
    void close(std::uint32_t node, std::uint32_t children)
    {
        m_tape.m_nodes[node].next = static_cast<std::uint32_t>(m_tape.m_nodes.size());
        m_tape.m_nodes[node].children = children;
    }

    /// Room for `size` bytes that stay where they are until the next parse. Only the bytes that keep() takes are used
    /// up.
    [[nodiscard]] char* room(std::size_t size)
    {
        if (m_tape.m_chunks.empty() || m_tape.m_chunkSize - m_tape.m_chunkUsed < size) {
            constexpr std::size_t kFirst = 4096;
            m_tape.m_chunkSize = std::max({kFirst, size, m_tape.m_chunkSize * 2});
            m_tape.m_chunks.push_back(std::make_unique_for_overwrite<char[]>(m_tape.m_chunkSize));
            m_tape.m_chunkUsed = 0;
        }
        return m_tape.m_chunks.back().get() + m_tape.m_chunkUsed;
    }
    [[nodiscard]] std::string_view keep(const char* room, std::size_t size)
    {
        m_tape.m_chunkUsed += size;
        return {room, size};
    }

    /// Takes note of what is wrong at byte `offset`. Always false.
    bool refuse(std::string message, std::size_t offset)
    {
        m_message = std::move(message);
        m_offset = offset;
        return false;
    }

    /// The noted failure as Corrupt; the tape is emptied.
    [[nodiscard]] Result<> failure() const
    {
        m_tape.m_nodes.clear();
        return fail(ErrorCode::Corrupt, m_message + " at byte " + std::to_string(m_offset));
    }

private:
    JsonTape& m_tape;
    std::string m_message;
    std::size_t m_offset = 0;
};

/// Whether all bytes are below U+0080. Short texts take two loads, which overlap.
[[nodiscard]] inline bool isAscii(std::string_view text)
{
    const char* const at = text.data();
    const auto size = text.size();
    if (size >= 8) {
        auto all = loadWord(at + size - 8);
        for (std::size_t i = 0; i + 8 < size; i += 8)
            all |= loadWord(at + i);
        return (all & kHighBits) == 0;
    }
    if (size >= 4) {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        std::memcpy(&first, at, sizeof first);
        std::memcpy(&last, at + size - 4, sizeof last);
        return ((first | last) & 0x8080'8080U) == 0;
    }
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// The first byte of `text` that is not valid UTF-8, or npos (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] std::size_t invalidUtf8(std::string_view text);

} // namespace inspector::codec
