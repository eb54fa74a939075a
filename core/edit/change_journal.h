#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/strong.h"
#include "core/catalog/fence.h"
#include "core/edit/edit_plan.h"
#include "core/machine/pending.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::edit {

/// How a repair came out, as its journal notes it.
inline constexpr std::string_view kCommitted = "committed";
inline constexpr std::string_view kNotWritten = "not written";

/// What a journal says about a repair before anything of it is sent.
struct JournalHeader
{
    std::int64_t writtenMs = 0; ///< by the clock here
    std::string shardId;
    std::string consensus; ///< descriptions, without credentials
    std::string blob;
    std::string writerId;    ///< w<uuid>, made for this repair
    SeqNo basedOn;           ///< the state that it was planned on
    Timestamp expectedUpper; ///< also the time of its updates
    Timestamp nextUpper;
    catalog::FenceToken tokenBefore;
    catalog::FenceToken tokenAfter;
    std::string summary;
    ChangeSet changes; ///< all that is appended; the retractions are the pre-image, as it is stored
    ChangeSet inverse; ///< what puts the rows back, without the token
};

/// One compare-and-set, noted before it was sent. A second one is noted when another writer took the seqno of the first
/// without touching the catalog's content.
struct JournalAttempt
{
    std::int64_t sentMs = 0;
    SeqNo seqno;
    std::string token; ///< i<uuid>: the same for all attempts of a repair
    Bytes version;     ///< the row that was sent
};

/// A journal as it was found.
struct Journal
{
    std::optional<JournalHeader> header; ///< nothing: it ends before its header does, so nothing was sent
    std::vector<JournalAttempt> attempts;
    std::string outcome;     ///< kCommitted, kNotWritten; empty: the repair never noted one
    bool isHeldOpen = false; ///< the process that writes it is still there
};

/// The file that a repair writes before it writes to the shard (persist-write-protocol §16): what was there, what is
/// sent, and how to take it back. One JSON object a line; each is on the disk before the next step is taken. Holds rows
/// as they are stored, secrets included, so only its owner may read it. The process that writes it holds a lock on it.
class ChangeJournal
{
public:
    /// Makes the file with its header. InvalidInput when there is a file of that name, Unavailable when it cannot be
    /// written.
    [[nodiscard]] static Result<ChangeJournal> create(const std::string& path, const JournalHeader& header);
    ~ChangeJournal();
    ChangeJournal(ChangeJournal&& other) noexcept;
    ChangeJournal& operator=(ChangeJournal&& other) noexcept;

    [[nodiscard]] const std::string& path() const { return m_path; }
    /// Notes what is about to be sent. Nothing may be sent unless it succeeds.
    [[nodiscard]] Result<> addAttempt(const machine::Pending& pending, std::int64_t nowMs);
    /// Notes how it came out.
    [[nodiscard]] Result<> addOutcome(std::string_view outcome, const std::string& detail, std::int64_t nowMs);

private:
    ChangeJournal(std::string path, int descriptor)
        : m_path(std::move(path))
        , m_descriptor(descriptor)
    {
    }
    [[nodiscard]] Result<> addLine(const std::string& line);

    std::string m_path;
    int m_descriptor = -1;
    std::uint64_t m_size = 0; ///< of whole lines
};

/// Reads a journal. A last line that is cut off, as a kill or a full disk leaves it, is left out: what it would have
/// said was not sent. NotFound, Unavailable, Corrupt with the number of the line, or for what never was a journal.
[[nodiscard]] Result<Journal> readJournal(const std::string& path);

} // namespace inspector::edit
