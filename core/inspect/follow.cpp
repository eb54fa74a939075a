#include "core/inspect/follow.h"

#include "core/base/id_source.h"
#include "core/catalog/consolidate.h"
#include "core/catalog/fence.h"
#include "core/catalog/row_hash.h"
#include "core/catalog/unopened_catalog.h"
#include "core/codec/row_codec.h"
#include "core/inspect/choose_shard.h"
#include "core/inspect/text.h"
#include "core/persist/shard_tail.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace inspector::inspect {

namespace {

constexpr std::string_view kAuditLog = "AuditLog";
constexpr std::string_view kFenceToken = "FenceToken";

/// The contents of a catalog as they were told, for the day when only a comparison tells what is new. Rows of the audit
/// log are by far the most and never go: of them only hashes are kept.
class Contents
{
public:
    /// Takes over the diffs of rows.
    void add(const persist::Updates& updates)
    {
        for (std::size_t i = 0; i < updates.size(); ++i) {
            auto stored = storedOf(updates.rows[i]);
            if (codec::kindOf(updates.rows[i]) == kAuditLog)
                change(m_events, hashOf(stored), updates.diffOf(i));
            else
                change(m_rows, std::move(stored), updates.diffOf(i));
        }
    }

    /// What has to be added to these contents to make them `rows`, at the time of `rows`: retractions first.
    [[nodiscard]] persist::UpdateList differenceTo(const persist::Updates& rows) const
    {
        auto missing = m_rows;
        auto missingEvents = m_events;
        auto difference = std::make_shared<persist::Updates>();
        auto texts = std::make_shared<std::vector<std::string>>();
        persist::Updates added;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto stored = storedOf(rows.rows[i]);
            auto more = rows.diffOf(i);
            if (codec::kindOf(rows.rows[i]) == kAuditLog)
                more = take(missingEvents, hashOf(stored), more);
            else
                more = take(missing, stored, more);
            if (more == 0)
                continue;
            added.rows.push_back(rows.rows[i]);
            added.diffs.push_back(more);
        }
        for (auto& [stored, count] : missing)
            texts->push_back(stored);
        std::sort(texts->begin(), texts->end());
        for (const auto& text : *texts) {
            difference->rows.push_back(
                {text.data(), static_cast<std::uint32_t>(text.size()), codec::RowForm::SourceData});
            difference->diffs.push_back(-missing.at(text));
        }
        difference->rows.insert(difference->rows.end(), added.rows.begin(), added.rows.end());
        difference->diffs.insert(difference->diffs.end(), added.diffs.begin(), added.diffs.end());
        difference->commonTime = rows.commonTime;
        difference->certainties.assign(difference->rows.size(), persist::Certainty::Rounded);
        difference->owners = rows.owners;
        difference->owners.push_back(texts);
        if (!missingEvents.empty())
            difference->warnings.push_back(std::to_string(missingEvents.size())
                                           + " rows of the audit log are gone: they cannot be shown any more");
        return difference;
    }

private:
    struct Hash
    {
        std::uint64_t a = 0;
        std::uint64_t b = 0;

        friend bool operator==(const Hash&, const Hash&) = default;
    };
    struct OfHash
    {
        std::size_t operator()(const Hash& hash) const { return hash.a; }
    };

    /// The bytes by which two rows are the same, whatever form they are stored in; what does not decode is the same as
    /// itself.
    static std::string storedOf(codec::StoredRow row)
    {
        if (row.form == codec::RowForm::JsonText) {
            if (const auto bytes = codec::sourceDataOf(row))
                return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
        }
        return std::string(row.bytes());
    }

    [[nodiscard]] Hash hashOf(std::string_view stored) const { return {m_first(stored), m_second(stored)}; }

    template <typename Map, typename Key>
    static void change(Map& map, Key key, std::int64_t diff)
    {
        const auto found = map.try_emplace(std::move(key), 0).first;
        found->second += diff;
        if (found->second == 0)
            map.erase(found);
    }

    /// Takes what `map` has of a key out of it; what `count` has more than that.
    template <typename Map, typename Key>
    static std::int64_t take(Map& map, const Key& key, std::int64_t count)
    {
        const auto found = map.find(key);
        if (found == map.end())
            return count;
        const auto more = count - found->second;
        map.erase(found);
        return more;
    }

    catalog::RowHash m_first {RandomIdSource().bits()};
    catalog::RowHash m_second {RandomIdSource().bits()};
    std::unordered_map<std::string, std::int64_t> m_rows;
    std::unordered_map<Hash, std::int64_t, OfHash> m_events;
};

/// Some of the updates.
template <typename Keep>
persist::UpdateList chosen(const persist::Updates& updates, const Keep& keep)
{
    auto some = std::make_shared<persist::Updates>();
    some->commonTime = updates.commonTime;
    some->warnings = updates.warnings;
    some->owners = updates.owners;
    for (std::size_t i = 0; i < updates.size(); ++i) {
        if (!keep(i))
            continue;
        some->rows.push_back(updates.rows[i]);
        some->times.push_back(updates.timeOf(i));
        some->diffs.push_back(updates.diffOf(i));
        some->certainties.push_back(updates.certaintyOf(i));
    }
    return some;
}

