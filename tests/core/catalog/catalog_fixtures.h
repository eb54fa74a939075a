#pragma once

#include "core/codec/row_codec.h"
#include "core/persist/updates.h"

#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::test {

/// The text of a file of the fixtures; one that ends in .gz is unpacked on the way.
[[nodiscard]] std::string textOfFile(const std::filesystem::path& path);

/// Its lines, without their ends.
[[nodiscard]] std::vector<std::string> linesOf(const std::filesystem::path& path);

/// A file of catalog-model's fixtures.
[[nodiscard]] std::filesystem::path modelFixture(std::string_view name);

/// The answers that were recorded for a shard.
[[nodiscard]] std::filesystem::path expectedOf(std::string_view shard);

/// The file `raw.SHARD.jsonl` of a shard, at its newest time.
[[nodiscard]] std::filesystem::path rawFileOf(std::string_view shard);

/// Updates that own their rows.
class UpdateBuilder
{
public:
    /// `bytes` in a form, at a time.
    UpdateBuilder& add(std::string bytes, codec::RowForm form, std::uint64_t time = 0, std::int64_t diff = 1);
    /// JSON, encoded as SourceData.
    UpdateBuilder& addSource(std::string_view json, std::uint64_t time = 0, std::int64_t diff = 1);
    /// JSON, kept as text. Single quotes stand for double ones: moc 6.4 does not read raw string literals.
    UpdateBuilder& addText(std::string json, std::uint64_t time = 0, std::int64_t diff = 1);

    [[nodiscard]] persist::UpdateList finish();

private:
    std::shared_ptr<std::deque<std::string>> m_bytes = std::make_shared<std::deque<std::string>>();
    std::shared_ptr<persist::Updates> m_updates = std::make_shared<persist::Updates>();
};

/// The rows of a raw file in one of their forms.
[[nodiscard]] persist::UpdateList rowsOfRawFile(const std::filesystem::path& path, codec::RowForm form);

/// JSON written with single quotes.
[[nodiscard]] std::string fromQuoted(std::string text);

} // namespace inspector::test
