#include "app/cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace inspector::cli {

namespace {

std::size_t codePoints(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

} // namespace

DescriptorSink::DescriptorSink(int descriptor, std::string name, std::size_t bufferBytes)
    : m_descriptor(descriptor)
    , m_name(std::move(name))
    , m_capacity(bufferBytes)
{
    m_buffer.reserve(m_capacity);
}

Result<> DescriptorSink::write(std::string_view text)
{
    if (m_buffer.size() + text.size() <= m_capacity) {
        m_buffer += text;
        return {};
    }
    INSPECTOR_CHECK(flush());
    if (text.size() < m_capacity) {
        m_buffer += text;
        return {};
    }
    return writeOut(text);
}

Result<> DescriptorSink::flush()
{
    if (m_buffer.empty())
        return checkReader();
    const auto written = writeOut(m_buffer);
    m_buffer.clear();
    return written;
}

/// Whoever has nothing to write notices a reader's end here.
Result<> DescriptorSink::checkReader()
{
    pollfd other {m_descriptor, 0, 0};
    if (m_hasFailed || ::poll(&other, 1, 0) != 1 || (other.revents & POLLERR) == 0)
        return {};
    m_hasFailed = true;
    m_isClosedByReader = true;
    return fail(ErrorCode::Cancelled, m_name + " was closed by its reader");
}

Result<> DescriptorSink::writeOut(std::string_view text)
{
    while (!text.empty() && !m_hasFailed) {
        const auto written = ::write(m_descriptor, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
            continue;
        }
        if (errno == EINTR)
            continue;
        m_hasFailed = true;
        if (errno == EPIPE) {
            m_isClosedByReader = true;
            return fail(ErrorCode::Cancelled, m_name + " was closed by its reader");
        }
        return fail(ErrorCode::Unavailable, "writing to " + m_name + ": " + std::strerror(errno));
    }
    return {};
}

Result<> writeTable(inspect::Sink& out, const std::vector<TableColumn>& columns,
                    const std::vector<std::vector<std::string>>& rows)
{
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        auto width = codePoints(columns[i].title);
        for (const auto& row : rows)
            width = std::max(width, codePoints(row[i]));
        widths.push_back(width);
    }
    const auto line = [&](const auto& cell) {
        std::string text;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const std::string& value = cell(i);
            const std::string pad(widths[i] - codePoints(value), ' ');
            if (columns[i].align == TableColumn::Align::Right)
                text += pad + value;
            else
                text += value + (i + 1 < columns.size() ? pad : std::string());
            text += i + 1 < columns.size() ? "  " : "";
        }
        text.erase(text.find_last_not_of(' ') + 1);
        return text + "\n";
    };
    INSPECTOR_CHECK(out.write(line([&](std::size_t i) -> const std::string& { return columns[i].title; })));
    for (const auto& row : rows)
        INSPECTOR_CHECK(out.write(line([&](std::size_t i) -> const std::string& { return row[i]; })));
    return {};
}

std::string grouped(std::uint64_t number)
{
    auto text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), 1, ',');
    return text;
}

std::string bytesText(std::uint64_t bytes)
{
    if (bytes < 1024)
        return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
    static constexpr std::array kUnits {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto amount = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (amount >= 1024 && unit + 1 < kUnits.size()) {
        amount /= 1024;
        ++unit;
    }
    std::array<char, 32> text {};
    std::snprintf(text.data(), text.size(), "%.1f %s", amount, kUnits[unit]);
    return text.data();
}

std::string signedText(std::int64_t diff)
{
    return (diff > 0 ? "+" : "") + std::to_string(diff);
}

} // namespace inspector::cli
