#include "core/edit/open_tables.h"

#include "core/catalog/consolidate.h"
#include "core/catalog/pretty.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace inspector::edit {

namespace {

using catalog::CollectionType;

constexpr std::size_t kRowsPerStep = 4096;

/// The id of an audit event: key.event.V1.id.
Result<std::uint64_t> auditIdOf(codec::StoredRow row, codec::JsonTape& tape)
{
    INSPECTOR_CHECK(tape.parse(row));
    const auto* node = tape.member(0, "key");
    for (const auto* name : {"event", "V1", "id"})
        node = node == nullptr ? nullptr : tape.member(tape.indexOf(*node), name);
    std::uint64_t id = 0;
    if (node == nullptr || node->type != codec::JsonType::Number)
        return fail(ErrorCode::Corrupt, "an audit event has no id");
    const auto* const end = node->text.data() + node->text.size();
    const auto read = std::from_chars(node->text.data(), end, id);
    if (read.ec != std::errc() || read.ptr != end)
        return fail(ErrorCode::Corrupt, "an audit event has the id " + std::string(node->text) + ", which is no u64");
    return id;
}

std::string nameOf(CollectionType type, const std::string& key)
{
    return std::string(catalog::collectionOf(type).kind) + " " + key;
}

/// The value of a row as it may stand in a message.
std::string maskedValue(const catalog::SchemaPtr& schema, const std::string& stored, const std::string& value)
{
    catalog::RowTyper typer(schema);
    const codec::StoredRow row {stored.data(), static_cast<std::uint32_t>(stored.size()), codec::RowForm::SourceData};
    if (!typer.read(row))
        return std::string(catalog::kMask);
    if (catalog::secretNodes(typer).empty())
        return value;
    const auto json = catalog::rowJson(typer, catalog::Reveal::No); // the tape's nodes are views into it
    codec::JsonTape tape;
    std::string masked;
    if (tape.parseJson(json))
        if (const auto* shown = tape.member(0, "value"))
            tape.appendJson(tape.indexOf(*shown), masked);
    return masked;
}

} // namespace

OpenTables::OpenTables(CatalogHandle& handle, catalog::SchemaPtr schema)
    : m_handle(handle)
    , m_encoder(std::move(schema))
{
}

Result<OpenTables::Decoded> OpenTables::decode(codec::StoredRow row, CollectionType type, std::int64_t diff)
{
    auto decoded = m_encoder.decode(row);
    if (!decoded) {
        auto& error = decoded.error();
        error.message = "kind decoding error: a row of kind " + std::string(catalog::collectionOf(type).kind)
            + " does not fit the types of catalog version " + std::to_string(schema()->version()) + ": "
            + error.message;
        return tl::unexpected(std::move(error));
    }
    return Decoded {type, *std::move(decoded), diff};
}

void OpenTables::note(CollectionType type, const TimedUpdates::Entry& entry, const TimedUpdates& updates)
{
    if (m_handle.metrics() != nullptr)
        m_handle.metrics()->collectionEntries.at(static_cast<std::size_t>(type)) += entry.diff;
    if (catalog::isExposedToMemory(type))
        m_queue.push_back({type, entry.row, updates.owner, updates.time, entry.diff});
}

