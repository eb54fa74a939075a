#include "core/edit/recover.h"

#include "core/base/ids.h"
#include "core/catalog/consolidate.h"
#include "core/codec/row_codec.h"
#include "core/persist/shard_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace inspector::edit {

namespace {

RecoverFinding whole(std::optional<SeqNo> seqno, std::string evidence)
{
    return {RepairFate::Whole, seqno, std::move(evidence), {}};
}

RecoverFinding nothing(std::string evidence)
{
    return {RepairFate::Nothing, {}, std::move(evidence), "plan the repair anew"};
}

/// The SourceData bytes of a row: compaction may have stored it in another form than it was written in.
std::string encodedOf(codec::StoredRow row)
{
    if (row.form == codec::RowForm::JsonText)
        if (const auto bytes = codec::sourceDataOf(row))
            return std::string(textOf(*bytes));
    return std::string(row.bytes());
}

std::string name(SeqNo seqno)
{
    return "v" + std::to_string(seqno.value());
}

/// Looks for the effect of a repair whose version is not in the log any more.
class EffectSearch
{
public:
    EffectSearch(const JournalHeader& header, const JournalAttempt& attempt, persist::ShardReader& reader)
        : m_header(header)
        , m_attempt(attempt)
        , m_reader(reader)
    {
    }

    Result<RecoverFinding> run(const Job& job)
    {
        INSPECTOR_TRY(const auto state, m_reader.refresh(job));
        if (const auto writer = state->writers.find(m_header.writerId);
            writer != state->writers.end() && writer->second.mostRecentWriteToken == m_attempt.token)
            return whole({}, "the shard's state names the append as the last one of its writer " + m_header.writerId);
        if (persist::lessEqual(state->upper(), m_header.expectedUpper))
            return nothing("the shard's upper is " + persist::textOf(state->upper())
                           + ", and the append would have moved it to " + std::to_string(m_header.nextUpper.value()));
        INSPECTOR_TRY(const auto history, m_reader.longestHistory(job));
        if (!history.updates->isComplete)
            return fail(ErrorCode::Corrupt, "the shard cannot be read whole: " + history.updates->warnings.front());
        if (history.exactFrom <= m_header.expectedUpper)
            return byTime(*history.updates);
        return byContent(history.updates, job);
    }

private:
    /// Times are exact: the rows of the append's time are its own or another's.
    RecoverFinding byTime(const persist::Updates& updates) const
    {
        const auto at = "at time " + std::to_string(m_header.expectedUpper.value());
        std::map<std::string, std::int64_t, std::less<>> sums;
        bool hasOthers = false;
        for (std::size_t i = 0; i < updates.size(); ++i) {
            if (updates.timeOf(i) != m_header.expectedUpper.value())
                continue;
            sums[encodedOf(updates.rows[i])] += updates.diffOf(i);
            hasOthers = true;
        }
        const bool isAll = std::all_of(m_header.changes.begin(), m_header.changes.end(), [&](const auto& change) {
            const auto found = sums.find(change.stored);
            return found != sums.end() && found->second == change.diff;
        });
        if (isAll)
            return whole({}, "the shard's history has every one of its updates " + at);
        return nothing(hasOthers ? "the shard's history has other updates " + at
                                 : "the shard's history has no update " + at);
    }

