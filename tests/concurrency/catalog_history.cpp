#include "tests/concurrency/catalog_history.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <set>
#include <sstream>
#include <utility>

namespace inspector::races {

namespace {

constexpr auto kNever = std::numeric_limits<std::int64_t>::max();

std::uint64_t numberOf(const std::string& text)
{
    return std::strtoull(text.c_str(), nullptr, 10);
}

std::int64_t signedOf(const std::string& text)
{
    return std::strtoll(text.c_str(), nullptr, 10);
}

std::vector<std::string> rest(std::istringstream& stream)
{
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

std::string at(std::uint64_t time)
{
    return " at " + std::to_string(time);
}

} // namespace

void CatalogHistory::add(const std::string& process, const std::string& lines)
{
    std::map<std::string, std::size_t> asked;
    for (std::size_t from = 0; from < lines.size();) {
        const auto to = lines.find('\n', from);
        if (to == std::string::npos)
            break; // a kill cut the line off
        std::istringstream stream(lines.substr(from, to - from));
        from = to + 1;
        std::string what;
        stream >> what;
        if (what == "ask") {
            Call call;
            call.process = process;
            call.ended = kNever;
            stream >> call.name >> call.kind >> call.begun;
            call.asked = rest(stream);
            asked[call.name] = m_calls.size();
            m_calls.push_back(std::move(call));
        } else if (what == "told") {
            std::string name;
            stream >> name;
            auto& call = m_calls[asked.at(name)];
            stream >> call.outcome >> call.ended;
            if (call.outcome.ends_with('?')) {
                call.outcome.pop_back();
                call.isUnknown = true;
            }
            call.answered = rest(stream);
            if (!call.isOk())
                for (const auto& word : call.answered)
                    call.message += " " + word;
        } else if (what == "saw") {
            Look look;
            std::string how;
            stream >> how >> look.begun >> look.ended >> look.upper >> look.counter;
            look.process = process + ", " + how;
            m_looks.push_back(look);
        }
    }
}

std::string CatalogHistory::firstImpossibility(const Ledger& end, std::size_t killed) const
{
    Effects effects;
    if (auto trouble = outcomesTrouble(killed); !trouble.empty())
        return trouble;
    if (auto trouble = effectsOf(end, effects); !trouble.empty())
        return trouble;
    if (auto trouble = orderTrouble(end, effects); !trouble.empty())
        return trouble;
    if (auto trouble = idsTrouble(end, effects); !trouble.empty())
        return trouble;
    if (auto trouble = editsTrouble(end); !trouble.empty())
        return trouble;
    if (auto trouble = unclaimedTrouble(end, effects); !trouble.empty())
        return trouble;
    return looksTrouble(end, effects);
}

/// Whoever loses is told so by Fenced or Conflict, and there was somebody to lose against.
std::string CatalogHistory::outcomesTrouble(std::size_t killed) const
{
    std::size_t untold = 0;
    std::int64_t handleBegun = 0; // of the latest handle of the process
    for (const auto& call : m_calls) {
        if (call.kind == "open" || (call.kind == "debug" && call.name == call.asked.at(0)))
            handleBegun = call.begun;
        if (call.outcome.empty() && ++untold > killed)
            return call.name + " was never answered";
        if (call.outcome == "failed")
            return call.name + " (" + call.kind + ") failed:" + call.message;
        if (call.outcome != "fenced" && call.outcome != "conflict")
            continue;
        // Another process took over between the opening of the handle and the answer.
        const bool hadRival = std::any_of(m_calls.begin(), m_calls.end(), [&](const Call& other) {
            return other.process != call.process && (other.kind == "open" || other.kind == "debug")
                && other.begun < call.ended && other.ended > handleBegun;
        });
        if (!hadRival)
            return call.name + " lost against nobody:" + call.message;
    }
    return {};
}

/// Finds what each call did and when: what it was told must be in the book, and nothing else may be there.
std::string CatalogHistory::effectsOf(const Ledger& end, Effects& effects) const
{
    std::string trouble;
    const auto put = [&](std::uint64_t time, const Effect& effect) {
        const auto [place, isNew] = effects.emplace(time, effect);
        if (!isNew && trouble.empty())
            trouble = place->second.call->name + " and " + effect.call->name + " both wrote" + at(time);
    };
    std::size_t entries = 0;
    for (const auto& call : m_calls) {
        if (call.kind == "open" && call.isOk()) {
            // The takeover, and what opening commits after it.
            const auto epoch = signedOf(call.answered.at(0));
            const auto upper = numberOf(call.answered.at(1));
            put(upper - 2, {&call, epoch, 0, 0, true, false});
            put(upper - 1, {&call, epoch, 0, 0, false, false});
        } else if (call.kind == "allocate" && call.isOk()) {
            put(numberOf(call.answered.at(1)) - 1,
                {&call, signedOf(call.asked.at(0)), numberOf(call.answered.at(0)), numberOf(call.asked.at(1)), false,
                 false});
        } else if (call.kind == "commit") {
            const auto claimed = Entry::parse(call.asked.at(2)).value_or(Entry());
            const auto found = end.entries.find(call.name);
            const bool isThere = found != end.entries.end();
            if (isThere && found->second != claimed)
                return "the book says of " + call.name + ": " + found->second.text();
            if (call.isOk() && !isThere)
                return call.name + " is lost";
            if (!call.isOk() && !call.isOpen() && isThere)
                return call.name + " is there, but was told otherwise:" + call.message;
            if (call.isOk() && numberOf(call.answered.at(0)) != claimed.expected + 1)
                return call.name + " found another upper than it expected";
            if (!isThere)
                continue;
            ++entries;
            put(claimed.expected, {&call, claimed.epoch, claimed.firstId, claimed.idCount, false, true});
        }
        if (!trouble.empty())
            return trouble;
    }
    if (entries != end.entries.size())
        return "somebody wrote " + std::to_string(end.entries.size() - entries) + " entries that nobody asked for";
    return {};
}

/// The times of the catalog are an order in which the calls can have happened, and no token writes after a larger one.
std::string CatalogHistory::orderTrouble(const Ledger& end, const Effects& effects) const
{
    std::int64_t epoch = 0;
    std::int64_t begun = 0;
    std::uint64_t counter = 0;
    const Call* latest = nullptr;
    for (const auto& [time, effect] : effects) {
        const auto& call = *effect.call;
        if (effect.isTakeover ? effect.epoch <= epoch : effect.epoch < epoch)
            return call.name + " wrote with epoch " + std::to_string(effect.epoch) + at(time) + " after epoch "
                + std::to_string(epoch);
        epoch = effect.epoch;
        if (latest != nullptr && call.ended < begun)
            return call.name + " wrote" + at(time) + ", and had ended before " + latest->name
                + " began, which wrote earlier";
        if (call.begun > begun) {
            begun = call.begun;
            latest = &call;
        }
        if (effect.isEntry && end.entries.at(call.name).counter != ++counter)
            return call.name + " counted " + std::to_string(end.entries.at(call.name).counter) + at(time)
                + ", where it should be " + std::to_string(counter);
    }
    if (end.token && end.token->epoch.value() < epoch)
        return "the token that is left is of epoch " + std::to_string(end.token->epoch.value());
    return {};
}

/// Ids are drawn one after the other; those that are missing were drawn by calls of which nobody was told.
std::string CatalogHistory::idsTrouble(const Ledger& end, const Effects& effects) const
{
    std::uint64_t untold = 0;
    for (const auto& call : m_calls)
        if (call.kind == "allocate" && !call.isOk() && call.isOpen())
            untold += numberOf(call.asked.at(1));
    std::uint64_t next = 1; // the allocator of a new catalog
    std::uint64_t missing = 0;
    for (const auto& [time, effect] : effects) {
        if (effect.idCount == 0)
            continue;
        if (effect.firstId < next)
            return effect.call->name + " was given the id " + std::to_string(effect.firstId) + " once more";
        missing += effect.firstId - next;
        next = effect.firstId + effect.idCount;
    }
    if (end.nextUserId < next)
        return "the allocator ends at " + std::to_string(end.nextUserId) + ", behind " + std::to_string(next);
    missing += end.nextUserId - next;
    if (missing > untold)
        return std::to_string(missing) + " ids were given to nobody";
    return {};
}

/// Debug edits are a chain: each was told which one it replaced.
std::string CatalogHistory::editsTrouble(const Ledger& end) const
{
    std::map<std::string, const Call*> replacedBy;
    std::map<std::string, const Call*> edits;
    std::size_t untold = 0;
    for (const auto& call : m_calls) {
        if (call.kind != "debug")
            continue;
        edits.emplace(call.name, &call);
        if (!call.isOk())
            untold += call.isOpen() ? 1U : 0U;
        else if (!replacedBy.emplace(call.answered.at(0), &call).second)
            return call.name + " and " + replacedBy.at(call.answered.at(0))->name + " both replaced "
                + call.answered.at(0);
    }
    std::size_t loose = 0;
    for (const auto& [name, call] : edits) {
        const auto next = replacedBy.find(name);
        const bool isThere = next != replacedBy.end() || end.edited == name;
        if (!call->isOk() && !call->isOpen() && isThere)
            return name + " was there, but was told otherwise";
        if (call->isOk() && !isThere && ++loose > untold)
            return "the edit " + name + " is lost";
        if (next != replacedBy.end() && next->second->ended < call->begun)
            return next->second->name + " replaced " + name + " before it was begun";
    }
    for (const auto& [name, next] : replacedBy)
        if (name != "-" && !edits.contains(name))
            return next->name + " replaced " + name + ", which nobody wrote";
    if (end.edited && !edits.contains(*end.edited))
        return "the edit that is left is nobody's: " + *end.edited;
    return {};
}

/// Every time of the catalog is one that somebody asked for: nothing is written beside.
std::string CatalogHistory::unclaimedTrouble(const Ledger& end, const Effects& effects) const
{
    std::uint64_t least = 1; // [0, 1) is nobody's
    std::uint64_t most = 1;
    std::set<std::string> debugHandles;
    std::int64_t leastEpoch = 1; // the first takeover writes 2
    std::int64_t mostEpoch = 1;
    for (const auto& call : m_calls) {
        if (call.kind == "debug") {
            least += call.isOk() ? 1U : 0U;
            most += call.isOk() || call.isOpen() ? 1U : 0U;
            if (call.isOk() && debugHandles.insert(call.asked.at(0)).second)
                ++leastEpoch;
            mostEpoch += call.isOk() || call.isOpen() ? 1U : 0U;
        } else if (call.kind == "open") {
            most += call.isOk() ? 0U : 2U;
            leastEpoch += call.isOk() ? 1U : 0U;
            ++mostEpoch;
        } else if (call.kind == "allocate" && !call.isOk() && call.isOpen()) {
            ++most;
        }
    }
    if (!effects.empty() && effects.rbegin()->first >= end.upper)
        return effects.rbegin()->second.call->name + " wrote beyond the end";
    const auto unclaimed = end.upper - effects.size();
    if (unclaimed < least || unclaimed > most)
        return std::to_string(unclaimed) + " times of the catalog are nobody's; there should be "
            + std::to_string(least) + " to " + std::to_string(most);
    const auto epoch = end.token ? end.token->epoch.value() : leastEpoch;
    if (epoch < leastEpoch || epoch > mostEpoch)
        return "the last epoch is " + std::to_string(epoch) + "; there should be " + std::to_string(leastEpoch) + " to "
            + std::to_string(mostEpoch);
    return {};
}

/// Who looks sees what was there at one moment of the look, and never goes back.
std::string CatalogHistory::looksTrouble(const Ledger& end, const Effects& effects) const
{
    std::map<std::string, std::uint64_t> last;
    for (const auto& look : m_looks) {
        const auto what = look.process + ", saw the catalog up to " + std::to_string(look.upper);
        if (look.upper > end.upper)
            return what + ", beyond its end";
        auto& before = last[look.process];
        if (look.upper < before)
            return what + " after " + std::to_string(before);
        before = look.upper;
        std::uint64_t counter = 0;
        for (const auto& [time, effect] : effects) {
            if (time < look.upper && effect.call->begun > look.ended)
                return what + " before " + effect.call->name + " was begun";
            // A look without an upper was before the first entry.
            if (time >= look.upper && (look.upper > 0 || effect.isEntry) && effect.call->ended < look.begun)
                return what + " although " + effect.call->name + " had ended";
            counter += time < look.upper && effect.isEntry ? 1U : 0U;
        }
        if (look.counter != counter)
            return what + " with " + std::to_string(look.counter) + " entries instead of " + std::to_string(counter);
    }
    return {};
}

std::size_t CatalogHistory::count(const std::string& kind, const std::string& outcome) const
{
    return static_cast<std::size_t>(std::count_if(m_calls.begin(), m_calls.end(), [&](const Call& call) {
        return call.kind == kind && call.outcome == outcome;
    }));
}

std::size_t CatalogHistory::losses() const
{
    return static_cast<std::size_t>(std::count_if(m_calls.begin(), m_calls.end(), [](const Call& call) {
        return call.outcome == "fenced" || call.outcome == "conflict";
    }));
}

std::string CatalogHistory::summary() const
{
    std::map<std::pair<std::string, std::string>, std::size_t> counts;
    for (const auto& call : m_calls)
        ++counts[{call.kind, call.outcome.empty() ? "unanswered" : call.outcome + (call.isUnknown ? "?" : "")}];
    std::string text = std::to_string(m_looks.size()) + " looks";
    for (const auto& [what, count] : counts)
        text += ", " + std::to_string(count) + " " + what.first + " " + what.second;
    return text;
}

} // namespace inspector::races
