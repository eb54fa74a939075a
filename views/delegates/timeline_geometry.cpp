#include "views/delegates/timeline_geometry.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace inspector::views {

namespace {

constexpr std::uint64_t kFewest = 8;

TimelineGeometry within(TimelineGeometry geometry, std::uint64_t first, std::uint64_t span,
                        const TimelineGeometry& whole)
{
    const std::uint64_t most = whole.last - whole.first;
    span = std::min(std::max(span, std::min(kFewest, most)), most);
    first = std::clamp(first, whole.first, whole.last - span);
    geometry.first = first;
    geometry.last = first + span;
    return geometry;
}

} // namespace

int TimelineGeometry::xOf(std::uint64_t value) const
{
    if (value <= first || last <= first)
        return left;
    if (value >= last)
        return left + width - 1;
    const auto share = static_cast<long double>(value - first) / static_cast<long double>(last - first);
    return left + static_cast<int>(std::lround(share * static_cast<long double>(width - 1)));
}

std::uint64_t TimelineGeometry::valueAt(int x) const
{
    if (x <= left || last <= first || width <= 1)
        return first;
    if (x >= left + width - 1)
        return last;
    const auto share = static_cast<long double>(x - left) / static_cast<long double>(width - 1);
    const auto offset = static_cast<std::uint64_t>(share * static_cast<long double>(last - first) + 0.5L);
    return first + std::min(last - first, offset);
}

std::vector<std::uint64_t> TimelineGeometry::ticks(int minimumPixels) const
{
    std::vector<std::uint64_t> ticks;
    if (last <= first)
        return {first};
    const int most = std::max(1, width / std::max(1, minimumPixels));
    const std::uint64_t span = last - first;
    std::uint64_t step = 1;
    while (span / step > static_cast<std::uint64_t>(most)) { // 1, 2, 5, 10, 20, 50, …
        std::uint64_t power = 1;
        while (step / power >= 10)
            power *= 10;
        const std::uint64_t next = step / power == 1 ? power * 2 : step / power == 2 ? power * 5 : power * 10;
        if (next <= step)
            break; // beyond 64 bits
        step = next;
    }
    for (std::uint64_t tick = (first + step - 1) / step * step; tick <= last && tick >= first; tick += step) {
        ticks.push_back(tick);
        if (last - tick < step)
            break;
    }
    return ticks;
}

TimelineGeometry TimelineGeometry::zoomed(bool in, int x, const TimelineGeometry& whole) const
{
    const std::uint64_t anchor = valueAt(x);
    const std::uint64_t before = anchor - first;
    const std::uint64_t span = last - first;
    if (in)
        return within(*this, anchor - before / 2, span / 2, whole);
    const std::uint64_t room = anchor - whole.first;
    const std::uint64_t wanted = std::min(before > room / 2 ? room : before * 2, room);
    const std::uint64_t doubled = span > (whole.last - whole.first) / 2 ? whole.last - whole.first : span * 2;
    return within(*this, anchor - wanted, doubled, whole);
}

TimelineGeometry TimelineGeometry::panned(int pixels, const TimelineGeometry& whole) const
{
    const std::uint64_t span = last - first;
    const auto distance = static_cast<std::uint64_t>(static_cast<long double>(span) * std::abs(pixels)
                                                     / static_cast<long double>(std::max(1, width)));
    if (pixels > 0)
        return within(*this, first - std::min(distance, first - whole.first), span, whole);
    return within(*this, first + std::min(distance, whole.last - last), span, whole);
}

std::vector<TimelineBin> histogram(std::span<const TimelineMark> marks, const TimelineGeometry& geometry, int pixels)
{
    std::vector<TimelineBin> bins;
    const int columnWidth = std::max(1, pixels);
    for (const auto& mark : marks) {
        if (mark.value < geometry.first || mark.value > geometry.last)
            continue;
        const int column = (geometry.xOf(mark.value) - geometry.left) / columnWidth;
        const int x = geometry.left + column * columnWidth;
        if (!bins.empty() && bins.back().x == x) {
            bins.back().weight += mark.weight;
            bins.back().isRounded = bins.back().isRounded && mark.isRounded;
        } else {
            bins.push_back({x, mark.weight, mark.isRounded});
        }
    }
    return bins;
}

int nearestMark(std::span<const TimelineMark> marks, const TimelineGeometry& geometry, int x, int tolerance)
{
    const std::uint64_t value = geometry.valueAt(x);
    const auto after =
        std::lower_bound(marks.begin(), marks.end(), value,
                         [](const TimelineMark& mark, std::uint64_t wanted) { return mark.value < wanted; });
    int best = -1;
    int bestDistance = tolerance + 1;
    const auto judge = [&](auto candidate) {
        const int distance = std::abs(geometry.xOf(candidate->value) - x);
        if (candidate->value >= geometry.first && candidate->value <= geometry.last && distance < bestDistance) {
            best = static_cast<int>(candidate - marks.begin());
            bestDistance = distance;
        }
    };
    if (after != marks.end())
        judge(after);
    if (after != marks.begin())
        judge(std::prev(after));
    return best;
}

} // namespace inspector::views
