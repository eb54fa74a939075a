#pragma once

#include "core/inspect/sink.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::cli {

/// A file descriptor with a large buffer. What is still buffered is written by flush(), and not by the destructor.
class DescriptorSink final : public inspect::Sink
{
public:
    /// `name` is what a message calls it: "standard output". A `bufferBytes` of 0 writes at once.
    DescriptorSink(int descriptor, std::string name, std::size_t bufferBytes);

    [[nodiscard]] Result<> write(std::string_view text) override;
    [[nodiscard]] Result<> flush() override;
    /// True once the reader of a pipe has gone away: nothing that is worth a message.
    [[nodiscard]] bool isClosedByReader() const { return m_isClosedByReader; }

private:
    [[nodiscard]] Result<> writeOut(std::string_view text);
    [[nodiscard]] Result<> checkReader();

    int m_descriptor;
    std::string m_name;
    std::size_t m_capacity;
    std::string m_buffer;
    bool m_hasFailed = false; ///< reported once; nothing is written after it
    bool m_isClosedByReader = false;
};

/// A column of a table for people.
struct TableColumn
{
    std::string title;
    enum class Align { Left, Right } align = Align::Left;
};

/// Writes a table with a header, two spaces between columns; widths by code points. The last column is not padded.
[[nodiscard]] Result<> writeTable(inspect::Sink& out, const std::vector<TableColumn>& columns,
                                  const std::vector<std::vector<std::string>>& rows);

/// "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);
/// "312 bytes", "20.2 KiB", "1.5 GiB".
[[nodiscard]] std::string bytesText(std::uint64_t bytes);
/// "+1", "-1".
[[nodiscard]] std::string signedText(std::int64_t diff);

} // namespace inspector::cli
