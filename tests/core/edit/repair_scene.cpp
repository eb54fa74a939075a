#include "tests/core/edit/repair_scene.h"

#include "core/catalog/consolidate.h"
#include "core/codec/row_codec.h"
#include "core/machine/layered_spine.h"
#include "core/machine/shard_log.h"
#include "core/persist/decode.h"
#include "core/persist/recognise.h"
#include "core/persist/shard_reader.h"
#include "tests/support/fixture.h"
#include "tests/support/sample_content.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <set>

namespace inspector::test {

namespace {

const Job kJob;

[[noreturn]] void stop(const std::string& why)
{
    std::fprintf(stderr, "%s\n", why.c_str());
    std::abort();
}

template <typename T>
T must(Result<T> result)
{
    if (!result)
        stop(result.error().describe());
    return *std::move(result);
}

/// A consensus that may be written by type only: machine::ShardLog asks for one, and only reads.
class ReadingWriter final : public store::ConsensusWriter
{
public:
    explicit ReadingWriter(const store::Consensus& reading)
        : m_reading(reading)
    {
    }
    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const override
    {
        return m_reading.listKeys(job);
    }
    [[nodiscard]] Result<std::optional<store::VersionedData>> head(std::string_view key, const Job& job) const override
    {
        return m_reading.head(key, job);
    }
    [[nodiscard]] Result<std::vector<store::VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                                 const Job& job) const override
    {
        return m_reading.scan(key, from, limit, job);
    }
    [[nodiscard]] std::string description() const override { return m_reading.description(); }
    [[nodiscard]] Result<store::CasOutcome> compareAndSet(std::string_view /*key*/, std::optional<SeqNo> /*expected*/,
                                                          const store::VersionedData& /*next*/,
                                                          const Job& /*job*/) override
    {
        return fail(ErrorCode::ReadOnly, "only reads");
    }
    [[nodiscard]] Result<std::uint64_t> truncate(std::string_view /*key*/, SeqNo /*lessThan*/,
                                                 const Job& /*job*/) override
    {
        return fail(ErrorCode::ReadOnly, "only reads");
    }
    [[nodiscard]] Result<store::CasOutcome> insertLog(std::string_view /*key*/,
                                                      const std::vector<store::VersionedData>& /*versions*/,
                                                      const Job& /*job*/) override
    {
        return fail(ErrorCode::ReadOnly, "only reads");
    }

private:
    const store::Consensus& m_reading;
};

} // namespace

std::string q(std::string text)
{
    std::replace(text.begin(), text.end(), '\'', '"');
    return text;
}

std::unique_ptr<Scene> Scene::ofFixture(const std::string& name)
{
    const auto content = must(contentOfCatalogFile(must(shardFile(name))));
    const store::MemoryConsensus consensus(content);
    const store::MemoryBlob blob(content);
    auto found = must(persist::recogniseShards(
        consensus, blob, [](const persist::Updates&) { return true; }, kJob));
    const auto catalog = std::find_if(found.begin(), found.end(),
                                      [](const auto& each) { return each.kind == persist::ShardKind::Catalog; });
    if (catalog == found.end())
        stop("no catalog in " + name);
    std::unique_ptr<Scene> scene(new Scene {content, catalog->shardId, {}});
    const auto state = must(persist::StateReader(consensus, blob, scene->shard).current(kJob));
    scene->clock.advance(static_cast<std::int64_t>(state->walltimeMs) + 1000 - scene->clock.walltimeMs());
    return scene;
}

store::Stores Scene::reading() const
{
    return {std::make_unique<store::MemoryConsensus>(content), std::make_unique<store::MemoryBlob>(content), {}};
}

edit::EditBasePtr Scene::base() const
{
    const auto stores = reading();
    return must(edit::readEditBase(*stores.consensus, *stores.blob, shard, kJob));
}

edit::RepairOptions Scene::options(const std::string& journalPath) const
{
    edit::RepairOptions options;
    options.journalPath = journalPath;
    options.hostname = "scene";
    options.clock = &clock;
    return options;
}

