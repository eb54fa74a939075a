#include "core/inspect/filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace inspector::inspect {

namespace {

unsigned char byteAt(std::string_view text, std::size_t i)
{
    return static_cast<unsigned char>(text[i]);
}

/// The lower-case form of a letter of U+00C0 … U+045F; all of these take two bytes in UTF-8, before and after.
unsigned foldedLetter(unsigned letter)
{
    if ((letter >= 0xC0 && letter <= 0xDE && letter != 0xD7) || (letter >= 0x391 && letter <= 0x3A9)
        || (letter >= 0x410 && letter <= 0x42F))
        return letter + 0x20;
    if (letter >= 0x400 && letter <= 0x40F)
        return letter + 0x50;
    return letter;
}

std::string withoutBlanks(std::string_view text)
{
    std::string result;
    for (const char c : text) {
        if (c != ' ' && c != '_')
            result += c;
    }
    foldCase(result);
    return result;
}

std::optional<std::size_t> columnCalled(std::string_view name, const std::vector<Column>& columns)
{
    const auto wanted = withoutBlanks(name);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (wanted == withoutBlanks(columns[i].name) || wanted == withoutBlanks(columns[i].title))
            return i;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string_view path = columns[i].name;
        if (wanted == withoutBlanks(path.substr(path.rfind('.') + 1)))
            return i;
    }
    return std::nullopt;
}

bool isBlank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Reads a filter from left to right.
class FilterParser
{
public:
    FilterParser(std::string_view text, const std::vector<Column>& columns)
        : m_text(text)
        , m_columns(columns)
    {
    }

    Result<std::vector<FilterWord>> parse()
    {
        std::vector<FilterWord> words;
        for (;;) {
            while (m_at < m_text.size() && isBlank(m_text[m_at]))
                ++m_at;
            if (m_at == m_text.size())
                return words;
            INSPECTOR_TRY(auto word, next());
            words.push_back(std::move(word));
        }
    }

private:
    Result<FilterWord> next()
    {
        FilterWord word;
        if (m_text[m_at] == '-') {
            word.excludes = true;
            ++m_at;
        }
        const auto begin = m_at;
        while (m_at < m_text.size() && !isBlank(m_text[m_at]) && m_text[m_at] != '"' && m_text[m_at] != ':')
            ++m_at;
        if (m_at < m_text.size() && m_text[m_at] == ':' && m_at > begin) {
            const auto name = m_text.substr(begin, m_at - begin);
            word.column = columnCalled(name, m_columns);
            if (!word.column)
                return fail(ErrorCode::InvalidInput,
                            "there is no column '" + std::string(name)
                                + "'; put the word in quotes to look for a colon");
            ++m_at;
        } else {
            m_at = begin;
        }
        INSPECTOR_CHECK(readText(word.text));
        if (word.text.empty())
            return fail(ErrorCode::InvalidInput,
                        word.column ? "a word is missing after '" + m_columns[*word.column].name + ":'"
                                    : "a word is missing after '-'");
        foldCase(word.text);
        return word;
    }

    Result<> readText(std::string& to)
    {
        bool quoted = false;
        for (; m_at < m_text.size() && (quoted || !isBlank(m_text[m_at])); ++m_at) {
            if (m_text[m_at] == '"')
                quoted = !quoted;
            else if (m_text[m_at] != Haystack::kCellEnd)
                to += m_text[m_at];
        }
        if (quoted)
            return fail(ErrorCode::InvalidInput, "a quote is not closed");
        return {};
    }

    std::string_view m_text;
    const std::vector<Column>& m_columns;
    std::size_t m_at = 0;
};

bool occursInColumn(std::string_view row, std::string_view text, std::size_t column)
{
    std::size_t begin = 0;
    for (std::size_t i = 0; i < column; ++i) {
        const auto end = row.find(Haystack::kCellEnd, begin);
        if (end == std::string_view::npos)
            return false;
        begin = end + 1;
    }
    return row.substr(begin, row.find(Haystack::kCellEnd, begin) - begin).find(text) != std::string_view::npos;
}

bool occurs(std::string_view row, const FilterWord& word)
{
    if (word.column)
        return occursInColumn(row, word.text, *word.column);
    return row.find(word.text) != std::string_view::npos;
}

} // namespace

