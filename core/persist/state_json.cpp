#include "core/persist/state_json.h"

#include "core/persist/version.h"

#include <algorithm>
#include <string_view>

namespace inspector::persist {

namespace {

/// Writes JSON text, compact or indented by two, as serde does. Members come in the order of the calls.
class JsonWriter
{
public:
    explicit JsonWriter(JsonLayout layout)
        : m_isPretty(layout == JsonLayout::Pretty)
    {
    }

    void open(char bracket)
    {
        m_text += bracket;
        ++m_depth;
        m_isFirst = true;
    }

    void close(char bracket)
    {
        --m_depth;
        if (!m_isFirst)
            newLine();
        m_text += bracket;
        m_isFirst = false;
    }

    /// Before each element of an array.
    void element()
    {
        if (!m_isFirst)
            m_text += ',';
        m_isFirst = false;
        newLine();
    }

    void name(std::string_view name)
    {
        element();
        string(name);
        m_text += m_isPretty ? ": " : ":";
    }

    void string(std::string_view text)
    {
        m_text += '"';
        while (!text.empty()) {
            const auto length = characterLength(text);
            if (length == 0)
                m_text += "\xef\xbf\xbd"; // U+FFFD for a byte that is no UTF-8
            else if (length == 1)
                ascii(text.front());
            else
                m_text += text.substr(0, length);
            text.remove_prefix(std::max<std::size_t>(length, 1));
        }
        m_text += '"';
    }

    void null() { m_text += "null"; }
    void number(std::uint64_t value) { m_text += std::to_string(value); }
    void number(std::int64_t value) { m_text += std::to_string(value); }

    void bytes(std::string_view bytes)
    {
        open('[');
        for (const char c : bytes) {
            element();
            number(std::uint64_t {static_cast<unsigned char>(c)});
        }
        close(']');
    }

    [[nodiscard]] std::string take() { return std::move(m_text); }

private:
    /// Bytes of the UTF-8 character that the text begins with; 0 when it begins with none.
    static std::size_t characterLength(std::string_view text)
    {
        const auto byteAt = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
        const auto lead = byteAt(0);
        const std::size_t length = lead < 0x80U ? 1 : lead < 0xc2U ? 0 : lead < 0xe0U ? 2 : lead < 0xf0U ? 3 : 4;
        if (length < 2)
            return length;
        if (lead > 0xf4U || text.size() < length)
            return 0;
        for (std::size_t i = 1; i < length; ++i)
            if ((byteAt(i) & 0xc0U) != 0x80U)
                return 0;
        const auto second = byteAt(1);
        const bool isOverlong = (lead == 0xe0U && second < 0xa0U) || (lead == 0xf0U && second < 0x90U);
        const bool isSurrogate = lead == 0xedU && second >= 0xa0U;
        const bool isTooLarge = lead == 0xf4U && second >= 0x90U;
        return isOverlong || isSurrogate || isTooLarge ? 0 : length;
    }

    void ascii(char c)
    {
        constexpr std::string_view kDigits = "0123456789abcdef";
        constexpr std::string_view kShort = "\bb\ff\nn\rr\tt\"\"\\\\";
        for (std::size_t i = 0; i < kShort.size(); i += 2) {
            if (kShort[i] == c) {
                m_text += '\\';
                m_text += kShort[i + 1];
                return;
            }
        }
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20U) {
            m_text += "\\u00";
            m_text += kDigits[byte >> 4U];
            m_text += kDigits[byte & 0xfU];
        } else {
            m_text += c;
        }
    }

    void newLine()
    {
        if (!m_isPretty)
            return;
        m_text += '\n';
        m_text.append(2 * m_depth, ' ');
    }

    bool m_isPretty;
    bool m_isFirst = true;
    std::size_t m_depth = 0;
    std::string m_text;
};

/// Writes the messages of persist-format §5 as the reference's own serialisation does.
class StateWriter
{
public:
    StateWriter(JsonLayout layout, JsonEra era)
        : m_json(layout)
        , m_era(era)
    {
    }

    [[nodiscard]] JsonWriter& json() { return m_json; }
    void setEra(JsonEra era) { m_era = era; }

