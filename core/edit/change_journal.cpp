#include "core/edit/change_journal.h"

#include "core/base/base64.h"
#include "core/base/clock.h"
#include "core/catalog/json_path.h"
#include "core/codec/row_codec.h"
#include "core/store/durable_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace inspector::edit {

namespace {

using codec::JsonTape;
using codec::JsonType;

constexpr std::string_view kFormat = "catalog-inspector-journal/1";
/// With which every journal begins, of whatever version.
constexpr std::string_view kBeginning = "{\"format\":\"catalog-inspector-journal/";
constexpr std::uint64_t kLargestJournal = 1U << 30U; // bytes

tl::unexpected<Error> failed(const std::string& what, const std::string& path, int error)
{
    return fail(error == ENOENT ? ErrorCode::NotFound : ErrorCode::Unavailable,
                what + " '" + path + "': " + std::generic_category().message(error));
}

// --- writing

void add(std::string& to, std::string_view name, const std::string& text)
{
    to += (to.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":";
    codec::appendJsonString(text, to);
}

void addNumber(std::string& to, std::string_view name, const std::string& digits)
{
    to += (to.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + digits;
}

std::string tokenJson(const catalog::FenceToken& token)
{
    return "{\"deploy_generation\":" + std::to_string(token.deployGeneration.value())
        + ",\"epoch\":" + std::to_string(token.epoch.value()) + "}";
}

std::string changesJson(const ChangeSet& changes)
{
    std::string json = "[";
    for (const auto& change : changes) {
        json += (json.size() > 1 ? ",{\"diff\":" : "{\"diff\":") + std::to_string(change.diff);
        json += ",\"source_data\":\"" + toBase64(bytesOf(change.stored)) + "\",\"json\":";
        const auto row = codec::canonicalJson(viewOf(change.stored));
        json += (row ? *row : std::string("null")) + "}";
    }
    return json + "]";
}

std::string headerLine(const JournalHeader& header)
{
    std::string line = "{";
    add(line, "format", std::string(kFormat));
    add(line, "written_at", rfc3339(header.writtenMs));
    addNumber(line, "written_ms", std::to_string(header.writtenMs));
    add(line, "summary", header.summary);
    add(line, "shard", header.shardId);
    add(line, "consensus", header.consensus);
    add(line, "blob", header.blob);
    add(line, "writer", header.writerId);
    addNumber(line, "based_on", std::to_string(header.basedOn.value()));
    addNumber(line, "expected_upper", std::to_string(header.expectedUpper.value()));
    addNumber(line, "next_upper", std::to_string(header.nextUpper.value()));
    addNumber(line, "token_before", tokenJson(header.tokenBefore));
    addNumber(line, "token_after", tokenJson(header.tokenAfter));
    addNumber(line, "changes", changesJson(header.changes));
    addNumber(line, "inverse", changesJson(header.inverse));
    return line + "}\n";
}

// --- reading

/// Takes the members of one line apart. The first one that is not what it must be makes it fail.
class LineReader
{
public:
    LineReader(const JsonTape& tape, std::size_t line)
        : m_tape(tape)
        , m_line(line)
    {
    }

    std::string text(std::initializer_list<std::string_view> path)
    {
        const auto node = catalog::nodeAt(m_tape, 0, path);
        if (!node || m_tape.nodes()[*node].type != JsonType::String)
            return refuse(path), std::string();
        return std::string(m_tape.nodes()[*node].text);
    }

    template <typename Number>
    Number number(std::initializer_list<std::string_view> path)
    {
        Number value {};
        const auto node = catalog::nodeAt(m_tape, 0, path);
        if (!node || m_tape.nodes()[*node].type != JsonType::Number)
            return refuse(path), value;
        const auto digits = m_tape.nodes()[*node].text;
        const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (problem != std::errc() || end != digits.data() + digits.size())
            refuse(path);
        return value;
    }

    Bytes bytes(std::initializer_list<std::string_view> path)
    {
        auto decoded = fromBase64(text(path));
        if (!decoded)
            return refuse(path), Bytes();
        return *std::move(decoded);
    }

    catalog::FenceToken token(std::string_view name)
    {
        return {DeployGeneration(number<std::uint64_t>({name, "deploy_generation"})),
                Epoch(number<std::int64_t>({name, "epoch"}))};
    }

    ChangeSet changes(std::string_view name)
    {
        ChangeSet changes;
        const auto list = catalog::nodeAt(m_tape, 0, {name});
        if (!list || m_tape.nodes()[*list].type != JsonType::Array)
            return refuse({name}), changes;
        const auto& nodes = m_tape.nodes();
        for (auto child = *list + 1; child < nodes[*list].next; child = nodes[child].next) {
            const auto stored = fromBase64(catalog::textAt(m_tape, child, {"source_data"}));
            const auto diff = catalog::nodeAt(m_tape, child, {"diff"});
            const bool isSigned = diff && (nodes[*diff].text == "1" || nodes[*diff].text == "-1");
            if (!stored || !isSigned)
                return refuse({name}), ChangeSet();
            changes.push_back({std::string(textOf(*stored)), nodes[*diff].text == "1" ? 1 : -1});
        }
        return changes;
    }

    [[nodiscard]] Result<> check() const
    {
        return m_problem.empty() ? Result<>() : Result<>(fail(ErrorCode::Corrupt, m_problem));
    }

private:
    void refuse(std::initializer_list<std::string_view> path)
    {
        if (!m_problem.empty())
            return;
        m_problem = "line " + std::to_string(m_line) + " of the journal has no sound";
        for (const auto part : path)
            m_problem += " " + std::string(part);
    }

    const JsonTape& m_tape;
    std::size_t m_line;
    std::string m_problem;
};

Result<JournalHeader> headerOf(LineReader read)
{
    if (const auto format = read.text({"format"}); !format.empty() && format != kFormat)
        return fail(ErrorCode::Unsupported,
                    "the journal's format is '" + format + "', and this build knows " + std::string(kFormat));
    JournalHeader header;
    header.writtenMs = read.number<std::int64_t>({"written_ms"});
    header.summary = read.text({"summary"});
    header.shardId = read.text({"shard"});
    header.consensus = read.text({"consensus"});
    header.blob = read.text({"blob"});
    header.writerId = read.text({"writer"});
    header.basedOn = SeqNo(read.number<std::uint64_t>({"based_on"}));
    header.expectedUpper = Timestamp(read.number<std::uint64_t>({"expected_upper"}));
    header.nextUpper = Timestamp(read.number<std::uint64_t>({"next_upper"}));
    header.tokenBefore = read.token("token_before");
    header.tokenAfter = read.token("token_after");
    header.changes = read.changes("changes");
    header.inverse = read.changes("inverse");
    INSPECTOR_CHECK(read.check());
    return header;
}

Result<> takeLine(const std::string& line, std::size_t number, Journal& journal)
{
    JsonTape tape;
    if (!tape.parseJson(line))
        return fail(ErrorCode::Corrupt, "line " + std::to_string(number) + " of the journal is no JSON");
    LineReader read(tape, number);
    if (number == 1) {
        INSPECTOR_TRY(journal.header, headerOf(read));
        return {};
    }
    if (catalog::nodeAt(tape, 0, {"outcome"})) {
        journal.outcome = read.text({"outcome"});
        return read.check();
    }
    JournalAttempt attempt;
    attempt.sentMs = read.number<std::int64_t>({"sent_ms"});
    attempt.seqno = SeqNo(read.number<std::uint64_t>({"seqno"}));
    attempt.token = read.text({"token"});
    attempt.version = read.bytes({"version"});
    journal.attempts.push_back(std::move(attempt));
    return read.check();
}

Result<std::string> contentOf(int descriptor, const std::string& path)
{
    struct stat status
    {
    };
    if (::fstat(descriptor, &status) != 0)
        return failed("reading", path, errno);
    if (!S_ISREG(status.st_mode))
        return fail(ErrorCode::InvalidInput, "'" + path + "' is no file");
    if (static_cast<std::uint64_t>(status.st_size) > kLargestJournal)
        return fail(ErrorCode::Corrupt, "'" + path + "' is too large for a journal");
    std::string content(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t done = 0;
    while (done < content.size()) {
        const auto got = ::read(descriptor, content.data() + done, content.size() - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed("reading", path, errno);
        if (got == 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    content.resize(done);
    return content;
}

} // namespace

Result<ChangeJournal> ChangeJournal::create(const std::string& path, const JournalHeader& header)
{
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0 && errno == EEXIST)
        return fail(ErrorCode::InvalidInput, "the journal '" + path + "' exists already: give another name");
    if (descriptor < 0)
        return failed("the journal cannot be written, and nothing is written without one:", path, errno);
    ChangeJournal journal(path, descriptor);
    // File systems that know no locks say so; the journal is as good without.
    static_cast<void>(::flock(descriptor, LOCK_EX | LOCK_NB));
    INSPECTOR_CHECK(journal.addLine(headerLine(header)));
    INSPECTOR_CHECK(store::syncFolder(store::folderOf(path)));
    return journal;
}

ChangeJournal::~ChangeJournal()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

ChangeJournal::ChangeJournal(ChangeJournal&& other) noexcept
    : m_path(std::move(other.m_path))
    , m_descriptor(std::exchange(other.m_descriptor, -1))
    , m_size(other.m_size)
{
}

ChangeJournal& ChangeJournal::operator=(ChangeJournal&& other) noexcept
{
    std::swap(m_path, other.m_path);
    std::swap(m_descriptor, other.m_descriptor);
    std::swap(m_size, other.m_size);
    return *this;
}

Result<> ChangeJournal::addAttempt(const machine::Pending& pending, std::int64_t nowMs)
{
    std::string line = "{";
    addNumber(line, "sent_ms", std::to_string(nowMs));
    addNumber(line, "seqno", std::to_string(pending.seqno.value()));
    add(line, "token", pending.token);
    add(line, "version", toBase64(pending.version));
    return addLine(line + "}\n");
}

Result<> ChangeJournal::addOutcome(std::string_view outcome, const std::string& detail, std::int64_t nowMs)
{
    std::string line = "{";
    add(line, "outcome", std::string(outcome));
    add(line, "detail", detail);
    add(line, "at", rfc3339(nowMs));
    return addLine(line + "}\n");
}

Result<> ChangeJournal::addLine(const std::string& line)
{
    std::string_view rest = line;
    int error = 0;
    while (!rest.empty() && error == 0) {
        const auto written = ::write(m_descriptor, rest.data(), rest.size());
        if (written >= 0)
            rest.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            error = errno;
    }
    if (error == 0 && ::fsync(m_descriptor) != 0)
        error = errno;
    if (error != 0) {
        // A line that is cut off would spoil the next one.
        static_cast<void>(::ftruncate(m_descriptor, static_cast<off_t>(m_size)));
        return failed("writing the journal", m_path, error);
    }
    m_size += line.size();
    return {};
}

Result<Journal> readJournal(const std::string& path)
{
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return failed("reading", path, errno);
    // Asked first: whoever ends between the two questions has said all it had to say.
    const bool isHeldOpen = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    auto content = contentOf(descriptor, path);
    ::close(descriptor);
    if (!content)
        return tl::unexpected(std::move(content).error());
    const auto begun = std::min(content->size(), kBeginning.size());
    if (content->compare(0, begun, kBeginning.substr(0, begun)) != 0)
        return fail(ErrorCode::Corrupt, "'" + path + "' is no journal of a repair: line 1 does not begin like one");
    Journal journal;
    journal.isHeldOpen = isHeldOpen;
    std::size_t number = 0;
    std::size_t at = 0;
    for (auto end = content->find('\n'); end != std::string::npos; end = content->find('\n', at)) {
        INSPECTOR_CHECK(takeLine(content->substr(at, end - at), ++number, journal));
        at = end + 1;
    }
    return journal;
}

} // namespace inspector::edit
