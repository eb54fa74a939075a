#include "core/inspect/follow.h"

#include "app/cli/commands.h"
#include "core/inspect/text.h"

#include <algorithm>
#include <chrono>

namespace inspector::cli {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// What was asked for beside the place.
struct Wish
{
    inspect::DumpOptions show;
    std::optional<std::uint64_t> until;
    std::optional<Clock::time_point> deadline;
};

Result<> writeNews(const Request& request, const inspect::News& news, const Wish& wish)
{
    for (const auto& text : news.remarks)
        remark(request, text);
    if (request.asJson) {
        INSPECTOR_TRY(const auto leftOut,
                      inspect::writeTypedLines(news.reading, wish.show, inspect::LineOrder::AsRead, request.out,
                                               request.crew, request.job));
        // Fence tokens are remarks already.
        if (leftOut.undecodable > 0 || !leftOut.unknownKinds.empty())
            remark(request, leftOut.text());
        return {};
    }
    inspect::StringSink rows;
    const auto secrets = request.reveal ? inspect::Secrets::Revealed : inspect::Secrets::Masked;
    INSPECTOR_CHECK(inspect::writeReadableLines(news.reading, wish.show, inspect::ShowCertainty::Yes, secrets, rows,
                                                request.crew, request.job));
    if (!rows.text().empty())
        INSPECTOR_CHECK(request.out.write("v" + std::to_string(news.reading.seqno.value()) + " by " + news.hostname
                                          + " at " + inspect::walltimeText(news.walltimeMs) + ": upper "
                                          + inspect::timeText(news.upper) + "\n" + rows.text()));
    return {};
}

/// Asks and waits until the end that was asked for. False when something could not be told exactly.
Result<bool> follow(const Request& request, inspect::Follower& follower, inspect::Pace pace, const Wish& wish)
{
    bool isExact = true;
    std::string complained;
    for (;;) {
        auto answer = follower.next(request.job);
        if (answer) {
            complained.clear();
            for (const auto& news : *answer) {
                isExact = isExact && news.isExact;
                INSPECTOR_CHECK(writeNews(request, news, wish));
            }
        } else if (answer.error().code == ErrorCode::Unavailable) {
            // A server that restarts is worth waiting for: said once, and asked again.
            if (complained != answer.error().describe()) {
                complained = answer.error().describe();
                remark(request, complained + "; asking again until it answers");
            }
        } else {
            return tl::unexpected(std::move(answer).error());
        }
        INSPECTOR_CHECK(request.out.flush());
        if (wish.until && follower.told().value() > *wish.until)
            return isExact;
        auto time = pace.next(answer && !answer->empty());
        if (wish.deadline) {
            const auto left = std::chrono::ceil<milliseconds>(*wish.deadline - Clock::now());
            if (left.count() <= 0)
                return isExact;
            time = std::min(time, left);
        }
        INSPECTOR_CHECK(inspect::wait(time, request.job));
    }
}

Result<ExitCode> run(const Request& request)
{
    const auto& arguments = request.arguments;
    constexpr std::uint64_t kMostSeconds = 10ULL * 365 * 24 * 3600;
    constexpr std::uint64_t kMostMs = 3'600'000;
    Wish wish;
    INSPECTOR_TRY(const auto from, arguments.number("--from"));
    INSPECTOR_TRY(wish.until, arguments.number("--until"));
    INSPECTOR_TRY(const auto seconds, arguments.number("--for"));
    INSPECTOR_TRY(const auto interval, arguments.number("--interval"));
    if (from && wish.until && *from > *wish.until)
        return fail(ErrorCode::InvalidInput,
                    "--from " + std::to_string(*from) + " is later than --until " + std::to_string(*wish.until));
    if (seconds && *seconds > kMostSeconds)
        return fail(ErrorCode::InvalidInput, "--for takes up to " + std::to_string(kMostSeconds) + " seconds");
    if (interval && (*interval == 0 || *interval > kMostMs))
        return fail(ErrorCode::InvalidInput, "--interval takes 1 to " + std::to_string(kMostMs) + " milliseconds");
    if (wish.until)
        wish.show.to = Timestamp(*wish.until);
    wish.show.collections = arguments.values("--collection");
    for (const auto& name : wish.show.collections)
        INSPECTOR_CHECK(inspect::checkCollectionName(name).during("--collection"));
    if (seconds)
        wish.deadline = Clock::now() + std::chrono::seconds(*seconds);

    INSPECTOR_TRY(
        const auto follower,
        inspect::Follower::open(request.open, from ? std::optional(Timestamp(*from)) : std::nullopt, request.job));
    const auto pace = interval ? inspect::Pace(milliseconds(*interval)) : inspect::Pace();
    INSPECTOR_TRY(const bool isExact, follow(request, *follower, pace, wish));
    return isExact ? kDone : kDifferences;
}

} // namespace

Command followCommand()
{
    return {
        "follow",
        "the updates of every new version, as they come",
        "Prints what is committed from now on, or from catalog time --from on, until interrupted. With --json: "
        "{\"collection\",\n"
        "\"key\",\"value\",\"ts\",\"diff\"} a line, as of 'trace --json' with the updates' own times; what is in no "
        "collection is on\n"
        "standard error, fence tokens that are taken with their meaning. Asks the store briefly after a change and "
        "then less and\n"
        "less often; each question costs what is new. When garbage collection and compaction overtake it, it says "
        "so, tells what\n"
        "has changed all the same, and ends with 1. A server that does not answer is asked again.\n"
        "The JSON is the data itself and is NOT masked.",
        {},
        {{"--from", nullptr, "N", "first what was written at catalog time N or later, as far as it can be told"},
         {"--until", nullptr, "N", "end once everything up to catalog time N is told"},
         {"--for", nullptr, "SECONDS", "end after this time"},
         {"--interval", nullptr, "MS", "ask at least this often; 1200 when absent"},
         {"--collection", nullptr, "NAME", "only this collection; may be repeated"}},
        {"follow catalog.mzcat", "follow --json --collection item --from 40 --for 60 catalog.mzcat"},
        {kDifferences},
        run,
        false};
}

} // namespace inspector::cli