    /// Times are gone: only rows that nobody else would have written tell.
    Result<RecoverFinding> byContent(const persist::UpdateList& history, const Job& job) const
    {
        INSPECTOR_TRY(const auto rows, catalog::consolidate(history, job));
        std::map<std::string, std::int64_t, std::less<>> sums;
        std::set<std::string, std::less<>> kinds;
        for (const auto& change : m_header.changes) {
            sums[change.stored] = 0;
            kinds.insert(std::string(codec::kindOf(viewOf(change.stored))));
        }
        for (std::size_t i = 0; i < rows->size(); ++i) {
            if (!kinds.contains(codec::kindOf(rows->rows[i])))
                continue;
            if (const auto found = sums.find(encodedOf(rows->rows[i])); found != sums.end())
                found->second += rows->diffOf(i);
        }
        const auto token = catalog::encodeFenceToken(m_header.tokenAfter);
        const bool isAll = std::all_of(m_header.changes.begin(), m_header.changes.end(), [&](const auto& change) {
            return sums.find(change.stored)->second == (change.diff > 0 ? 1 : 0);
        });
        if (isAll && sums.find(token) != sums.end() && sums.find(token)->second == 1)
            return whole({},
                         "its fence token (" + catalog::textOf(m_header.tokenAfter)
                             + ") is the catalog's, and so is every row that it wrote");
        const auto present = std::count_if(m_header.changes.begin(), m_header.changes.end(), [&](const auto& change) {
            return change.diff > 0 && sums.find(change.stored)->second > 0;
        });
        const auto inserted = std::count_if(m_header.changes.begin(), m_header.changes.end(),
                                            [](const auto& change) { return change.diff > 0; });
        return RecoverFinding {
            RepairFate::Unclear,
            {},
            "its version " + name(m_attempt.seqno) + " is gone from the log, its writer's entry is gone, and of the "
                + std::to_string(inserted) + " rows that it would have written " + std::to_string(present)
                + " are in the catalog, into which others have written since",
            "compare the rows of the journal with the catalog before anything is planned"};
    }

    const JournalHeader& m_header;
    const JournalAttempt& m_attempt;
    persist::ShardReader& m_reader;
};

} // namespace

std::string_view nameOf(RepairFate fate)
{
    switch (fate) {
    case RepairFate::Whole:
        return "whole";
    case RepairFate::Nothing:
        return "nothing";
    case RepairFate::NotYet:
        return "not yet";
    case RepairFate::Unclear:
        break;
    }
    return "unclear";
}

Result<RecoverFinding> recover(const Journal& journal, const store::Consensus& consensus, const store::Blob& blob,
                               const Clock& clock, const RecoverOptions& options, const Job& job)
{
    if (!journal.header || journal.attempts.empty()) {
        if (journal.isHeldOpen)
            return RecoverFinding {
                RepairFate::NotYet, {}, "the repair is still running", "ask again when it has ended"};
        return nothing("the journal ends before anything was sent");
    }
    INSPECTOR_TRY(const auto shardId, ShardId::parse(journal.header->shardId));
    bool mayArrive = false;
    std::optional<SeqNo> truncated;
    for (const auto& attempt : journal.attempts) {
        INSPECTOR_TRY(const auto rows, consensus.scan(shardId.text(), attempt.seqno, 1, job));
        if (rows.empty()) {
            mayArrive = true;
        } else if (rows.front().seqno == attempt.seqno) {
            if (rows.front().data == attempt.version)
                return whole(attempt.seqno, "version " + name(attempt.seqno) + " of the shard is what was sent");
        } else {
            truncated = attempt.seqno;
        }
    }
    const auto& last = journal.attempts.back();
    if (mayArrive) {
        INSPECTOR_TRY(const auto head, consensus.head(shardId.text(), job));
        if (!head)
            return fail(ErrorCode::NotFound, "no such shard: " + shardId.text() + " has no version here");
        const auto evidence = "the shard's newest version is " + name(head->seqno) + ", and " + name(last.seqno)
            + " was sent and is not there";
        if (journal.isHeldOpen)
            return RecoverFinding {
                RepairFate::NotYet, {}, evidence + "; the repair is still running", "ask again when it has ended"};
        if (journal.outcome == kNotWritten)
            return nothing(evidence + "; the store had answered that it was not written");
        const auto settledMs = last.sentMs + options.settleMs;
        if (options.settleMs > 0 && clock.walltimeMs() < settledMs)
            return RecoverFinding {RepairFate::NotYet,
                                   {},
                                   evidence + " so far; the server may still be busy with it",
                                   "ask again after " + rfc3339(settledMs)};
        return nothing(evidence);
    }
    if (!truncated)
        return nothing("version " + name(last.seqno) + " of the shard is another one: somebody else was first");
    persist::ShardReader reader(consensus, blob, shardId);
    return EffectSearch(*journal.header, last, reader).run(job);
}

} // namespace inspector::edit
