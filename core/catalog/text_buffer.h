#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace inspector::catalog {

/// Text that grows at its end: a std::string for output of hundreds of megabytes, which neither zeroes what it is about
/// to overwrite nor checks its room more than once for a piece. Behind the text lie always kSlack writable bytes.
class TextBuffer
{
public:
    static constexpr std::size_t kSlack = 64;

    TextBuffer() { grow(std::size_t {1} << 12U); }

    [[nodiscard]] std::string_view text() const
    {
        return {m_bytes.get(), static_cast<std::size_t>(m_at - m_bytes.get())};
    }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(m_at - m_bytes.get()); }
    void clear() { m_at = m_bytes.get(); }
    /// Cuts the text to `size` bytes, at most what there is.
    void truncate(std::size_t size) { m_at = m_bytes.get() + std::min(size, this->size()); }

    /// Makes room for `size` bytes (and the slack) and returns where they start; advance() tells how many were written.
    [[nodiscard]] char* reserve(std::size_t size)
    {
        if (static_cast<std::size_t>(m_end - m_at) < size + kSlack)
            grow(size + kSlack);
        return m_at;
    }
    void advance(char* to) { m_at = to; }

    void append(std::string_view text)
    {
        char* const to = reserve(text.size());
        if (!text.empty())
            std::memcpy(to, text.data(), text.size());
        m_at = to + text.size();
    }
    void append(char c)
    {
        char* const to = reserve(1);
        *to = c;
        m_at = to + 1;
    }

private:
    struct Free
    {
        void operator()(char* bytes) const { std::free(bytes); } // NOLINT(cppcoreguidelines-no-malloc): grown in place
    };

    void grow(std::size_t needed)
    {
        const auto used = m_bytes ? size() : 0;
        const auto room = std::max(used + needed, used * 2);
        auto* const bytes =
            static_cast<char*>(std::realloc(m_bytes.get(), room)); // NOLINT(cppcoreguidelines-no-malloc)
        if (bytes == nullptr)
            throw std::bad_alloc();
        static_cast<void>(m_bytes.release());
        m_bytes.reset(bytes);
        m_at = bytes + used;
        m_end = bytes + room;
    }

    std::unique_ptr<char, Free> m_bytes;
    char* m_at = nullptr;
    char* m_end = nullptr;
};

} // namespace inspector::catalog