Result<edit::Receipt> Scene::commit(const edit::EditPlan& plan, const std::string& journalPath) const
{
    const auto log = std::make_shared<store::ActivityLog>();
    const auto stores = store::openWritableMemory(content, log);
    const auto readers = reading();
    return edit::commitRepair(plan, {*stores.consensus, *stores.blob, *readers.consensus, *readers.blob, log},
                              options(journalPath), kJob);
}

bool Scene::sameAs(const store::MemoryContent& other) const
{
    const auto keysOf = [](const store::MemoryContent& of) {
        std::vector<std::string> keys;
        for (const auto& [key, bytes] : of.blobs)
            keys.push_back(key);
        return keys;
    };
    return content->versions == other.versions && keysOf(*content) == keysOf(other);
}

namespace {

/// Adds up the diffs of rows by what `keyOf` says of them.
template <typename KeyOf>
Result<RowSums> sumsBy(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shard,
                       const KeyOf& keyOf)
{
    persist::ShardReader reader(consensus, blob, shard);
    INSPECTOR_TRY(const auto snapshot, reader.latestSnapshot(kJob));
    if (!snapshot.updates->isComplete)
        return fail(ErrorCode::Corrupt, "incomplete: " + snapshot.updates->warnings.front());
    RowSums sums;
    for (std::size_t i = 0; i < snapshot.updates->size(); ++i) {
        INSPECTOR_TRY(auto key, keyOf(snapshot.updates->rows[i]));
        sums[std::move(key)] += snapshot.updates->diffOf(i);
    }
    std::erase_if(sums, [](const auto& each) { return each.second == 0; });
    return sums;
}

Result<std::string> encodedOf(codec::StoredRow row)
{
    if (row.form == codec::RowForm::SourceData)
        return std::string(row.bytes());
    INSPECTOR_TRY(const auto bytes, codec::sourceDataOf(row));
    return std::string(textOf(bytes));
}

} // namespace

Result<RowSums> rowSums(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shard)
{
    return sumsBy(consensus, blob, shard, encodedOf);
}

Result<RowSums> storedSums(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shard)
{
    return sumsBy(consensus, blob, shard, [](codec::StoredRow row) -> Result<std::string> {
        return std::to_string(static_cast<int>(row.form)) + std::string(row.bytes());
    });
}

Result<Before> beforeOf(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shard)
{
    Before before;
    INSPECTOR_TRY(before.rows, rowSums(consensus, blob, shard));
    INSPECTOR_TRY(before.stored, storedSums(consensus, blob, shard));
    INSPECTOR_TRY(before.state, persist::StateReader(consensus, blob, shard).current(kJob));
    return before;
}

RowSums changed(RowSums rows, const edit::ChangeSet& changes)
{
    for (const auto& change : changes)
        if ((rows[change.stored] += change.diff) == 0)
            rows.erase(change.stored);
    return rows;
}

std::string auditRepair(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shard,
                        const Before& before, const edit::ChangeSet& changes)
{
    const auto audit = [&]() -> Result<std::string> {
        INSPECTOR_TRY(const auto after, rowSums(consensus, blob, shard));
        if (after != changed(before.rows, changes))
            return std::string("the rows are not those of before with the changes made");
        INSPECTOR_TRY(auto stored, storedSums(consensus, blob, shard));
        std::set<std::string> touched;
        for (const auto& change : changes) {
            touched.insert("0" + change.stored);
            INSPECTOR_TRY(const auto json, codec::canonicalJson(edit::viewOf(change.stored)));
            touched.insert("1" + json);
        }
        for (const auto& [bytes, diff] : before.stored)
            if (!touched.contains(bytes) && stored[bytes] != diff)
                return std::string("a row that nobody touched is not stored as it was");
        std::set<edit::RowName> names;
        std::size_t tokens = 0;
        for (const auto& [bytes, diff] : after) {
            if (diff != 1)
                return "a row's diffs come to " + std::to_string(diff);
            auto name = edit::nameOfRow(edit::viewOf(bytes));
            if (!name)
                return std::string("a row has no kind");
            tokens += name->kind == catalog::kFenceTokenKind ? 1U : 0U;
            if (!names.insert(std::move(*name)).second)
                return std::string("a key has two rows");
        }
        if (tokens != 1)
            return std::to_string(tokens) + " fence tokens";
        INSPECTOR_TRY(const auto state, persist::StateReader(consensus, blob, shard).current(kJob));
        if (state->applierVersion != before.state->applierVersion)
            return "the applier version became " + state->applierVersion;
        if (const auto warnings = state->warnings(); warnings != before.state->warnings())
            return "the state warns: " + (warnings.empty() ? std::string("of less") : warnings.back());
        // A writer's own reading is strict: unflattening, chains, levels, merges, old sides.
        ReadingWriter writer(consensus);
        machine::ShardLog log(writer, blob, shard);
        INSPECTOR_TRY(const bool hasRead, log.refresh(kJob));
        INSPECTOR_TRY(const auto spine, machine::LayeredSpine::unflatten(state->trace, machine::Era::New));
        INSPECTOR_TRY(const auto oldSpine, machine::LayeredSpine::unflatten(state->trace, machine::Era::Old));
        static_cast<void>(spine);
        static_cast<void>(oldSpine);
        return hasRead ? std::string() : std::string("a writer reads nothing");
    };
    const auto answer = audit();
    return answer ? *answer : answer.error().describe();
}