void foldCase(std::string& text, std::size_t from)
{
    for (std::size_t i = from; i < text.size(); ++i) {
        const auto c = byteAt(text, i);
        if (c >= 'A' && c <= 'Z') {
            text[i] = static_cast<char>(c + 0x20);
        } else if (c >= 0xC3 && c <= 0xD1 && i + 1 < text.size() && (byteAt(text, i + 1) & 0xC0U) == 0x80U) {
            const auto letter = foldedLetter(((c & 0x1FU) << 6U) | (byteAt(text, i + 1) & 0x3FU));
            text[i] = static_cast<char>(0xC0U | (letter >> 6U));
            text[++i] = static_cast<char>(0x80U | (letter & 0x3FU));
        }
    }
}

Result<std::vector<FilterWord>> parseFilter(std::string_view text, const std::vector<Column>& columns)
{
    return FilterParser(text, columns).parse();
}

std::size_t findBytes(std::string_view haystack, std::string_view needle, std::size_t from)
{
    if (needle.empty() || from > haystack.size() || haystack.size() - from < needle.size())
        return needle.empty() && from <= haystack.size() ? from : std::string_view::npos;
#ifdef __SSE2__
    // Sixteen places at once: those where the first and the last byte of the needle fit are compared in full.
    const auto size = needle.size();
    const auto first = _mm_set1_epi8(needle.front());
    const auto last = _mm_set1_epi8(needle.back());
    const auto* data = haystack.data();
    auto at = from;
    for (; at + size - 1 + 16 <= haystack.size(); at += 16) {
        const auto begins = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at));
        const auto ends = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at + size - 1));
        const auto both = _mm_and_si128(_mm_cmpeq_epi8(begins, first), _mm_cmpeq_epi8(ends, last));
        for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(both)); mask != 0; mask &= mask - 1) {
            const auto place = at + static_cast<std::size_t>(std::countr_zero(mask));
            if (std::memcmp(data + place, needle.data(), size) == 0)
                return place;
        }
    }
    return haystack.find(needle, at);
#else
    return haystack.find(needle, from);
#endif
}

Result<Haystack> Haystack::build(std::size_t rows, const AppendCells& appendCells, const Job& job)
{
    constexpr std::size_t kRowsPerStep = 4096;
    Haystack haystack;
    haystack.m_starts.reserve(rows + 1);
    for (std::size_t row = 0; row < rows; ++row) {
        if (row % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(row, rows));
        const auto start = haystack.m_text.size();
        haystack.m_starts.push_back(start);
        appendCells(static_cast<std::uint32_t>(row), haystack.m_text);
        foldCase(haystack.m_text, start);
    }
    haystack.m_starts.push_back(haystack.m_text.size());
    haystack.m_text.shrink_to_fit();
    return haystack;
}

void Haystack::markHits(const FilterWord& word, std::vector<bool>& hits) const
{
    const std::string_view text = m_text;
    std::size_t row = 0;
    for (std::size_t at = 0; (at = findBytes(text, word.text, at)) != std::string_view::npos;) {
        // Hits come in ascending order, so the row is found by walking on, in growing steps.
        std::size_t stride = 1;
        while (row + stride < m_starts.size() && m_starts[row + stride] <= at) {
            row += stride;
            stride *= 2;
        }
        while (m_starts[row + 1] <= at)
            ++row;
        hits[row] = !word.column || occursInColumn(rowText(row), word.text, *word.column);
        at = m_starts[row + 1];
    }
}

Result<std::vector<std::uint32_t>> Haystack::search(const std::vector<FilterWord>& words,
                                                    std::span<const std::uint32_t> among, const Job& job) const
{
    INSPECTOR_CHECK(job.step(0, words.size()));
    const auto rows = m_starts.empty() ? 0 : m_starts.size() - 1;
    std::vector<std::uint32_t> picked;
    const FilterWord* sieve = nullptr;
    // The longest including word sieves the whole text at once; the others look only at what is left.
    constexpr std::size_t kFewRows = 16;
    std::vector<bool> hits;
    for (const auto& word : words) {
        if (!word.excludes && (sieve == nullptr || word.text.size() > sieve->text.size()))
            sieve = &word;
    }
    if (sieve != nullptr && among.size() > rows / kFewRows) {
        hits.resize(rows);
        markHits(*sieve, hits);
    }
    for (const auto row : among) {
        if (row >= rows || (!hits.empty() && !hits[row]))
            continue;
        const auto text = rowText(row);
        const bool fits = std::all_of(words.begin(), words.end(), [&](const FilterWord& word) {
            return (!hits.empty() && &word == sieve) || occurs(text, word) != word.excludes;
        });
        if (fits)
            picked.push_back(row);
    }
    return picked;
}

} // namespace inspector::inspect
