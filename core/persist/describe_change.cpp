#include "core/persist/decode.h"
#include "core/persist/state_diff.h"

#include <map>

namespace inspector::persist {

namespace {

/// "1 update", "3 updates".
std::string counted(std::uint64_t number, std::string_view thing)
{
    const auto* const ending = number == 1 ? "" : thing.ends_with('h') ? "es" : "s";
    return std::to_string(number) + " " + std::string(thing) + ending;
}

/// Gathers what the changes of one diff amount to.
class Account
{
public:
    Account(const StateDiff& diff, const Frontier& upperBefore)
        : m_diff(diff)
        , m_upperBefore(upperBefore)
    {
    }

    std::string text()
    {
        for (const auto& change : m_diff.changes)
            note(change);
        std::vector<std::string> phrases = batchPhrases();
        phrases.insert(phrases.end(), m_phrases.begin(), m_phrases.end());
        if (phrases.empty())
            for (const auto& [phrase, number] : m_minor)
                phrases.push_back(number > 1 ? phrase + " (" + std::to_string(number) + ")" : phrase);
        if (phrases.empty())
            return m_diff.seqnoFrom == m_diff.seqnoTo || m_diff.seqnoFrom == SeqNo(0) ? "initialised" : "no change";
        std::string joined;
        for (const auto& phrase : phrases)
            joined += (joined.empty() ? "" : "; ") + phrase;
        return joined;
    }

private:
    void say(std::string phrase) { m_phrases.push_back(std::move(phrase)); }
    /// Said only when there is nothing else to say.
    void mutter(const std::string& phrase) { ++m_minor[phrase]; }

    void note(const FieldDiff& change)
    {
        switch (change.field) {
        case StateField::LegacyBatches:
            noteBatch(change);
            break;
        case StateField::Since:
            noteSince(change);
            break;
        case StateField::Rollups:
        case StateField::DeprecatedRollups:
            noteRollup(change);
            break;
        case StateField::LeasedReaders:
            noteHandle(change, "reader", decodeLeasedReader, [](const LeasedReader& before, const LeasedReader& after) {
                return differencesOf(before, after);
            });
            break;
        case StateField::CriticalReaders:
            noteHandle(
                change, "critical reader", decodeCriticalReader,
                [](const CriticalReader& before, const CriticalReader& after) { return differencesOf(before, after); });
            break;
        case StateField::Writers:
            noteHandle(change, "writer", decodeWriter, [](const Writer&, const Writer&) { return std::string(); });
            break;
        case StateField::LastGcReq:
            if (const auto seqno = decodeU64Slice(change.newValue))
                say("gc requested up to v" + std::to_string(*seqno));
            break;
        case StateField::Schemas:
            if (const auto id = decodeU64Slice(change.key))
                say("schema " + std::to_string(*id) + verbOf(change, " registered", " changed", " removed"));
            break;
        case StateField::ActiveRollup:
            say(std::string("rollup") + verbOf(change, " begun", " begun again", " done"));
            break;
        case StateField::ActiveGc:
            say(std::string("gc") + verbOf(change, " begun", " begun again", " done"));
            break;
        case StateField::Hostname:
            mutter("another host");
            break;
        case StateField::HollowBatches:
        case StateField::SpineBatches:
            mutter("spine rearranged");
            break;
        case StateField::SpineMerges:
            noteMerge(change);
            break;
        default:
            say("unknown change of field " + std::to_string(static_cast<std::int32_t>(change.field)));
        }
    }

    static const char* verbOf(const FieldDiff& change, const char* insert, const char* update, const char* erase)
    {
        switch (change.type) {
        case ChangeType::Insert:
            return insert;
        case ChangeType::Update:
            return update;
        case ChangeType::Delete:
            return erase;
        }
        return "";
    }

    void noteBatch(const FieldDiff& change)
    {
        auto batch = decodeBatch(change.key);
        if (!batch)
            say("a batch that does not decode");
        else if (change.type == ChangeType::Delete)
            m_removed.push_back(*std::move(batch));
        else
            m_added.push_back(*std::move(batch));
    }

    void noteSince(const FieldDiff& change)
    {
        const auto before = change.oldValue.owner() ? decodeFrontier(change.oldValue) : Result<Frontier>(Frontier());
        const auto after = decodeFrontier(change.newValue);
        if (before && after)
            say("since " + textOf(*before) + " to " + textOf(*after));
    }

