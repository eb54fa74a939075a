#pragma once

#include "core/base/job.h"
#include "core/catalog/text_buffer.h"
#include "core/inspect/crew.h"
#include "core/inspect/sink.h"

#include <cstddef>
#include <functional>

namespace inspector::inspect {

/// Appends the text of one block to `to`. Called for several blocks at the same time, by different workers.
using FormatBlock = std::function<Result<>(std::size_t block, unsigned worker, catalog::TextBuffer& to)>;

/// Formats blocks 0 … blocks-1 with all of a crew and writes their texts in order. A few blocks a worker are in memory
/// at a time. Ends early with the first error of formatting, of writing, or of the job.
[[nodiscard]] Result<> writeBlocks(std::size_t blocks, const FormatBlock& format, Sink& out, Crew& crew,
                                   const Job& job);

} // namespace inspector::inspect
