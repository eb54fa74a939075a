#include "tests/core/edit/catalog_story.h"

#include "core/catalog/consolidate.h"
#include "core/catalog/fence.h"
#include "core/codec/row_codec.h"
#include "core/persist/shard_reader.h"

#include <algorithm>
#include <set>

namespace inspector::test {

namespace {

const Job kJob;

std::string replaced(std::string text, const std::string& what, const std::string& with)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

/// The row of a collection whose value has `name`, with another id in its key, and another name and OID.
SampleRow sampleOf(const catalog::TableRows& rows, const std::string& name, const std::string& oldId,
                   const std::string& newId, const std::string& newName, std::uint64_t oid)
{
    for (const auto& [key, row] : rows) {
        const auto named = "\"name\":\"" + name + "\"";
        if (row.value.find(named) == std::string::npos)
            continue;
        auto value = replaced(row.value, named, "\"name\":\"" + newName + "\"");
        const std::string oidName = "\"oid\":";
        const auto at = value.find(oidName) + oidName.size();
        value.replace(at, value.find_first_not_of("0123456789", at) - at, std::to_string(oid));
        return {replaced(key, oldId, newId), value};
    }
    return {};
}

} // namespace

Result<store::WritableStores> Place::open() const
{
    if (memory)
        return store::openWritableMemory(memory);
    store::WritableOptions options;
    options.createCatalogFile = true;
    options.synced = false; // stories are about what is written, not about power cuts
    return store::openWritableStores(store::Location::ofCatalogFile(catalogFile), nullptr, kJob, options);
}

Result<store::Stores> Place::openForReading() const
{
    if (memory)
        return store::Stores {
            std::make_unique<store::MemoryConsensus>(memory), std::make_unique<store::MemoryBlob>(memory), {}};
    return store::openStores(store::Location::ofCatalogFile(catalogFile), nullptr, kJob);
}

Story::Story(std::uint64_t catalogVersion, Place place)
    : Story(catalogVersion, std::move(place),
            wellKnownShard("00000000-0000-0000-0000-000000000000", WellKnownShard::Catalog))
{
}

Story::Story(std::uint64_t catalogVersion, Place place, ShardId shard)
    : m_version(catalogVersion)
    , m_place(std::move(place))
    , m_shard(std::move(shard))
{
}

Story::~Story() = default;

edit::HandleOptions Story::options(std::optional<std::uint64_t> generation)
{
    edit::HandleOptions options;
    options.build = *catalog::buildOfCatalogVersion(m_version);
    if (generation)
        options.deployGeneration = DeployGeneration(*generation);
    options.hostname = "story";
    options.clock = &m_clock;
    return options;
}

catalog::BootstrapArguments Story::arguments() const
{
    catalog::BootstrapArguments arguments;
    arguments.defaultReplicaSize = m_version == 72 ? "1" : "scale=1,workers=1";
    arguments.contentVersion = "0.0.0";
    return arguments;
}

store::WritableStores& Story::keep(store::WritableStores stores)
{
    const std::lock_guard lock(m_mutex);
    return *m_writing.emplace_back(std::make_unique<store::WritableStores>(std::move(stores)));
}

store::Stores& Story::keep(store::Stores stores)
{
    const std::lock_guard lock(m_mutex);
    return *m_reading.emplace_back(std::make_unique<store::Stores>(std::move(stores)));
}

Result<std::unique_ptr<edit::WritableOpenableCatalog>> Story::construct(std::optional<std::uint64_t> generation,
                                                                        std::shared_ptr<store::FaultPlan> faults)
{
    return construct(options(generation), std::move(faults));
}

Result<std::unique_ptr<edit::WritableOpenableCatalog>> Story::construct(const edit::HandleOptions& options,
                                                                        std::shared_ptr<store::FaultPlan> faults)
{
    INSPECTOR_TRY(auto stores, m_place.open());
    if (faults)
        stores.consensus = std::make_unique<store::FaultyConsensusWriter>(std::move(stores.consensus), faults);
    auto& kept = keep(std::move(stores));
    return edit::WritableOpenableCatalog::construct(*kept.consensus, *kept.blob, m_shard, options, kJob);
}

Result<std::unique_ptr<edit::OpenableCatalog>> Story::constructReading(std::optional<std::uint64_t> generation)
{
    return constructReading(options(generation));
}

Result<std::unique_ptr<edit::OpenableCatalog>> Story::constructReading(const edit::HandleOptions& options)
{
    INSPECTOR_TRY(auto stores, m_place.openForReading());
    auto& kept = keep(std::move(stores));
    return edit::OpenableCatalog::construct(*kept.consensus, *kept.blob, m_shard, options, kJob);
}

Result<std::unique_ptr<edit::DurableCatalog>> Story::open(std::uint64_t generation,
                                                          std::shared_ptr<store::FaultPlan> faults)
{
    INSPECTOR_TRY(auto unopened, construct(generation, std::move(faults)));
    INSPECTOR_TRY(auto catalog, std::move(*unopened).open(arguments(), kJob));
    INSPECTOR_CHECK(catalog->syncToCurrentUpdates(kJob));
    return catalog;
}

Result<std::unique_ptr<edit::DurableCatalog>> Story::openSavepoint(std::uint64_t generation)
{
    INSPECTOR_TRY(auto unopened, constructReading(generation));
    INSPECTOR_TRY(auto catalog, std::move(*unopened).openSavepoint(arguments(), kJob));
    INSPECTOR_CHECK(catalog->syncToCurrentUpdates(kJob));
    return catalog;
}

Result<std::unique_ptr<edit::DurableCatalog>> Story::openReadOnly(std::optional<std::uint64_t> generation)
{
    INSPECTOR_TRY(auto unopened, constructReading(generation));
    INSPECTOR_TRY(auto catalog, std::move(*unopened).openReadOnly(arguments(), kJob));
    INSPECTOR_CHECK(catalog->syncToCurrentUpdates(kJob));
    return catalog;
}

std::string Story::audit() const
{
    const auto read = [&]() -> Result<std::string> {
        INSPECTOR_TRY(const auto stores, m_place.openForReading());
        persist::ShardReader reader(*stores.consensus, *stores.blob, m_shard);
        INSPECTOR_TRY(const auto snapshot, reader.latestSnapshot(kJob));
        if (!snapshot.updates->isComplete)
            return "incomplete: " + snapshot.updates->warnings.front();
        INSPECTOR_TRY(const auto rows, catalog::consolidate(snapshot.updates, kJob));
        std::set<std::string> keys;
        std::size_t tokens = 0;
        codec::JsonTape tape;
        for (std::size_t i = 0; i < rows->size(); ++i) {
            INSPECTOR_TRY(const auto json, codec::canonicalJson(rows->rows[i]));
            if (rows->diffOf(i) != 1)
                return "diffs come to " + std::to_string(rows->diffOf(i)) + ": " + json;
            INSPECTOR_CHECK(tape.parse(rows->rows[i]));
            std::string key(codec::kindOf(rows->rows[i]));
            if (key == catalog::kFenceTokenKind)
                ++tokens;
            if (const auto* member = tape.member(0, "key"))
                tape.appendJson(tape.indexOf(*member), key);
            if (!keys.insert(key).second)
                return "two rows for " + key;
        }
        if (tokens != 1)
            return std::to_string(tokens) + " fence tokens";
        return std::string();
    };
    const auto answer = read();
    return answer ? *answer : answer.error().describe();
}

Result<std::vector<std::string>> Story::rows() const
{
    INSPECTOR_TRY(const auto stores, m_place.openForReading());
    persist::ShardReader reader(*stores.consensus, *stores.blob, m_shard);
    INSPECTOR_TRY(const auto snapshot, reader.latestSnapshot(kJob));
    INSPECTOR_TRY(const auto rows, catalog::consolidate(snapshot.updates, kJob));
    std::vector<std::string> json;
    for (const auto& row : rows->rows) {
        INSPECTOR_TRY(auto text, codec::canonicalJson(row));
        json.push_back(std::move(text));
    }
    std::sort(json.begin(), json.end());
    return json;
}

persist::StatePtr Story::state() const
{
    const auto stores = m_place.openForReading();
    if (!stores)
        return nullptr;
    persist::ShardReader reader(*stores->consensus, *stores->blob, m_shard);
    return reader.refresh(kJob).value_or(nullptr);
}

SampleRow sampleRole(const catalog::CatalogSnapshot& snapshot, std::uint64_t id, const std::string& name)
{
    return sampleOf(snapshot.of(catalog::CollectionType::Role), "mz_support", "\"System\":2",
                    "\"User\":" + std::to_string(id), name, 30000 + id);
}

SampleRow sampleDatabase(const catalog::CatalogSnapshot& snapshot, std::uint64_t id, const std::string& name)
{
    return sampleOf(snapshot.of(catalog::CollectionType::Database), "materialize", "\"User\":1",
                    "\"User\":" + std::to_string(id), name, 40000 + id);
}

Result<Timestamp> insertAndCommit(edit::DurableCatalog& catalog, catalog::CollectionType type, const SampleRow& row)
{
    INSPECTOR_TRY(auto transaction, catalog.transaction(kJob));
    INSPECTOR_CHECK(transaction.insert(type, row.key, row.value));
    static_cast<void>(transaction.takeOpUpdates());
    return catalog.commit(std::move(transaction), std::nullopt, kJob);
}

std::size_t countNamed(const catalog::CatalogSnapshot& snapshot, catalog::CollectionType type, const std::string& name)
{
    std::size_t count = 0;
    for (const auto& [key, row] : snapshot.of(type))
        if (row.value.find("\"name\":\"" + name + "\"") != std::string::npos)
            ++count;
    return count;
}

} // namespace inspector::test