    void rollup(const State& state, const InlinedDiffs* diffs)
    {
        m_json.open('{');
        text("applier_version", state.applierVersion);
        text("shard_id", state.shardId);
        text("key_codec", state.keyCodec);
        text("val_codec", state.valCodec);
        text("ts_codec", state.tsCodec);
        text("diff_codec", state.diffCodec);
        number("seqno", state.seqno.value());
        number("walltime_ms", state.walltimeMs);
        text("hostname", state.hostname);
        number("last_gc_req", state.lastGcReq);
        if (isNew()) {
            activeTask("active_rollup", state.activeRollup);
            activeTask("active_gc", state.activeGc);
        }
        map("rollups", state.rollups, [this](const HollowRollup& rollup) { hollowRollup(rollup); });
        m_json.name("trace");
        trace(state.trace);
        map("leased_readers", state.leasedReaders, [this](const LeasedReader& reader) { leasedReader(reader); });
        map("critical_readers", state.criticalReaders,
            [this](const CriticalReader& reader) { criticalReader(reader); });
        map("writers", state.writers, [this](const Writer& entry) { writer(entry); });
        map("schemas", state.schemas, [this](const EncodedSchemas& entry) { schemas(entry); });
        m_json.name("diffs");
        if (diffs != nullptr)
            inlinedDiffs(*diffs);
        else
            m_json.null();
        m_json.name("deprecated_rollups");
        m_json.open('{');
        m_json.close('}');
        m_json.close('}');
    }

private:
    [[nodiscard]] bool isNew() const { return m_era == JsonEra::New; }

    void text(std::string_view name, std::string_view value)
    {
        m_json.name(name);
        m_json.string(value);
    }

    void number(std::string_view name, std::uint64_t value)
    {
        m_json.name(name);
        m_json.number(value);
    }

    void optionalNumber(std::string_view name, const std::optional<std::uint64_t>& value)
    {
        m_json.name(name);
        if (value)
            m_json.number(*value);
        else
            m_json.null();
    }

    void bytes(std::string_view name, std::string_view value)
    {
        m_json.name(name);
        m_json.bytes(value);
    }

    void optionalBytes(std::string_view name, const std::optional<std::string>& value)
    {
        m_json.name(name);
        if (value)
            m_json.bytes(*value);
        else
            m_json.null();
    }

    static std::string keyText(const std::string& key) { return key; }
    static std::string keyText(std::uint64_t key) { return std::to_string(key); }
    static std::string keyText(SeqNo key) { return std::to_string(key.value()); }

    template <typename Map, typename WriteValue>
    void map(std::string_view name, const Map& entries, WriteValue writeValue)
    {
        m_json.name(name);
        m_json.open('{');
        for (const auto& [key, value] : entries) {
            m_json.name(keyText(key));
            writeValue(value);
        }
        m_json.close('}');
    }

    template <typename List, typename WriteElement>
    void list(std::string_view name, const List& elements, WriteElement writeElement)
    {
        m_json.name(name);
        m_json.open('[');
        for (const auto& element : elements) {
            m_json.element();
            writeElement(element);
        }
        m_json.close(']');
    }

    void frontier(std::string_view name, const Frontier& value)
    {
        m_json.name(name);
        m_json.open('{');
        m_json.name("elements");
        m_json.open('[');
        if (value) {
            m_json.element();
            m_json.number(static_cast<std::int64_t>(value->value())); // int64 in the reference's message
        }
        m_json.close(']');
        m_json.close('}');
    }

    void description(const Description& value)
    {
        m_json.open('{');
        frontier("lower", value.lower);
        frontier("upper", value.upper);
        frontier("since", value.since);
        m_json.close('}');
    }

    void spineId(SpineId id)
    {
        m_json.open('{');
        number("lo", id.lo);
        number("hi", id.hi);
        m_json.close('}');
    }

    void metadata(std::string_view name, Metadata entries)
    {
        std::sort(entries.begin(), entries.end());
        m_json.name(name);
        m_json.open('{');
        for (const auto& [key, value] : entries)
            bytes(key, value);
        m_json.close('}');
    }

    void content(const BatchPart& part)
    {
        m_json.name("kind");
        m_json.open('{');
        if (const auto* blob = std::get_if<BlobPart>(&part.content)) {
            text("Key", blob->key);
        } else if (const auto* inlined = std::get_if<InlinePart>(&part.content)) {
            bytes("Inline", inspector::textOf(inlined->bytes.view()));
        } else if (const auto* run = std::get_if<RunRef>(&part.content)) {
            m_json.name("RunRef");
            m_json.open('{');
            text("key", run->key);
            number("max_part_bytes", run->maxPartBytes);
            m_json.close('}');
        }
        m_json.close('}');
    }

