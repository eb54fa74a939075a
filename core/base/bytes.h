#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace inspector {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

[[nodiscard]] inline BytesView bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] inline std::string_view textOf(BytesView bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Immutable bytes with their owner: a blob of 100 MB is read once and then only looked at. Copies
/// share; views into it are valid while any copy of the owner lives. Behind the last byte lie at
/// least kPadding readable bytes, so that SIMD parsers may run over the end.
class SharedBytes
{
public:
    static constexpr std::size_t kPadding = 64;

    SharedBytes() = default;
    SharedBytes(std::shared_ptr<const void> owner, BytesView view)
        : m_owner(std::move(owner))
        , m_view(view)
    {
    }

    /// `size` bytes for `fill(std::byte*)` to write, not zeroed before (the padding is).
    template <typename Fill>
    [[nodiscard]] static SharedBytes make(std::size_t size, Fill&& fill)
    {
        auto owner = std::make_shared_for_overwrite<std::byte[]>(size + kPadding);
        std::memset(owner.get() + size, 0, kPadding);
        fill(owner.get());
        const BytesView view(owner.get(), size);
        return {std::move(owner), view};
    }

    [[nodiscard]] static SharedBytes copyOf(BytesView bytes)
    {
        return make(bytes.size(), [&](std::byte* to) {
            if (!bytes.empty())
                std::memcpy(to, bytes.data(), bytes.size());
        });
    }

    [[nodiscard]] BytesView view() const { return m_view; }
    [[nodiscard]] std::size_t size() const { return m_view.size(); }
    [[nodiscard]] const std::byte* data() const { return m_view.data(); }
    [[nodiscard]] const std::shared_ptr<const void>& owner() const { return m_owner; }

private:
    std::shared_ptr<const void> m_owner;
    BytesView m_view;
};

} // namespace inspector