Result<> OpenTables::load(const persist::UpdateList& rows, const Job& job)
{
    m_handle.newBook();
    if (m_handle.metrics() != nullptr)
        for (auto& entries : m_handle.metrics()->collectionEntries)
            entries = 0;
    // From MID on audit events are not handed to whoever opens (catalog-model §2.22 "2.11 step 7").
    const bool handsOverAudit = !isAtLeast(m_handle.options(), kMid);
    const auto updates = timedUpdatesOf(rows, Timestamp(rows->commonTime));
    std::array<std::vector<catalog::TableRows::Entry>, catalog::kCollectionCount> live;
    std::vector<Decoded> odd;
    std::size_t done = 0;
    for (const auto& entry : updates.entries) {
        if (done++ % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(done, updates.entries.size()));
        const auto kind = codec::kindOf(entry.row);
        if (kind == catalog::kFenceTokenKind)
            continue;
        const auto* collection = catalog::collectionOfKind(kind);
        if (collection == nullptr)
            return fail(ErrorCode::Corrupt, "kind decoding error: there is no kind '" + std::string(kind) + "'");
        const auto type = collection->type;
        if (type == CollectionType::AuditLog) {
            if (handsOverAudit)
                note(type, entry, updates);
            else if (m_handle.metrics() != nullptr)
                m_handle.metrics()->collectionEntries.at(static_cast<std::size_t>(type)) += entry.diff;
            continue;
        }
        INSPECTOR_TRY(auto decoded, decode(entry.row, type, entry.diff));
        note(type, entry, updates);
        m_handle.book().add(entry.diff);
        if (entry.diff == 1)
            live.at(static_cast<std::size_t>(type))
                .emplace_back(
                    std::move(decoded.row.key),
                    catalog::TableRow {std::move(decoded.row.value), std::move(decoded.row.stored), decoded.row.facts});
        else
            odd.push_back(std::move(decoded));
    }
    for (std::size_t i = 0; i < live.size(); ++i) {
        const auto type = static_cast<CollectionType>(i);
        std::vector<std::uint32_t> order(live.at(i).size());
        for (std::uint32_t at = 0; at < order.size(); ++at)
            order[at] = at;
        std::stable_sort(order.begin(), order.end(),
                         [&](auto a, auto b) { return live.at(i)[a].first < live.at(i)[b].first; });
        std::vector<catalog::TableRows::Entry> sorted;
        sorted.reserve(order.size());
        for (const auto at : order) {
            auto& entry = live.at(i)[at];
            if (sorted.empty() || sorted.back().first != entry.first)
                sorted.push_back(std::move(entry));
            else
                odd.push_back(
                    {type,
                     {entry.first, std::move(entry.second.value), std::move(entry.second.stored), entry.second.facts},
                     1});
        }
        m_tables.at(i) = catalog::TableRows::ofSorted(std::move(sorted));
    }
    std::stable_sort(odd.begin(), odd.end(), [](const auto& a, const auto& b) { return a.diff < b.diff; });
    for (auto& decoded : odd)
        put(std::move(decoded));
    m_handle.book().consolidate();
    return checkFit();
}

Result<> OpenTables::apply(const TimedUpdates& updates)
{
    return take(updates, Source::Shard);
}

Result<> OpenTables::applyInMemory(std::vector<catalog::RowChange> changes, Timestamp time)
{
    auto updates = timedUpdatesOf(std::move(changes), time);
    INSPECTOR_CHECK(take(updates, Source::Memory));
    m_handle.book().consolidate();
    std::erase_if(updates.entries, [](const auto& entry) {
        return codec::kindOf(entry.row) != catalog::collectionOf(CollectionType::AuditLog).kind;
    });
    if (!updates.entries.empty())
        m_auditInMemory.push_back(std::move(updates));
    return {};
}

Result<> OpenTables::take(const TimedUpdates& updates, Source source)
{
    // Tokens first: rows that a newer build wrote need not decode here, and whoever is fenced does not try
    // (catalog-model §2.5).
    std::vector<catalog::FenceToken> tokens;
    for (const auto& entry : updates.entries) {
        if (entry.diff <= 0 || codec::kindOf(entry.row) != catalog::kFenceTokenKind)
            continue;
        INSPECTOR_TRY(const auto token, catalog::fenceTokenOf(entry.row).during("reading the fence token"));
        tokens.push_back(token);
    }
    INSPECTOR_CHECK(m_handle.observe(tokens));

    std::vector<Decoded> decoded;
    for (const auto& entry : updates.entries) {
        const auto kind = codec::kindOf(entry.row);
        if (kind == catalog::kFenceTokenKind)
            continue;
        const auto* collection = catalog::collectionOfKind(kind);
        if (collection == nullptr)
            return fail(ErrorCode::Corrupt, "kind decoding error: there is no kind '" + std::string(kind) + "'");
        if (collection->type == CollectionType::AuditLog)
            continue;
        INSPECTOR_TRY(auto row, decode(entry.row, collection->type, entry.diff));
        decoded.push_back(std::move(row));
    }
    for (const auto& entry : updates.entries)
        if (const auto* collection = catalog::collectionOfKind(codec::kindOf(entry.row)))
            note(collection->type, entry, updates);
    const bool shadows = source == Source::Memory && m_handle.mode() == catalog::Mode::ReadOnly;
    for (auto& row : decoded) {
        m_handle.book().add(row.diff);
        const RowName name(row.type, row.row.key);
        if (source == Source::Shard) {
            unshadow(name);
        } else if (shadows && !m_shadowed.contains(name)) {
            const auto* before = table(row.type).at(name.second);
            m_shadowed.emplace(name, before == nullptr ? std::nullopt : std::optional(*before));
        }
        put(std::move(row));
    }
    return checkFit();
}

