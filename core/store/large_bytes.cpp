#include "core/store/large_bytes.h"

#include <sys/mman.h>

#include <limits>
#include <memory>
#include <new>

namespace inspector::store {

namespace {

constexpr std::size_t kHugePage = 2U << 20U;
constexpr std::size_t kWorthwhile = 4 * kHugePage;

} // namespace

std::optional<SharedBytes> makeLargeBytes(std::size_t size, const std::function<void(std::byte*)>& fill)
{
    if (size < kWorthwhile) {
        try {
            return SharedBytes::make(size, fill);
        } catch (const std::bad_alloc&) {
            return std::nullopt;
        }
    }
    if (size > std::numeric_limits<std::size_t>::max() / 2)
        return std::nullopt;
    // One huge page more than needed, so that the bytes can begin at the start of one. Fresh pages are zero, and so is
    // the padding; pages that are never touched take no memory.
    const std::size_t length = size + SharedBytes::kPadding + kHugePage;
    void* const mapped = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) // NOLINT(cppcoreguidelines-pro-type-cstyle-cast): the system's macro
        return std::nullopt;
    std::shared_ptr<const void> owner(mapped,
                                      [length](const void* region) { ::munmap(const_cast<void*>(region), length); });
    void* start = mapped;
    std::size_t space = length;
    auto* const bytes = static_cast<std::byte*>(std::align(kHugePage, size + SharedBytes::kPadding, start, space));
    ::madvise(bytes, size + SharedBytes::kPadding, MADV_HUGEPAGE); // only advice
    fill(bytes);
    return SharedBytes(std::move(owner), BytesView(bytes, size));
}

} // namespace inspector::store