bool isExact(const persist::Updates& updates)
{
    return std::find(updates.certainties.begin(), updates.certainties.end(), persist::Certainty::Rounded)
        == updates.certainties.end();
}

class ShardFollower final : public Follower
{
public:
    ShardFollower(store::Stores stores, std::shared_ptr<store::ActivityLog> log, const ChosenShard& shard)
        : m_stores(std::move(stores))
        , m_log(std::move(log))
        , m_reader(shard.reader
                       ? shard.reader
                       : std::make_shared<persist::ShardReader>(*m_stores.consensus, *m_stores.blob, shard.shardId))
    {
    }

    Result<> begin(std::optional<Timestamp> from, const Job& job)
    {
        INSPECTOR_TRY(auto state, m_reader->refresh(job));
        if (state->isTombstone())
            return fail(ErrorCode::Unsupported, "shard " + state->shardId + " is finalised: nothing follows any more");
        if (state->upper() != persist::Frontier(Timestamp())) {
            INSPECTOR_TRY(const auto latest, persist::ShardReader::latestTime(*state));
            INSPECTOR_TRY(const auto snapshot,
                          m_reader->snapshot(state, latest, job).during("reading what is there so far"));
            if (!snapshot.updates->isComplete)
                return fail(ErrorCode::Corrupt,
                            "the catalog cannot be read whole: " + snapshot.updates->warnings.front());
            INSPECTOR_TRY(const auto rows, catalog::consolidate(snapshot.updates, job));
            m_contents.add(*rows);
            m_version = catalog::UnopenedCatalog(*rows).userVersion();
        }
        // The contents are those before this upper, whatever newer state they were read from.
        m_tail.emplace(*m_reader, state, state->upper().value_or(Timestamp()));
        if (!from)
            return {};
        if (*from >= m_tail->told()) {
            m_from = *from;
            return {};
        }
        return addPast(*from, job);
    }

    Result<std::vector<News>> next(const Job& job) override
    {
        // What an earlier call could not tell comes first.
        if (m_steps.empty()) {
            INSPECTOR_TRY(auto steps, m_tail->next(job));
            m_steps.assign(std::make_move_iterator(steps.begin()), std::make_move_iterator(steps.end()));
        }
        while (!m_steps.empty()) {
            INSPECTOR_TRY(auto news, newsOf(m_steps.front(), job));
            m_steps.pop_front();
            if (news.upper > m_from)
                m_news.push_back(std::move(news));
        }
        return std::exchange(m_news, {});
    }