void OpenTables::unshadow(const RowName& name)
{
    const auto shadowed = m_shadowed.find(name);
    if (shadowed == m_shadowed.end())
        return;
    if (shadowed->second)
        table(name.first).put(name.second, *std::move(shadowed->second));
    else
        table(name.first).erase(name.second);
    m_shadowed.erase(shadowed);
}

void OpenTables::put(Decoded decoded)
{
    auto& [type, row, left] = decoded;
    auto& rows = table(type);
    const RowContent content(type, row.key, row.value);
    if (const auto stray = m_strays.find(content); stray != m_strays.end() && (stray->second.sum > 0) != (left > 0)) {
        const auto sum = stray->second.sum + left;
        left = (sum > 0) == (left > 0) ? sum : 0;
        stray->second.sum = sum - left;
        if (stray->second.sum == 0)
            m_strays.erase(stray);
    }
    if (left > 0 && !rows.contains(row.key)) {
        rows.put(row.key, {row.value, row.stored, row.facts});
        --left;
    } else if (left < 0) {
        const auto* const before = rows.at(row.key);
        if (before != nullptr && before->value == row.value) {
            rows.erase(row.key);
            ++left;
            promote({type, row.key});
        }
    }
    if (left == 0)
        return;
    auto& stray = m_strays.try_emplace(content, Stray {0, row.stored, row.facts}).first->second;
    stray.sum += left;
}

void OpenTables::promote(const RowName& name)
{
    for (auto stray = m_strays.lower_bound({name.first, name.second, std::string()}); stray != m_strays.end();
         ++stray) {
        const auto& [type, key, value] = stray->first;
        if (type != name.first || key != name.second)
            return;
        if (stray->second.sum <= 0)
            continue;
        table(type).put(key, {value, stray->second.stored, stray->second.facts});
        if (--stray->second.sum == 0)
            m_strays.erase(stray);
        return;
    }
}

std::vector<std::string> OpenTables::problems() const
{
    std::vector<std::string> problems;
    for (const auto& [content, stray] : m_strays) {
        const auto& [type, key, value] = content;
        const auto what = ": " + nameOf(type, key) + " " + maskedValue(schema(), stray.stored, value) + ", diff "
            + std::to_string(stray.sum);
        if (stray.sum > 1 || stray.sum < -1)
            problems.push_back("invalid update in consolidated trace" + what);
        else if (stray.sum > 0)
            problems.push_back("values must be explicitly retracted before inserting a new value" + what);
        else
            problems.push_back("retraction does not match existing value" + what);
    }
    return problems;
}

Result<> OpenTables::checkFit() const
{
    if (m_strays.empty() || m_handle.mode() != catalog::Mode::Writable)
        return {};
    return fail(ErrorCode::Corrupt, problems().front());
}