    void format(const std::optional<ClaimedFormat>& value)
    {
        m_json.name("format");
        if (!value) {
            m_json.null();
            return;
        }
        m_json.open('{');
        switch (value->kind) {
        case ClaimedFormat::Kind::Row:
            m_json.name("Row");
            m_json.null();
            break;
        case ClaimedFormat::Kind::RowAndColumnar:
            number("RowAndColumnar", value->migration);
            break;
        case ClaimedFormat::Kind::Structured:
            m_json.name("Structured");
            m_json.null();
            break;
        }
        m_json.close('}');
    }

    void part(const BatchPart& value)
    {
        m_json.open('{');
        if (value.tsRewrite) {
            frontier("ts_rewrite", *value.tsRewrite);
        } else {
            m_json.name("ts_rewrite");
            m_json.null();
        }
        number("encoded_size_bytes", value.encodedSizeBytes);
        bytes("key_lower", value.keyLower);
        optionalBytes("structured_key_lower", value.structuredKeyLower);
        m_json.name("diffs_sum");
        if (value.diffsSum)
            m_json.number(*value.diffsSum);
        else
            m_json.null();
        optionalNumber("schema_id", isNew() ? value.schemaId : value.deprecatedSchemaId);
        if (isNew())
            metadata("metadata", value.metadata);
        optionalBytes("key_stats", value.keyStats);
        if (isNew())
            optionalNumber("deprecated_schema_id", value.deprecatedSchemaId);
        content(value);
        format(value.format);
        m_json.close('}');
    }

    void runMeta(const RunMeta& value)
    {
        m_json.open('{');
        m_json.name("order");
        m_json.number(std::int64_t {value.order});
        optionalNumber("schema_id", isNew() ? value.schemaId : value.deprecatedSchemaId);
        if (isNew()) {
            optionalNumber("deprecated_schema_id", value.deprecatedSchemaId);
            m_json.name("id");
            if (value.id)
                m_json.string(*value.id);
            else
                m_json.null();
            optionalNumber("len", value.length);
            metadata("meta", value.meta);
        }
        m_json.close('}');
    }

    void batch(const HollowBatch& value)
    {
        m_json.open('{');
        m_json.name("desc");
        description(value.description);
        list("parts", value.parts, [this](const BatchPart& element) { part(element); });
        number("len", value.length);
        list("runs", value.runs, [this](std::uint64_t element) { m_json.number(element); });
        list("run_meta", value.runMeta, [this](const RunMeta& element) { runMeta(element); });
        m_json.name("deprecated_keys");
        m_json.open('[');
        m_json.close(']');
        m_json.close('}');
    }

    void spineBatch(const SpineBatch& value)
    {
        m_json.open('{');
        number("level", value.level);
        m_json.name("desc");
        description(value.description);
        list("parts", value.parts, [this](SpineId element) { spineId(element); });
        list("descs", value.descriptions, [this](const Description& element) { description(element); });
        m_json.close('}');
    }

    void merge(const Merge& value)
    {
        m_json.open('{');
        frontier("since", value.since);
        number("remaining_work", value.remainingWork);
        m_json.name("active_compaction");
        if (value.compactionStartMs) {
            m_json.open('{');
            number("start_ms", *value.compactionStartMs);
            m_json.close('}');
        } else {
            m_json.null();
        }
        m_json.close('}');
    }

    template <typename WriteValue>
    void idAnd(SpineId id, std::string_view name, WriteValue writeValue)
    {
        m_json.open('{');
        m_json.name("id");
        spineId(id);
        m_json.name(name);
        writeValue();
        m_json.close('}');
    }

    void trace(const Trace& value)
    {
        m_json.open('{');
        frontier("since", value.since);
        list("legacy_batches", value.legacyBatches, [this](const BatchPtr& element) { batch(*element); });
        list("hollow_batches", value.hollowBatches,
             [this](const auto& entry) { idAnd(entry.first, "batch", [&] { batch(*entry.second); }); });
        list("spine_batches", value.spineBatches,
             [this](const auto& entry) { idAnd(entry.first, "batch", [&] { spineBatch(entry.second); }); });
        list("merges", value.merges,
             [this](const auto& entry) { idAnd(entry.first, "merge", [&] { merge(entry.second); }); });
        m_json.close('}');
    }

