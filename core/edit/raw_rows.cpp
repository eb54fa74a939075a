#include "core/edit/raw_rows.h"

#include "core/catalog/collection.h"
#include "core/codec/row_codec.h"

#include <memory>
#include <utility>

namespace inspector::edit {

namespace {

/// The row's bytes as codec bytes, whichever way they are kept.
Result<std::string> codecBytesOf(codec::StoredRow row)
{
    if (row.form == codec::RowForm::SourceData)
        return std::string(row.bytes());
    INSPECTOR_TRY(const auto bytes, codec::sourceDataOf(row));
    return std::string(textOf(BytesView(bytes)));
}

} // namespace

Result<> RawRows::apply(const TimedUpdates& updates)
{
    std::vector<catalog::FenceToken> tokens;
    for (const auto& entry : updates.entries) {
        m_handle.book().add(entry.diff);
        const auto kind = codec::kindOf(entry.row);
        const bool isToken = kind == catalog::kFenceTokenKind;
        if (!isToken && kind != "Config" && kind != "Setting")
            continue;
        if (isToken && entry.diff > 0) {
            INSPECTOR_TRY(const auto token, catalog::fenceTokenOf(entry.row).during("reading the fence token"));
            tokens.push_back(token);
        }
        INSPECTOR_TRY(auto bytes, codecBytesOf(entry.row));
        const auto known = m_readable.try_emplace(std::move(bytes), 0).first;
        known->second += entry.diff;
        if (known->second == 0)
            m_readable.erase(known);
    }
    m_pieces.push_back(updates);
    return m_handle.observe(tokens);
}

Result<persist::UpdateList> RawRows::differenceTo(const persist::UpdateList& snapshot, const Job& job)
{
    return differenceOf(snapshot, m_pieces, job);
}

catalog::UnopenedCatalog RawRows::facts() const
{
    persist::Updates updates;
    for (const auto& [bytes, diff] : m_readable) {
        updates.rows.push_back({bytes.data(), static_cast<std::uint32_t>(bytes.size()), codec::RowForm::SourceData});
        updates.diffs.push_back(diff);
    }
    return catalog::UnopenedCatalog(updates);
}

std::string RawRows::storedTokenOf(const catalog::FenceToken& token) const
{
    for (const auto& [bytes, diff] : m_readable) {
        const codec::StoredRow row {bytes.data(), static_cast<std::uint32_t>(bytes.size()), codec::RowForm::SourceData};
        if (diff <= 0 || codec::kindOf(row) != catalog::kFenceTokenKind)
            continue;
        const auto stored = catalog::fenceTokenOf(row);
        if (stored && *stored == token)
            return bytes;
    }
    return catalog::encodeFenceToken(token);
}

Result<persist::UpdateList> RawRows::consolidatedRows(const Job& job)
{
    INSPECTOR_TRY(auto rows, consolidated(m_pieces, job));
    if (m_pieces.size() > 1) {
        const Timestamp time(rows->commonTime);
        m_pieces.clear();
        m_pieces.push_back(timedUpdatesOf(rows, time));
    }
    return rows;
}

} // namespace inspector::edit