    Timestamp told() const override { return m_tail->told(); }
    const std::shared_ptr<store::ActivityLog>& activity() const override { return m_log; }

private:
    /// What is known of the time from `from` to where following begins.
    Result<> addPast(Timestamp from, const Job& job)
    {
        INSPECTOR_TRY(const auto history, m_reader->longestHistory(job).during("reading the past"));
        News news;
        news.upper = m_tail->told();
        news.lower = std::min(std::max(from, history.exactFrom), news.upper);
        news.walltimeMs = static_cast<std::int64_t>(m_tail->state()->walltimeMs);
        news.hostname = m_tail->state()->hostname;
        if (history.exactFrom > from)
            news.remarks.push_back("updates before time " + std::to_string(news.lower.value())
                                   + " cannot be told one by one any more: compaction has merged them; told from there "
                                     "on");
        news.isExact = news.remarks.empty();
        const auto& updates = *history.updates;
        std::vector<std::uint32_t> order;
        for (std::size_t i = 0; i < updates.size(); ++i) {
            const Timestamp time(updates.timeOf(i));
            if (time >= news.lower && time < news.upper)
                order.push_back(static_cast<std::uint32_t>(i));
        }
        std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return std::pair(updates.timeOf(a), updates.diffOf(a)) < std::pair(updates.timeOf(b), updates.diffOf(b));
        });
        auto past = std::make_shared<persist::Updates>();
        past->owners = updates.owners;
        past->warnings = updates.warnings;
        for (const auto i : order) {
            past->rows.push_back(updates.rows[i]);
            past->times.push_back(updates.timeOf(i));
            past->diffs.push_back(updates.diffOf(i));
        }
        fill(news, std::move(past), *m_tail->state());
        m_news.push_back(std::move(news));
        return {};
    }

    Result<News> newsOf(const persist::TailStep& step, const Job& job)
    {
        News news;
        news.walltimeMs = static_cast<std::int64_t>(step.walltimeMs);
        news.hostname = step.hostname;
        news.lower = step.lower;
        news.upper = step.upper;
        auto updates = step.updates;
        if (step.mustCompare) {
            INSPECTOR_TRY(updates, compared(news, job));
        } else if (!isExact(*updates)) {
            news.isExact = false;
            news.remarks.push_back("compaction came first: updates between times " + std::to_string(step.lower.value())
                                   + " and " + std::to_string(step.upper.value())
                                   + " are shown at rounded times, without what came and went in between");
        }
        m_contents.add(*updates);
        if (m_from > step.lower)
            updates = chosen(*updates, [&](std::size_t i) { return updates->timeOf(i) >= m_from.value(); });
        news.reading.catalogVersion = m_version;
        fill(news, std::move(updates), *m_tail->state());
        news.reading.seqno = step.seqno;
        noteVersion(*news.reading.updates);
        return news;
    }

    /// What has changed since what was told, found by reading all of it as it is now. Following goes on from there.
    Result<persist::UpdateList> compared(News& news, const Job& job)
    {
        INSPECTOR_TRY(const auto snapshot, m_reader->latestSnapshot(job).during("reading everything to compare it"));
        if (!snapshot.updates->isComplete)
            return fail(ErrorCode::Corrupt, "the catalog cannot be read whole: " + snapshot.updates->warnings.front());
        INSPECTOR_TRY(const auto rows, catalog::consolidate(snapshot.updates, job));
        news.upper = snapshot.asOf.next();
        news.isExact = false;
        news.remarks.push_back(
            "the log was cut and compaction has merged what was written between times "
            + std::to_string(news.lower.value()) + " and " + std::to_string(news.upper.value())
            + ": what has changed is shown at the last of them, without what came and went in between");
        m_tail.emplace(*m_reader, snapshot.state, news.upper);
        return m_contents.differenceTo(*rows);
    }

    void fill(News& news, persist::UpdateList updates, const persist::State& state) const
    {
        for (std::size_t i = 0; i < updates->size(); ++i) {
            if (codec::kindOf(updates->rows[i]) != kFenceToken || updates->diffOf(i) < 0)
                continue;
            const auto token = catalog::fenceTokenOf(updates->rows[i]);
            news.remarks.push_back("time " + timeText(Timestamp(updates->timeOf(i))) + ": "
                                   + (token ? catalog::textOf(*token) + " took over the catalog"
                                            : "a fence token that does not decode: " + token.error().describe()));
        }
        news.remarks.insert(news.remarks.end(), updates->warnings.begin(), updates->warnings.end());
        news.reading.updates = std::move(updates);
        news.reading.asOf = Timestamp(news.upper.value() - std::min<std::uint64_t>(news.upper.value(), 1));
        news.reading.seqno = state.seqno;
        news.reading.since = state.since();
        news.reading.upper = news.upper;
        if (!news.reading.catalogVersion)
            news.reading.catalogVersion = m_version;
    }

    /// The catalog's version may be among what is new.
    void noteVersion(const persist::Updates& updates)
    {
        const auto configs = chosen(updates, [&](std::size_t i) {
            return updates.diffOf(i) > 0 && codec::kindOf(updates.rows[i]) == "Config";
        });
        if (configs->size() == 0)
            return;
        // Of several at one time the last is the one that stays.
        for (std::size_t i = configs->size(); i-- > 0;) {
            auto one = std::make_shared<persist::Updates>();
            one->rows.push_back(configs->rows[i]);
            if (const auto version = catalog::UnopenedCatalog(*one).userVersion()) {
                m_version = version;
                return;
            }
        }
    }

    store::Stores m_stores;
    std::shared_ptr<store::ActivityLog> m_log;
    std::shared_ptr<persist::ShardReader> m_reader; ///< refers to the stores above
    std::optional<persist::ShardTail> m_tail;       ///< set before open() answers; refers to the reader
    Contents m_contents;                            ///< at the time before told()
    std::optional<std::uint64_t> m_version;         ///< the catalog's
    Timestamp m_from;                               ///< earlier updates are passed over
    std::deque<persist::TailStep> m_steps;          ///< read, but not told
    std::vector<News> m_news;                       ///< what next() answers first
};

} // namespace

Result<std::unique_ptr<Follower>> Follower::open(const OpenOptions& options, std::optional<Timestamp> from,
                                                 const Job& job)
{
    auto log = std::make_shared<store::ActivityLog>();
    INSPECTOR_TRY(auto stores, store::openStores(options.location, log, job));
    INSPECTOR_TRY(const auto shard, chooseShard(options.shard, stores, job));
    auto follower = std::make_unique<ShardFollower>(std::move(stores), std::move(log), shard);
    INSPECTOR_CHECK(follower->begin(from, job));
    return std::unique_ptr<Follower>(std::move(follower));
}

std::chrono::milliseconds Pace::next(bool broughtSomething)
{
    m_last = broughtSomething || m_last.count() == 0 ? kShortest : 2 * m_last;
    m_last = std::min(m_last, m_longest);
    return m_last;
}

Result<> wait(std::chrono::milliseconds time, const Job& job)
{
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, job.stopToken(), time, [] { return false; });
    return job.step(0, 0);
}

} // namespace inspector::inspect