Result<persist::UpdateList> OpenTables::differenceTo(const persist::UpdateList& snapshot, const Job& job)
{
    while (!m_shadowed.empty())
        unshadow(RowName(m_shadowed.begin()->first));
    std::vector<catalog::RowChange> cached;
    for (const auto& rows : m_tables)
        for (const auto& [key, row] : rows)
            cached.push_back({row.stored, 1});
    for (const auto& [content, stray] : m_strays)
        cached.push_back({stray.stored, stray.sum});

    // Audit events are not kept, but their allocator tells which of them were there: they are drawn and written in one
    // transaction, and never withdrawn.
    std::uint64_t firstNewEvent = 0;
    codec::JsonTape tape;
    if (const auto* allocator = of(CollectionType::IdAlloc).at(R"({"name":"auditlog"})")) {
        INSPECTOR_CHECK(tape.parseJson(allocator->value));
        if (const auto* next = tape.member(0, "next_id"))
            std::from_chars(next->text.data(), next->text.data() + next->text.size(), firstNewEvent);
    }
    const auto auditKind = catalog::collectionOf(CollectionType::AuditLog).kind;
    auto fresh = std::make_shared<persist::Updates>();
    fresh->commonTime = snapshot->commonTime;
    fresh->owners.push_back(snapshot);
    for (std::size_t i = 0; i < snapshot->size(); ++i) {
        if (i % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(i, snapshot->size()));
        const auto& row = snapshot->rows[i];
        if (codec::kindOf(row) == auditKind) {
            INSPECTOR_TRY(const auto id, auditIdOf(row, tape));
            if (id < firstNewEvent)
                continue;
        }
        fresh->rows.push_back(row);
        fresh->diffs.push_back(snapshot->diffOf(i));
    }
    const TimedUpdates pieces[] = {timedUpdatesOf(std::move(cached), Timestamp(snapshot->commonTime))};
    return differenceOf(fresh, pieces, job);
}

catalog::CatalogSnapshot OpenTables::snapshot() const
{
    catalog::CatalogSnapshot snapshot;
    snapshot.schema = schema();
    for (std::size_t i = 0; i < m_tables.size(); ++i)
        snapshot.tables.at(i) = std::make_shared<const catalog::TableRows>(m_tables.at(i));
    return snapshot;
}

std::uint64_t OpenTables::queuedBelow(Timestamp target) const
{
    const auto end =
        std::find_if(m_queue.begin(), m_queue.end(), [&](const auto& each) { return each.time >= target; });
    return static_cast<std::uint64_t>(end - m_queue.begin());
}

Result<std::vector<catalog::MemoryUpdate>> OpenTables::takeBelow(Timestamp target)
{
    std::vector<catalog::MemoryUpdate> updates;
    const auto count = queuedBelow(target);
    updates.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto& queued = m_queue[i];
        INSPECTOR_TRY(auto decoded, decode(queued.row, queued.type, queued.diff));
        updates.push_back(
            {queued.type, std::move(decoded.row.key), std::move(decoded.row.value), queued.time, queued.diff});
    }
    dropBelow(target);
    return updates;
}

void OpenTables::dropBelow(Timestamp target)
{
    while (!m_queue.empty() && m_queue.front().time < target)
        m_queue.pop_front();
}

Result<std::vector<std::string>> OpenTables::auditKeys(const persist::UpdateList& rows, const Job& job)
{
    const auto auditKind = catalog::collectionOf(CollectionType::AuditLog).kind;
    auto pieces = m_auditInMemory;
    auto& stored = *pieces.insert(pieces.begin(), TimedUpdates {Timestamp(), {}, rows});
    for (std::size_t i = 0; i < rows->size(); ++i)
        if (codec::kindOf(rows->rows[i]) == auditKind)
            stored.entries.push_back({rows->rows[i], rows->diffOf(i)});
    INSPECTOR_TRY(const auto events, consolidated(pieces, job));
    std::vector<std::pair<std::uint64_t, std::string>> keys;
    keys.reserve(events->size());
    codec::JsonTape tape;
    for (std::size_t i = 0; i < events->size(); ++i) {
        if (i % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(i, events->size()));
        INSPECTOR_TRY(const auto id, auditIdOf(events->rows[i], tape));
        INSPECTOR_TRY(auto decoded, decode(events->rows[i], CollectionType::AuditLog, events->diffOf(i)));
        keys.emplace_back(id, std::move(decoded.row.key));
    }
    std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> inOrder;
    inOrder.reserve(keys.size());
    for (auto& [id, key] : keys)
        inOrder.push_back(std::move(key));
    return inOrder;
}

} // namespace inspector::edit
