#include "core/catalog/drift.h"

#include "core/catalog/typed_row.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace inspector::catalog {

namespace {

using codec::RowForm;

/// Encodes a typed row anew and compares it with what is stored.
class FormCheck
{
public:
    /// Whether the row as stored is what the reference writes for it.
    bool isCanonical(RowTyper& row, codec::StoredRow stored)
    {
        m_json.clear();
        m_json.append("{\"kind\":");
        appendJsonString(row.kind(), m_json);
        const auto& types = row.schema().typesOf(row.collection()->type);
        bool isTyped = true;
        if (types.hasKey) {
            m_json.append(",\"key\":");
            isTyped = row.appendKeyJson(m_json);
        }
        if (types.hasValue) {
            m_json.append(",\"value\":");
            isTyped = isTyped && row.appendValueJson(m_json);
        }
        m_json.append('}');
        // A field that the types do not have is dropped by the reference, so the row is not what it would write.
        if (!isTyped || row.hasExtraFields() || !m_tape.parseJson(m_json.text()).has_value())
            return false;
        if (stored.form == RowForm::JsonText) {
            m_canonical.clear();
            m_tape.appendJson(0, m_canonical);
            return m_canonical == stored.bytes();
        }
        const auto bytes = codec::sourceDataOf(m_tape);
        return bytes.has_value() && textOf(*bytes) == stored.bytes();
    }

private:
    TextBuffer m_json;
    codec::JsonTape m_tape;
    std::string m_canonical;
};

/// The rows of one key.
struct KeyRows
{
    std::vector<std::uint32_t> live;
    std::vector<std::uint32_t> negative;
};

} // namespace

Result<std::vector<Drift>> findDrift(const GroupedUpdates& consolidated, const SchemaPtr& schema, const Job& job)
{
    constexpr std::size_t kRowsPerStep = 4096;
    std::vector<Drift> found;
    const auto& updates = *consolidated.updates;
    RowTyper typer(schema);
    FormCheck form;
    TextBuffer key;
    std::size_t done = 0;
    for (const auto& collection : collections()) {
        std::map<std::string, KeyRows, std::less<>> keys;
        std::vector<Drift> odd;
        const auto add = [&](DriftKind kind, std::string_view of, std::vector<std::uint32_t> rows,
                             std::string message) {
            odd.push_back({kind, collection.type, std::string(of), std::move(rows), std::move(message)});
        };
        for (const auto i : consolidated.of(collection.type)) {
            if (done++ % kRowsPerStep == 0)
                INSPECTOR_CHECK(job.step(done, updates.size()));
            key.clear();
            if (!typer.read(updates.rows[i]).has_value() || !typer.appendKeyJson(key))
                continue;
            const auto diff = updates.diffOf(i);
            if (diff > 1)
                add(DriftKind::MultipliedRow, key.text(), {i}, "the row is there " + std::to_string(diff) + " times");
            if (diff > 0 && !form.isCanonical(typer, updates.rows[i]))
                add(DriftKind::OtherForm, key.text(), {i},
                    "the row's bytes differ from what version " + std::to_string(schema->version())
                        + " would write for it");
            // Events have unique numbers and are never taken back: there is no need to remember 200,000 keys.
            if (collection.isLarge && diff == 1)
                continue;
            auto& rows = keys[std::string(key.text())];
            (diff > 0 ? rows.live : rows.negative).push_back(i);
        }
        for (auto& [text, rows] : keys) {
            if (!rows.negative.empty()) {
                add(DriftKind::DanglingRetraction, text, std::move(rows.negative),
                    "a row was taken back that is not there in these bytes");
            }
            if (rows.live.size() > 1) {
                auto message = std::to_string(rows.live.size()) + " rows are there for one key";
                add(DriftKind::SeveralRows, text, std::move(rows.live), std::move(message));
            }
        }
        std::stable_sort(odd.begin(), odd.end(), [](const Drift& a, const Drift& b) { return a.key < b.key; });
        std::move(odd.begin(), odd.end(), std::back_inserter(found));
    }
    return found;
}

} // namespace inspector::catalog
