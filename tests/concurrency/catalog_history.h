#pragma once

#include "tests/concurrency/ledger.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace inspector::races {

/// What catalog_worker and catalog_watcher processes wrote down about one catalog.
class CatalogHistory
{
public:
    /// Adds the lines of one process.
    void add(const std::string& process, const std::string& lines);

    /// Nothing, or the first thing that could not have happened if every call took effect at one moment between its
    /// begin and its end, in the order of the times in the catalog. `end`: the book when everybody had finished.
    /// `killed`: how many processes ended in the middle, each of which may have one call that took effect although
    /// nobody was told.
    [[nodiscard]] std::string firstImpossibility(const Ledger& end, std::size_t killed = 0) const;

    /// Calls of a kind with an outcome.
    [[nodiscard]] std::size_t count(const std::string& kind, const std::string& outcome) const;
    /// Calls that another writer made fail.
    [[nodiscard]] std::size_t losses() const;
    [[nodiscard]] std::size_t looks() const { return m_looks.size(); }
    /// What happened how often, for people.
    [[nodiscard]] std::string summary() const;

private:
    struct Call
    {
        std::string process;
        std::string name;
        std::string kind;
        std::string outcome;    ///< empty when nobody was told
        std::string message;    ///< of an error
        bool isUnknown = false; ///< something may have been written
        std::int64_t begun = 0;
        std::int64_t ended = 0;
        std::vector<std::string> asked;
        std::vector<std::string> answered;

        [[nodiscard]] bool isOk() const { return outcome == "ok"; }
        /// May have taken effect although it was not told so.
        [[nodiscard]] bool isOpen() const { return outcome.empty() || isUnknown; }
    };
    struct Look
    {
        std::string process; ///< and in which way
        std::int64_t begun = 0;
        std::int64_t ended = 0;
        std::uint64_t upper = 0;
        std::uint64_t counter = 0;
    };
    /// What a call did to the catalog, at one of its times.
    struct Effect
    {
        const Call* call = nullptr;
        std::int64_t epoch = 0; ///< that it was written with
        std::uint64_t firstId = 0;
        std::uint64_t idCount = 0;
        bool isTakeover = false;
        bool isEntry = false;
    };
    using Effects = std::map<std::uint64_t, Effect>;

    [[nodiscard]] std::string outcomesTrouble(std::size_t killed) const;
    [[nodiscard]] std::string effectsOf(const Ledger& end, Effects& effects) const;
    [[nodiscard]] std::string orderTrouble(const Ledger& end, const Effects& effects) const;
    [[nodiscard]] std::string idsTrouble(const Ledger& end, const Effects& effects) const;
    [[nodiscard]] std::string editsTrouble(const Ledger& end) const;
    [[nodiscard]] std::string looksTrouble(const Ledger& end, const Effects& effects) const;
    [[nodiscard]] std::string unclaimedTrouble(const Ledger& end, const Effects& effects) const;

    std::vector<Call> m_calls;
    std::vector<Look> m_looks;
};

} // namespace inspector::races