    void noteRollup(const FieldDiff& change)
    {
        if (const auto seqno = decodeU64Slice(change.key))
            say("rollup v" + std::to_string(*seqno) + verbOf(change, " added", " changed", " removed by gc"));
    }

    static std::string differencesOf(const LeasedReader& before, const LeasedReader& after)
    {
        if (before.since != after.since)
            return " holds since " + textOf(after.since) + " instead of " + textOf(before.since);
        if (before.seqno != after.seqno)
            return " holds v" + std::to_string(after.seqno.value()) + " instead of v"
                + std::to_string(before.seqno.value());
        return {};
    }

    static std::string differencesOf(const CriticalReader& before, const CriticalReader& after)
    {
        if (before.since != after.since)
            return " holds since " + textOf(after.since) + " instead of " + textOf(before.since);
        if (before.opaque != after.opaque)
            return " has another fencing token";
        return {};
    }

    /// A handle that comes, goes, or is updated: in what that matters, or else a heartbeat.
    template <typename Handle, typename DifferencesOf>
    void noteHandle(const FieldDiff& change, const std::string& what, Result<Handle> (*decode)(const SharedBytes&),
                    DifferencesOf differencesBetween)
    {
        const auto handle = decode(change.type == ChangeType::Delete ? change.oldValue : change.newValue);
        auto name = what;
        if (handle && handle->debug && !handle->debug->purpose.empty())
            name += " '" + handle->debug->purpose + "'";
        if (change.type != ChangeType::Update) {
            say(name + verbOf(change, " registered", "", " gone"));
            return;
        }
        const auto before = decode(change.oldValue);
        const auto differences = handle && before ? differencesBetween(*before, *handle) : std::string();
        mutter(name + (differences.empty() ? ": heartbeat" : differences));
    }

    void noteMerge(const FieldDiff& change)
    {
        const auto after =
            change.type == ChangeType::Delete ? decodeMerge(change.oldValue) : decodeMerge(change.newValue);
        const auto id = decodeSpineId(change.key);
        if (!after || !id)
            return;
        if (after->compactionStartMs && change.type != ChangeType::Delete)
            say("compaction of " + textOf(*id) + " claimed");
        else
            mutter("merges of the spine");
    }

    /// Appends begin where the shard ended; what else comes and goes is compaction, or empty batches fused in place.
    std::vector<std::string> batchPhrases()
    {
        std::vector<std::string> phrases;
        std::vector<BatchPtr> replaced;
        for (const auto& batch : m_added) {
            const auto& bounds = batch->description;
            if (bounds.lower == m_upperBefore && !bounds.isEmptyRange())
                phrases.push_back((batch->length == 0 ? "empty append " : "append ") + textOf(bounds)
                                  + (batch->length == 0 ? "" : ", " + counted(batch->length, "update")));
            else if (batch->length == 0 && !lessEqual(bounds.upper, m_upperBefore)
                     && lessEqual(bounds.lower, m_upperBefore))
                phrases.push_back("empty append " + textOf(Description {m_upperBefore, bounds.upper, {}}));
            else
                replaced.push_back(batch);
        }
        if (!replaced.empty()) {
            Description range = replaced.front()->description;
            std::uint64_t length = 0;
            for (const auto& batch : replaced) {
                if (lessEqual(batch->description.lower, range.lower))
                    range.lower = batch->description.lower;
                if (lessEqual(range.upper, batch->description.upper))
                    range.upper = batch->description.upper;
                length += batch->length;
            }
            phrases.push_back("compaction of " + textOf(range) + " from " + counted(m_removed.size(), "batch") + " to "
                              + counted(length, "update"));
        } else if (phrases.empty() && !m_removed.empty()) {
            phrases.push_back(counted(m_removed.size(), "batch") + " removed");
        }
        return phrases;
    }

    const StateDiff& m_diff;
    const Frontier& m_upperBefore;
    std::vector<BatchPtr> m_added;
    std::vector<BatchPtr> m_removed;
    std::vector<std::string> m_phrases;
    std::map<std::string, int> m_minor;
};

} // namespace

std::string describeChange(const StateDiff& diff, const Frontier& upperBefore)
{
    return Account(diff, upperBefore).text();
}

} // namespace inspector::persist
