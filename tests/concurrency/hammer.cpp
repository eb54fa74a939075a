#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/store/writable_location.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

using namespace inspector;
using namespace inspector::store;

// A process that adds versions to one key as fast as it can, in competition with others of its kind, and writes down
// what it asked for and what it was told. Arguments: consensus URL, blob URL, key, name of this process, versions to
// add, seed. A line is written before a compare-and-set and one after it, so that a kill in between shows:
//   ask EXPECTED NEXT HASH START
//   told EXPECTED NEXT HASH START END committed|mismatch|unknown|failed
//   saw SEQNO HASH START END            (a read; SEQNO -1 for nothing)
// HASH is that of the version's data, times are nanoseconds of the clock that all processes share.

namespace {

std::int64_t now()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string hashOf(BytesView data)
{
    return toHex(sha256(data)).substr(0, 16);
}

int complain(const Error& error)
{
    std::fprintf(stderr, "hammer: %s\n", error.describe().c_str());
    return 1;
}

} // namespace

int main(int count, char** words)
{
    if (count != 7)
        return 2;
    const std::string key = words[3];
    const std::string name = words[4];
    const long wanted = std::strtol(words[5], nullptr, 10);
    std::mt19937_64 random(std::strtoull(words[6], nullptr, 10));
    const Job job;
    const auto opened = openWritableStores({words[1], words[2]}, {}, job);
    if (!opened)
        return complain(opened.error());
    auto& consensus = *opened->consensus;

    for (long done = 0; done < wanted;) {
        // The newest version, by one way of reading or the other.
        std::optional<VersionedData> head;
        const auto readFrom = now();
        if (random() % 2 == 0) {
            auto read = consensus.head(key, job);
            if (!read)
                return complain(read.error());
            head = *std::move(read);
        } else {
            auto all = consensus.scan(key, SeqNo(0), Consensus::kAll, job);
            if (!all)
                return complain(all.error());
            for (std::size_t i = 1; i < all->size(); ++i)
                if ((*all)[i].seqno != (*all)[i - 1].seqno.next())
                    return 3;
            if (!all->empty())
                head = std::move(all->back());
        }
        std::printf("saw %lld %s %lld %lld\n", head ? static_cast<long long>(head->seqno.value()) : -1LL,
                    head ? hashOf(head->data).c_str() : "-", static_cast<long long>(readFrom),
                    static_cast<long long>(now()));

        // One on top of it, which names it.
        std::string text = name + "#" + std::to_string(done) + " on " + (head ? hashOf(head->data) : "-") + " ";
        text.append(random() % 3000, 'x');
        const auto view = bytesOf(text);
        const VersionedData next {SeqNo(head ? head->seqno.value() + 1 : 0), Bytes(view.begin(), view.end())};
        const auto expected = head ? std::optional(head->seqno) : std::nullopt;
        const auto begun = now();
        const auto line = std::to_string(head ? static_cast<std::int64_t>(head->seqno.value()) : -1) + " "
            + std::to_string(next.seqno.value()) + " " + hashOf(view) + " " + std::to_string(begun);
        std::printf("ask %s\n", line.c_str());
        std::fflush(stdout);
        const auto outcome = consensus.compareAndSet(key, expected, next, job);
        const char* told = !outcome             ? outcome.error().outcomeUnknown ? "unknown" : "failed"
            : *outcome == CasOutcome::Committed ? "committed"
                                                : "mismatch";
        std::printf("told %s %lld %s\n", line.c_str(), static_cast<long long>(now()), told);
        std::fflush(stdout);
        if (!outcome)
            return complain(outcome.error());
        done += *outcome == CasOutcome::Committed ? 1 : 0;

        // Now and then the log is cut off far behind its end.
        if (next.seqno.value() > 40 && random() % 20 == 0) {
            const auto cut = consensus.truncate(key, SeqNo(next.seqno.value() - 30), job);
            if (!cut)
                return complain(cut.error());
        }
    }
    return 0;
}
