#include "tests/concurrency/ledger.h"

#include "core/catalog/consolidate.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <sstream>

namespace inspector::races {

namespace {

using catalog::CollectionType;

constexpr const char* kEntryPrefix = "race/";

std::uint64_t numberOf(const std::string& text)
{
    return std::strtoull(text.c_str(), nullptr, 10);
}

/// A text or number member of a row's value or key.
Result<std::string> memberOf(std::string_view json, std::string_view name)
{
    codec::JsonTape tape;
    INSPECTOR_CHECK(tape.parseJson(json));
    const auto* member = tape.member(0, name);
    return std::string(member == nullptr ? std::string_view() : member->text);
}

/// Makes a book of rows, one after the other.
class Bookkeeper
{
public:
    explicit Bookkeeper(std::uint64_t upper) { m_ledger.upper = upper; }

    Result<> take(CollectionType type, std::string_view key, std::string_view value)
    {
        switch (type) {
        case CollectionType::Setting: {
            INSPECTOR_TRY(const auto name, memberOf(key, "name"));
            if (!name.starts_with("races."))
                return {};
            INSPECTOR_TRY(m_settings[name], memberOf(value, "value"));
            break;
        }
        case CollectionType::IdAlloc: {
            INSPECTOR_TRY(const auto name, memberOf(key, "name"));
            INSPECTOR_TRY(const auto next, memberOf(value, "next_id"));
            if (name == "user")
                m_ledger.nextUserId = numberOf(next);
            break;
        }
        case CollectionType::Role: {
            INSPECTOR_TRY(const auto name, memberOf(value, "name"));
            if (name.starts_with(kEntryPrefix)) {
                const auto entry = Entry::parse(name);
                if (!entry)
                    return fail(ErrorCode::Corrupt, "the role " + name + " is no entry");
                if (!m_ledger.entries.emplace(entry->call, *entry).second)
                    return fail(ErrorCode::Corrupt, "the call " + entry->call + " is there twice");
            }
            break;
        }
        default:
            return {};
        }
        m_ledger.rows.push_back(std::string(key) + " " + std::string(value));
        return {};
    }

    /// The book, if it is consistent.
    Result<std::optional<Ledger>> close() &&
    {
        if (!m_settings.contains(kCounter)) {
            if (!m_ledger.entries.empty() || m_settings.contains(kLeft) || m_settings.contains(kRight))
                return fail(ErrorCode::Corrupt, "there is a part of a book at " + std::to_string(m_ledger.upper));
            return std::optional<Ledger>();
        }
        const auto where = " at " + std::to_string(m_ledger.upper);
        m_ledger.counter = numberOf(m_settings[kCounter]);
        const auto left = std::strtoll(m_settings[kLeft].c_str(), nullptr, 10);
        const auto right = std::strtoll(m_settings[kRight].c_str(), nullptr, 10);
        if (left + right != kSum)
            return fail(ErrorCode::Corrupt, "left and right come to " + std::to_string(left + right) + where);
        if (m_ledger.counter != m_ledger.entries.size())
            return fail(ErrorCode::Corrupt,
                        "the counter is " + std::to_string(m_ledger.counter) + ", but there are "
                            + std::to_string(m_ledger.entries.size()) + " entries" + where);
        std::set<std::uint64_t> counters;
        for (const auto& [call, entry] : m_ledger.entries)
            if (entry.counter < 1 || entry.counter > m_ledger.counter || !counters.insert(entry.counter).second)
                return fail(ErrorCode::Corrupt, "counter " + std::to_string(entry.counter) + " of " + call + where);
        if (const auto edited = m_settings.find(kEdited); edited != m_settings.end())
            m_ledger.edited = edited->second;
        std::sort(m_ledger.rows.begin(), m_ledger.rows.end());
        return std::optional(std::move(m_ledger));
    }