    void activeTask(std::string_view name, const std::optional<ActiveTask>& value)
    {
        m_json.name(name);
        if (!value) {
            m_json.null();
            return;
        }
        m_json.open('{');
        number("seqno", value->seqno.value());
        number("start_ms", value->startMs);
        m_json.close('}');
    }

    void hollowRollup(const HollowRollup& value)
    {
        m_json.open('{');
        text("key", value.key);
        optionalNumber("encoded_size_bytes", value.encodedSizeBytes);
        m_json.close('}');
    }

    void debug(const std::optional<DebugState>& value)
    {
        m_json.name("debug");
        if (!value) {
            m_json.null();
            return;
        }
        m_json.open('{');
        text("hostname", value->hostname);
        text("purpose", value->purpose);
        m_json.close('}');
    }

    void leasedReader(const LeasedReader& value)
    {
        m_json.open('{');
        frontier("since", value.since);
        number("seqno", value.seqno.value());
        number("last_heartbeat_timestamp_ms", value.lastHeartbeatMs);
        number("lease_duration_ms", value.leaseDurationMs);
        debug(value.debug);
        m_json.close('}');
    }

    void criticalReader(const CriticalReader& value)
    {
        m_json.open('{');
        frontier("since", value.since);
        m_json.name("opaque");
        m_json.number(value.opaque);
        text("opaque_codec", value.opaqueCodec);
        debug(value.debug);
        m_json.close('}');
    }

    void writer(const Writer& value)
    {
        m_json.open('{');
        number("last_heartbeat_timestamp_ms", value.lastHeartbeatMs);
        number("lease_duration_ms", value.leaseDurationMs);
        text("most_recent_write_token", value.mostRecentWriteToken);
        if (value.mostRecentWriteUpper) {
            frontier("most_recent_write_upper", *value.mostRecentWriteUpper);
        } else {
            m_json.name("most_recent_write_upper");
            m_json.null();
        }
        debug(value.debug);
        m_json.close('}');
    }

    void schemas(const EncodedSchemas& value)
    {
        m_json.open('{');
        bytes("key", value.key);
        bytes("key_data_type", value.keyDataType);
        bytes("val", value.val);
        bytes("val_data_type", value.valDataType);
        m_json.close('}');
    }

    void inlinedDiffs(const InlinedDiffs& value)
    {
        m_json.open('{');
        number("lower", value.lower.value());
        number("upper", value.upper.value());
        list("diffs", value.diffs, [this](const InlinedDiffs::Version& version) {
            m_json.open('{');
            number("seqno", version.seqno.value());
            bytes("data", inspector::textOf(version.data.view()));
            m_json.close('}');
        });
        m_json.close('}');
    }

    JsonWriter m_json;
    JsonEra m_era;
};

} // namespace

JsonEra jsonEraOf(const State& state)
{
    constexpr Version kFirstNew {0, 127, 0}; // schema ids moved to new fields
    const auto version = parseVersion(state.applierVersion);
    return version && *version < kFirstNew ? JsonEra::Old : JsonEra::New;
}

std::string stateJson(const State& state, JsonLayout layout)
{
    StateWriter writer(layout, jsonEraOf(state));
    writer.rollup(state, nullptr);
    return writer.json().take();
}

std::string stateStepJson(const State& previous, const State& next)
{
    StateWriter writer(JsonLayout::Compact, jsonEraOf(next));
    writer.json().open('{');
    writer.json().name("previous");
    writer.rollup(previous, nullptr);
    writer.json().name("new");
    writer.rollup(next, nullptr);
    writer.json().close('}');
    return writer.json().take();
}

std::string rollupsJson(const std::vector<std::pair<std::string, Rollup>>& rollups)
{
    std::vector<const std::pair<std::string, Rollup>*> sorted;
    for (const auto& rollup : rollups)
        sorted.push_back(&rollup);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    StateWriter writer(JsonLayout::Pretty, JsonEra::New);
    writer.json().open('{');
    for (const auto* rollup : sorted) {
        writer.setEra(jsonEraOf(rollup->second.state));
        writer.json().name(rollup->first);
        writer.rollup(rollup->second.state, rollup->second.diffs ? &*rollup->second.diffs : nullptr);
    }
    writer.json().close('}');
    return writer.json().take();
}

} // namespace inspector::persist
