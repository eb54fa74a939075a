#pragma once

#include "core/base/ids.h"
#include "core/edit/edit_plan.h"
#include "core/edit/recover.h"
#include "core/edit/repair.h"
#include "core/store/faulty_store.h"
#include "core/store/memory_store.h"
#include "core/store/writable_location.h"
#include "tests/core/edit/catalog_story.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace inspector::test {

/// JSON written with single quotes: moc 6.4 does not read raw string literals.
[[nodiscard]] std::string q(std::string text);

/// The catalog shard of a location that was copied from a fixture.
struct Scene
{
    std::shared_ptr<store::MemoryContent> content;
    ShardId shard;
    ManualClock clock; ///< a second after the newest version

    /// Ends the test program with a message when the fixture is not there.
    [[nodiscard]] static std::unique_ptr<Scene> ofFixture(const std::string& name);

    [[nodiscard]] store::WritableStores writing() const { return store::openWritableMemory(content); }
    [[nodiscard]] store::Stores reading() const;
    [[nodiscard]] edit::EditBasePtr base() const;
    [[nodiscard]] edit::RepairOptions options(const std::string& journalPath) const;
    /// Makes a repair with stores that do what they are asked.
    [[nodiscard]] Result<edit::Receipt> commit(const edit::EditPlan& plan, const std::string& journalPath) const;
    /// What is in the stores, to be compared.
    [[nodiscard]] bool sameAs(const store::MemoryContent& other) const;
};

/// The bytes of a location's rows and the sums of their diffs. Rows that are kept as JSON text count as what they
/// encode to.
using RowSums = std::map<std::string, std::int64_t>;
[[nodiscard]] Result<RowSums> rowSums(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shard);
/// The same with rows as they are stored: of a row in both forms, each form by itself.
[[nodiscard]] Result<RowSums> storedSums(const store::Consensus& consensus, const store::Blob& blob,
                                         const ShardId& shard);
/// `rows` with the changes made.
[[nodiscard]] RowSums changed(RowSums rows, const edit::ChangeSet& changes);

/// What a shard was before it was repaired.
struct Before
{
    RowSums rows;
    RowSums stored;
    persist::StatePtr state;
};
[[nodiscard]] Result<Before> beforeOf(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shard);

/// What is wrong with a shard after repairs that wrote `changes`, found by reading alone; empty when all is well. Every
/// key has one row, every other row is stored as it was; the state is of the same version and passes what a writer of
/// either era checks.
[[nodiscard]] std::string auditRepair(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shard,
                                      const Before& before, const edit::ChangeSet& changes);

/// What versions after `after` changed that a guest may not touch, by the letter of persist-write-protocol §23.1 step
/// 6; empty when nothing.
[[nodiscard]] std::string guestTrespass(const store::Consensus& consensus, const ShardId& shard, SeqNo after);

/// A base with rows beside those of `base`: JSON (in the form of the shard) and diffs.
[[nodiscard]] edit::EditBasePtr baseWith(const edit::EditBase& base,
                                         const std::vector<std::pair<std::string, std::int64_t>>& rows,
                                         const std::vector<edit::RowName>& without = {});

[[nodiscard]] edit::EditDraft draftOf(const std::string& collection, const std::string& key, const std::string& value);
[[nodiscard]] edit::EditDraft removalOf(const std::string& collection, const std::string& key);

} // namespace inspector::test