std::string guestTrespass(const store::Consensus& consensus, const ShardId& shard, SeqNo after)
{
    using persist::ChangeType;
    using persist::StateField;
    const auto rows = consensus.scan(shard.text(), after.next(), store::Consensus::kAll, kJob);
    if (!rows)
        return rows.error().describe();
    for (const auto& row : *rows) {
        const auto diff = persist::decodeStateDiff(SharedBytes::copyOf(row.data));
        if (!diff)
            return diff.error().describe();
        std::size_t writers = 0;
        for (const auto& change : diff->changes) {
            const auto partsOf = [](const SharedBytes& slice) {
                const auto batch = persist::decodeBatch(slice);
                return batch ? (*batch)->parts.size() : 1;
            };
            bool isAllowed = false;
            switch (change.field) {
            case StateField::Hostname:
            case StateField::SpineBatches:
            case StateField::SpineMerges:
                isAllowed = true;
                break;
            case StateField::Writers:
                isAllowed = change.type != ChangeType::Update && ++writers == 1;
                break;
            case StateField::LegacyBatches:
                isAllowed = change.type == ChangeType::Insert || partsOf(change.key) == 0;
                break;
            case StateField::HollowBatches:
                isAllowed =
                    change.type == ChangeType::Insert ? partsOf(change.newValue) == 0 : partsOf(change.oldValue) == 0;
                break;
            default:
                break;
            }
            if (!isAllowed)
                return "v" + std::to_string(row.seqno.value()) + " changes field "
                    + std::to_string(static_cast<int>(change.field));
        }
    }
    return {};
}

edit::EditBasePtr baseWith(const edit::EditBase& base, const std::vector<std::pair<std::string, std::int64_t>>& rows,
                           const std::vector<edit::RowName>& without)
{
    const auto& updates = base.updates();
    auto made = std::make_shared<persist::Updates>();
    const auto own = std::make_shared<std::deque<std::string>>();
    made->commonTime = updates.commonTime;
    made->owners = updates.owners;
    made->owners.push_back(own);
    for (std::size_t i = 0; i < updates.size(); ++i) {
        const auto name = edit::nameOfRow(updates.rows[i]);
        if (name && std::find(without.begin(), without.end(), *name) != without.end())
            continue;
        made->rows.push_back(updates.rows[i]);
        made->diffs.push_back(updates.diffOf(i));
    }
    for (const auto& [json, diff] : rows) {
        own->push_back(std::string(textOf(must(codec::sourceDataOf(json)))));
        made->rows.push_back(edit::viewOf(own->back()));
        made->diffs.push_back(diff);
    }
    const auto consolidated = must(catalog::consolidate(persist::UpdateList(made), kJob));
    return must(edit::EditBase::of(std::make_shared<const persist::State>(base.state()), consolidated, kJob));
}

edit::EditDraft draftOf(const std::string& collection, const std::string& key, const std::string& value)
{
    edit::EditDraft draft;
    draft.collection = collection;
    draft.key = q(key);
    draft.value = q(value);
    return draft;
}

edit::EditDraft removalOf(const std::string& collection, const std::string& key)
{
    edit::EditDraft draft;
    draft.collection = collection;
    draft.key = q(key);
    return draft;
}

} // namespace inspector::test
