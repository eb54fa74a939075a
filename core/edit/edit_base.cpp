#include "core/edit/edit_base.h"

#include "core/catalog/consolidate.h"
#include "core/catalog/json_path.h"
#include "core/codec/row_codec.h"
#include "core/persist/shard_reader.h"

#include <algorithm>
#include <iterator>

namespace inspector::edit {

namespace {

constexpr std::size_t kRowsPerStep = 4096;
constexpr int kMaxReads = 5;

/// The canonical JSON of a member of a parsed row; "null" when it is not there.
std::string memberJson(const codec::JsonTape& tape, std::string_view name)
{
    const auto* member = tape.member(0, name);
    if (member == nullptr)
        return "null";
    std::string json;
    tape.appendJson(tape.indexOf(*member), json);
    return json;
}

bool isKnown(const std::optional<std::uint64_t>& version)
{
    return version && *version >= catalog::kOldestVersion && *version <= catalog::kNewestVersion;
}

std::string storedBytes(codec::StoredRow row)
{
    if (row.form == codec::RowForm::SourceData)
        return std::string(row.bytes());
    const auto bytes = codec::sourceDataOf(row);
    return bytes ? std::string(textOf(*bytes)) : std::string(row.bytes());
}

} // namespace

std::optional<RowName> nameOfRow(codec::StoredRow row)
{
    codec::JsonTape tape;
    if (!tape.parse(row))
        return std::nullopt;
    const auto* kind = tape.member(0, "kind");
    if (kind == nullptr || kind->type != codec::JsonType::String)
        return std::nullopt;
    return RowName {std::string(kind->text), memberJson(tape, "key")};
}

EditBase::EditBase(persist::StatePtr state, Timestamp upper, catalog::GroupedUpdates rows)
    : m_state(std::move(state))
    , m_upper(upper)
    , m_rows(std::move(rows))
    , m_facts(*m_rows.updates)
    , m_isTyped(isKnown(m_facts.userVersion()))
    , m_snapshot(catalog::CatalogSnapshot::empty(
          catalog::RowSchema::nearest(m_facts.userVersion().value_or(catalog::kNewestVersion))))
{
}

Result<EditBasePtr> EditBase::of(persist::StatePtr state, persist::UpdateList consolidated, const Job& job,
                                 std::optional<Timestamp> upper)
{
    INSPECTOR_TRY(auto rows, catalog::groupByCollection(std::move(consolidated), job));
    const auto newest = state->upper().value_or(Timestamp());
    const std::shared_ptr<EditBase> base(new EditBase(std::move(state), upper.value_or(newest), std::move(rows)));
    INSPECTOR_CHECK(base->index(job));
    return EditBasePtr(base);
}

Result<> EditBase::index(const Job& job)
{
    const auto& all = updates();
    for (const auto i : m_rows.fenceTokens)
        if (const auto token = catalog::fenceTokenOf(all.rows[i]))
            m_tokens.push_back({*token, storedBytes(all.rows[i]), all.diffOf(i)});
    if (!m_isTyped)
        return {};
    INSPECTOR_TRY(auto made, catalog::snapshotOf(m_rows, schema(), job));
    m_snapshot = std::move(made.snapshot);
    m_problems = std::move(made.problems);
    catalog::RowEncoder encoder(schema());
    for (const auto& problem : m_problems) {
        const auto row = all.rows[problem.update];
        if (auto decoded = encoder.decode(row))
            m_troubled.insert({std::string(encoder.collection()->kind), std::move(decoded->key)});
        else if (auto name = nameOfRow(row))
            m_troubled.insert(*std::move(name));
    }
    catalog::RowTyper typer(schema());
    std::size_t done = 0;
    for (const auto& collection : catalog::collections()) {
        if (collection.type == catalog::CollectionType::AuditLog)
            continue;
        for (const auto i : m_rows.of(collection.type)) {
            if (done++ % kRowsPerStep == 0)
                INSPECTOR_CHECK(job.step(done, all.size()));
            if (all.diffOf(i) < 0 || !typer.read(all.rows[i]))
                continue;
            const auto references = catalog::referencesOf(typer);
            for (const auto& each : references.defines)
                m_ids[each].definedBy.push_back(i);
            for (const auto& each : references.uses)
                m_ids[each].usedBy.push_back(i);
        }
    }
    return {};
}

const std::vector<std::uint32_t>& EditBase::updatesOfKind(std::string_view kind) const
{
    static const std::vector<std::uint32_t> kNone;
    if (kind == catalog::kFenceTokenKind)
        return m_rows.fenceTokens;
    if (const auto* collection = catalog::collectionOfKind(kind))
        return m_rows.of(collection->type);
    const auto found = m_rows.unknownKinds.find(kind);
    return found == m_rows.unknownKinds.end() ? kNone : found->second;
}

KeyRow EditBase::rowAt(std::uint32_t update) const
{
    KeyRow row;
    row.update = update;
    row.diff = updates().diffOf(update);
    row.stored = storedBytes(updates().rows[update]);
    return row;
}

std::vector<KeyRow> EditBase::rowsOf(const RowName& name) const
{
    std::vector<KeyRow> found;
    catalog::RowEncoder encoder(schema());
    codec::JsonTape tape;
    const auto* collection = catalog::collectionOfKind(name.kind);
    const auto take = [&](std::uint32_t update) {
        if (m_isTyped && collection != nullptr) {
            if (auto decoded = encoder.decode(updates().rows[update])) {
                if (decoded->key != name.key)
                    return;
                auto row = rowAt(update);
                row.value = std::move(decoded->value);
                const auto canonical = encoder.storedOf(collection->type, name.key, row.value);
                row.isCanonical = canonical && *canonical == row.stored;
                found.push_back(std::move(row));
                return;
            }
        }
        if (!tape.parse(updates().rows[update]) || memberJson(tape, "key") != name.key)
            return;
        auto row = rowAt(update);
        row.value = memberJson(tape, "value");
        row.isTyped = false;
        found.push_back(std::move(row));
    };
    // The snapshot says at once that a key has no row, or that it has one whose diffs are in order.
    const bool isInSnapshot = m_isTyped && collection != nullptr
        && collection->type != catalog::CollectionType::AuditLog && !m_troubled.contains(name);
    const auto* row = isInSnapshot ? m_snapshot.of(collection->type).at(name.key) : nullptr;
    if (isInSnapshot && row == nullptr)
        return found;
    for (const auto update : updatesOfKind(name.kind)) {
        const auto stored = updates().rows[update];
        if (row != nullptr && stored.form == codec::RowForm::SourceData && stored.bytes() != row->stored)
            continue;
        take(update);
    }
    std::stable_sort(found.begin(), found.end(), [](const KeyRow& a, const KeyRow& b) { return a.diff > b.diff; });
    return found;
}

std::uint64_t EditBase::largestEventId(const std::set<std::uint32_t>& without) const
{
    std::uint64_t largest = 0;
    codec::JsonTape tape;
    for (const auto i : m_rows.of(catalog::CollectionType::AuditLog)) {
        if (updates().diffOf(i) < 0 || without.contains(i) || !tape.parse(updates().rows[i]))
            continue;
        largest = std::max(largest, catalog::numberAt(tape, 0, {"key", "event", "V1", "id"}).value_or(0));
    }
    return largest;
}

Result<EditBasePtr> readEditBase(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shardId,
                                 const Job& job)
{
    persist::ShardReader reader(consensus, blob, shardId);
    INSPECTOR_TRY(const auto state, reader.refresh(job).during("reading the state of shard " + shardId.text()));
    if (state->isTombstone())
        return fail(ErrorCode::Conflict, "the shard " + shardId.text() + " is finalised: nothing is left to repair");
    if (!state->hasCatalogCodecs())
        return fail(ErrorCode::Unsupported,
                    "the shard's codecs are " + state->keyCodec + " and " + state->valCodec + ": it is no catalog");
    if (state->upper() == persist::Frontier(Timestamp()))
        return fail(ErrorCode::NotFound, "uninitialized");
    INSPECTOR_TRY(auto snapshot, reader.latestSnapshot(job).during("reading the rows"));
    // A part that is gone makes the reader take a newer state, whose rows go on beyond the time that was read.
    for (int read = 1; snapshot.state->upper() != persist::Frontier(snapshot.asOf.next()); ++read) {
        if (read == kMaxReads)
            return fail(ErrorCode::Unavailable, "the catalog changed while it was read, again and again");
        INSPECTOR_TRY(snapshot, reader.latestSnapshot(job).during("reading the rows"));
    }
    if (!snapshot.updates->isComplete)
        return fail(
            ErrorCode::Corrupt,
            "the catalog cannot be read whole, so nothing of it is repaired"
                + (snapshot.updates->warnings.empty() ? std::string() : ": " + snapshot.updates->warnings.front()));
    INSPECTOR_TRY(auto rows, catalog::consolidate(snapshot.updates, job));
    return EditBase::of(snapshot.state, std::move(rows), job);
}

Result<persist::UpdateList> changesBetween(const persist::UpdateList& before, const persist::UpdateList& after,
                                           const Job& job)
{
    auto both = std::make_shared<persist::Updates>();
    both->commonTime = std::max(before->commonTime, after->commonTime);
    both->rows.reserve(before->size() + after->size());
    both->diffs.reserve(before->size() + after->size());
    both->owners = {before, after};
    for (std::size_t i = 0; i < before->size(); ++i) {
        both->rows.push_back(before->rows[i]);
        both->diffs.push_back(-before->diffOf(i));
    }
    for (std::size_t i = 0; i < after->size(); ++i) {
        both->rows.push_back(after->rows[i]);
        both->diffs.push_back(after->diffOf(i));
    }
    return catalog::consolidate(std::move(both), job);
}

} // namespace inspector::edit
