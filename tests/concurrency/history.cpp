#include "tests/concurrency/history.h"

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>

namespace {
constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
}

void History::add(const std::string& process, const std::string& lines)
{
    std::istringstream stream(lines);
    std::vector<Write> asked;
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words(line);
        std::string kind;
        words >> kind;
        if (kind == "saw") {
            Read read {process, 0, "", 0, 0};
            if (words >> read.seqno >> read.hash >> read.begun >> read.ended)
                m_reads.push_back(read);
            continue;
        }
        Write write {process, 0, 0, "", 0, kNever, ""};
        if (!(words >> write.expected >> write.next >> write.hash >> write.begun))
            continue; // a kill cut the line off
        if (kind == "ask") {
            asked.push_back(write);
        } else if (words >> write.ended >> write.told) {
            asked.pop_back();
            m_writes.push_back(write);
        }
    }
    m_writes.insert(m_writes.end(), asked.begin(), asked.end());
}

std::vector<const History::Write*> History::versions(std::string& trouble) const
{
    std::map<std::int64_t, const Write*> found;
    for (const auto& write : m_writes) {
        if (write.told != "committed")
            continue;
        const auto [place, isNew] = found.emplace(write.next, &write);
        if (!isNew && trouble.empty())
            trouble = "version " + std::to_string(write.next) + " was committed by " + place->second->process
                + " and by " + write.process;
    }
    // A version that nobody was told of is there when somebody saw it or built on it.
    for (const auto& write : m_writes) {
        if (write.told != "" || found.contains(write.next))
            continue;
        const bool wasSeen = std::any_of(m_reads.begin(), m_reads.end(), [&](const Read& read) {
            return read.seqno == write.next && read.hash == write.hash;
        });
        if (wasSeen)
            found.emplace(write.next, &write);
    }
    std::vector<const Write*> list;
    for (const auto& [number, write] : found) {
        if (number != static_cast<std::int64_t>(list.size()) && trouble.empty())
            trouble = "version " + std::to_string(list.size()) + " is lost: the next one is " + std::to_string(number);
        list.push_back(write);
    }
    return list;
}

std::string History::firstImpossibility(std::size_t killed) const
{
    std::string trouble;
    const auto log = versions(trouble);
    if (!trouble.empty())
        return trouble;
    const auto size = static_cast<std::int64_t>(log.size());
    std::size_t untold = 0;
    for (const auto& write : m_writes) {
        const auto what = write.process + "'s version " + std::to_string(write.next);
        if (write.next != write.expected + 1)
            return what + " does not follow what it expected";
        if (write.told == "unknown" || write.told == "failed")
            return what + " " + write.told;
        if (write.told.empty() && ++untold > killed)
            return what + " was never answered";
        if (write.told != "mismatch")
            continue;
        // Somebody else's version must have been able to come before.
        if (write.next >= size)
            return what + " was too late for nobody";
        const auto& winner = *log[static_cast<std::size_t>(write.next)];
        if (winner.hash == write.hash)
            return what + " is there although it was told otherwise";
        if (winner.begun > write.ended)
            return what + " was too late for one that had not begun";
    }
    // Each version was begun before the next one ended, and after the one before had begun.
    for (std::size_t i = 1; i < log.size(); ++i)
        if (log[i]->ended < log[i - 1]->begun)
            return "version " + std::to_string(i) + " was committed before the one before was begun";
    // What was committed before a read began is seen by it, and nothing that had not begun when it ended.
    std::vector<std::int64_t> ends;
    for (const auto* version : log)
        ends.push_back(version->ended);
    for (const auto& read : m_reads) {
        const auto what = read.process + " saw version " + std::to_string(read.seqno);
        if (read.seqno >= size)
            return what + ", which nobody wrote";
        if (read.seqno >= 0 && log[static_cast<std::size_t>(read.seqno)]->hash != read.hash)
            return what + " with other data";
        if (read.seqno >= 0 && log[static_cast<std::size_t>(read.seqno)]->begun > read.ended)
            return what + " before it was begun";
        for (auto i = static_cast<std::size_t>(read.seqno + 1); i < ends.size(); ++i)
            if (ends[i] < read.begun)
                return what + " although version " + std::to_string(i) + " was committed before";
    }
    // No process goes back in time.
    std::map<std::string, std::int64_t> last;
    for (const auto& read : m_reads) {
        const auto before = last.find(read.process);
        if (before != last.end() && before->second > read.seqno)
            return read.process + " saw version " + std::to_string(read.seqno) + " after version "
                + std::to_string(before->second);
        last[read.process] = read.seqno;
    }
    return {};
}

std::size_t History::committed() const
{
    return static_cast<std::size_t>(
        std::count_if(m_writes.begin(), m_writes.end(), [](const Write& write) { return write.told == "committed"; }));
}

std::size_t History::mismatches() const
{
    return static_cast<std::size_t>(
        std::count_if(m_writes.begin(), m_writes.end(), [](const Write& write) { return write.told == "mismatch"; }));
}

std::int64_t History::head() const
{
    std::string ignored;
    return static_cast<std::int64_t>(versions(ignored).size()) - 1;
}

std::string History::hashOfHead() const
{
    std::string ignored;
    const auto log = versions(ignored);
    return log.empty() ? std::string() : log.back()->hash;
}