    Ledger& ledger() { return m_ledger; }

private:
    Ledger m_ledger;
    std::map<std::string, std::string> m_settings;
};

} // namespace

std::int64_t monotonicNs()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string Entry::text() const
{
    return kEntryPrefix + call + "/" + std::to_string(counter) + "/" + std::to_string(expected) + "/"
        + std::to_string(epoch) + "/" + std::to_string(firstId) + "/" + std::to_string(idCount);
}

std::optional<Entry> Entry::parse(const std::string& text)
{
    auto words = text;
    std::replace(words.begin(), words.end(), '/', ' ');
    std::istringstream stream(words);
    std::string prefix;
    Entry entry;
    stream >> prefix >> entry.call >> entry.counter >> entry.expected >> entry.epoch >> entry.firstId >> entry.idCount;
    if (!stream || entry.text() != text)
        return std::nullopt;
    return entry;
}

Result<std::optional<Ledger>> Ledger::of(const catalog::CatalogSnapshot& snapshot, Timestamp upper)
{
    Bookkeeper keeper(upper.value());
    for (const auto type : {CollectionType::Setting, CollectionType::IdAlloc, CollectionType::Role})
        for (const auto& [key, row] : snapshot.of(type))
            INSPECTOR_CHECK(keeper.take(type, key, row.value));
    return std::move(keeper).close();
}

Result<std::optional<Ledger>> Ledger::read(persist::ShardReader& reader, const catalog::SchemaPtr& schema,
                                           const Job& job)
{
    const auto read = reader.latestSnapshot(job);
    if (!read && (read.error().code == ErrorCode::NotFound || read.error().code == ErrorCode::OutOfRange))
        return std::optional<Ledger>(); // no shard yet, or an empty one
    if (!read)
        return tl::unexpected(read.error());
    if (!read->updates->isComplete)
        return fail(ErrorCode::Corrupt, "the snapshot is not whole: " + read->updates->warnings.front());
    if (const auto warnings = read->state->warnings(); !warnings.empty())
        return fail(ErrorCode::Corrupt,
                    "state " + std::to_string(read->state->seqno.value()) + ": " + warnings.front());
    INSPECTOR_TRY(const auto rows, catalog::consolidate(read->updates, job));
    Bookkeeper keeper(read->asOf.value() + 1);
    catalog::RowEncoder encoder(schema);
    std::set<std::pair<std::string_view, std::string>> keys;
    std::size_t tokens = 0;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const auto& row = rows->rows[i];
        if (rows->diffOf(i) != 1) {
            INSPECTOR_TRY(const auto json, codec::canonicalJson(row));
            return fail(ErrorCode::Corrupt, "diffs come to " + std::to_string(rows->diffOf(i)) + ": " + json);
        }
        if (codec::kindOf(row) == catalog::kFenceTokenKind) {
            INSPECTOR_TRY(keeper.ledger().token, catalog::fenceTokenOf(row));
            ++tokens;
            continue;
        }
        INSPECTOR_TRY(const auto decoded, encoder.decode(row));
        const auto& collection = *encoder.collection();
        if (!keys.emplace(collection.kind, decoded.key).second)
            return fail(ErrorCode::Corrupt,
                        "two rows of " + std::string(collection.kind) + " for the key " + decoded.key);
        INSPECTOR_CHECK(keeper.take(collection.type, decoded.key, decoded.value));
    }
    if (tokens > 1 || (tokens == 0 && rows->size() > 0))
        return fail(ErrorCode::Corrupt, std::to_string(tokens) + " fence tokens");
    return std::move(keeper).close();
}

std::optional<std::string> settingOf(const catalog::CatalogSnapshot& snapshot, std::string_view name)
{
    const auto* row = snapshot.of(CollectionType::Setting).at(settingKey(name));
    if (row == nullptr)
        return std::nullopt;
    const auto value = memberOf(row->value, "value");
    return value ? std::optional(*value) : std::nullopt;
}

std::string settingKey(std::string_view name)
{
    return "{\"name\":\"" + std::string(name) + "\"}";
}

std::string settingValue(std::string_view value)
{
    return "{\"value\":\"" + std::string(value) + "\"}";
}

} // namespace inspector::races
