#include "tests/core/catalog/catalog_fixtures.h"

#include "core/base/hex.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace inspector::test {

namespace fs = std::filesystem;
using codec::RowForm;

std::string textOfFile(const fs::path& path)
{
    std::string text;
    if (path.extension() != ".gz") {
        std::ifstream stream(path, std::ios::binary);
        text.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
        return text;
    }
    gzFile file = gzopen(path.c_str(), "rb");
    std::vector<char> piece(std::size_t {1} << 16U);
    for (int read = 0; (read = gzread(file, piece.data(), static_cast<unsigned>(piece.size()))) > 0;)
        text.append(piece.data(), static_cast<std::size_t>(read));
    gzclose(file);
    return text;
}

std::vector<std::string> linesOf(const fs::path& path)
{
    const auto text = textOfFile(path);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

fs::path modelFixture(std::string_view name)
{
    return fs::path(INSPECTOR_FIXTURES) / "catalog-model" / name;
}

fs::path expectedOf(std::string_view shard)
{
    return fs::path(INSPECTOR_FIXTURES) / "shards" / shard / "expected";
}

fs::path rawFileOf(std::string_view shard)
{
    for (const auto& entry : fs::directory_iterator(expectedOf(shard))) {
        const auto name = entry.path().filename().string();
        if (name.starts_with("raw.") && name.find(".as_of.") == std::string::npos)
            return entry.path();
    }
    return {};
}

UpdateBuilder& UpdateBuilder::add(std::string bytes, RowForm form, std::uint64_t time, std::int64_t diff)
{
    m_bytes->push_back(std::move(bytes));
    m_updates->rows.push_back({m_bytes->back().data(), static_cast<std::uint32_t>(m_bytes->back().size()), form});
    m_updates->times.push_back(time);
    m_updates->diffs.push_back(diff);
    return *this;
}

UpdateBuilder& UpdateBuilder::addSource(std::string_view json, std::uint64_t time, std::int64_t diff)
{
    const auto text = fromQuoted(std::string(json));
    const auto bytes = codec::sourceDataOf(std::string_view(text));
    return add(bytes.has_value() ? std::string(textOf(*bytes)) : std::string(), RowForm::SourceData, time, diff);
}

UpdateBuilder& UpdateBuilder::addText(std::string json, std::uint64_t time, std::int64_t diff)
{
    return add(fromQuoted(std::move(json)), RowForm::JsonText, time, diff);
}

persist::UpdateList UpdateBuilder::finish()
{
    m_updates->owners.push_back(m_bytes);
    return std::move(m_updates);
}

persist::UpdateList rowsOfRawFile(const fs::path& path, RowForm form)
{
    UpdateBuilder rows;
    codec::JsonTape line;
    const auto lines = linesOf(path);
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (!line.parseJson(lines[i]).has_value())
            continue;
        const auto number = [&](std::string_view name, auto& to) {
            const auto text = line.member(0, name)->text;
            std::from_chars(text.data(), text.data() + text.size(), to);
        };
        std::uint64_t time = 0;
        std::int64_t diff = 0;
        number("ts", time);
        number("diff", diff);
        std::string bytes;
        if (form == RowForm::JsonText) {
            line.appendJson(line.indexOf(*line.member(0, "json")), bytes);
        } else {
            const auto stored = fromHex(line.member(0, "source_data_hex")->text);
            bytes = stored.has_value() ? std::string(textOf(*stored)) : std::string();
        }
        rows.add(std::move(bytes), form, time, diff);
    }
    return rows.finish();
}

std::string fromQuoted(std::string text)
{
    std::replace(text.begin(), text.end(), '\'', '"');
    return text;
}

} // namespace inspector::test
