#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace inspector::views {

/// Where a number lies on a horizontal axis, without a painter, so that zooming and clicking are tested as arithmetic.
/// Both clocks use it: seqnos and catalog times.
struct TimelineGeometry
{
    std::uint64_t first = 0; ///< shown at the left edge
    std::uint64_t last = 0;  ///< shown at the right edge; not before `first`
    int left = 0;            ///< pixels before the left edge
    int width = 1;           ///< pixels

    /// Pixels from the left of the widget; clamped to the axis.
    [[nodiscard]] int xOf(std::uint64_t value) const;
    /// The number under a pixel, clamped to the axis; the inverse of xOf up to one pixel.
    [[nodiscard]] std::uint64_t valueAt(int x) const;

    /// Round numbers at least `minimumPixels` apart, ascending, inside the axis.
    [[nodiscard]] std::vector<std::uint64_t> ticks(int minimumPixels) const;

    /// Half as much or twice as much around the number under `x`, never beyond `whole`, never less than 8 numbers.
    [[nodiscard]] TimelineGeometry zoomed(bool in, int x, const TimelineGeometry& whole) const;
    /// Moved by `pixels` to the right, staying inside `whole`.
    [[nodiscard]] TimelineGeometry panned(int pixels, const TimelineGeometry& whole) const;
};

/// A number that something happened at, and how much.
struct TimelineMark
{
    std::uint64_t value = 0;
    std::uint64_t weight = 0;
    bool isRounded = false;
};

/// A column of the histogram: what happened within `pixels` pixels.
struct TimelineBin
{
    int x = 0;
    std::uint64_t weight = 0;
    bool isRounded = false; ///< every mark in it
};

/// Sums of `marks` (ascending) per column of `pixels` pixels; only columns with something in them, from left to right.
[[nodiscard]] std::vector<TimelineBin> histogram(std::span<const TimelineMark> marks, const TimelineGeometry& geometry,
                                                 int pixels);

/// The mark nearest to pixel `x` within `tolerance` pixels; its position in `marks` (ascending), or -1.
[[nodiscard]] int nearestMark(std::span<const TimelineMark> marks, const TimelineGeometry& geometry, int x,
                              int tolerance);

} // namespace inspector::views
