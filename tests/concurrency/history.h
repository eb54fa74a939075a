#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What processes of tests/concurrency/hammer.cpp wrote down about one key.
class History
{
public:
    /// Adds the lines of one process.
    void add(const std::string& process, const std::string& lines);

    /// Nothing, or the first thing that could not have happened if every compare-and-set and every read took effect at
    /// one moment between its begin and its end. `killed`: how many processes ended in the middle, each of which may
    /// have one compare-and-set that took effect although nobody was told.
    [[nodiscard]] std::string firstImpossibility(std::size_t killed = 0) const;

    /// Versions that a process was told are committed.
    [[nodiscard]] std::size_t committed() const;
    /// Compare-and-sets that came too late.
    [[nodiscard]] std::size_t mismatches() const;
    /// The hash of the newest version, and its number.
    [[nodiscard]] std::int64_t head() const;
    [[nodiscard]] std::string hashOfHead() const;

private:
    struct Write
    {
        std::string process;
        std::int64_t expected = 0;
        std::int64_t next = 0;
        std::string hash;
        std::int64_t begun = 0;
        std::int64_t ended = 0; ///< the largest number when nobody was told
        std::string told;       ///< empty likewise
    };
    struct Read
    {
        std::string process;
        std::int64_t seqno = 0;
        std::string hash;
        std::int64_t begun = 0;
        std::int64_t ended = 0;
    };
    [[nodiscard]] std::vector<const Write*> versions(std::string& trouble) const;

    std::vector<Write> m_writes;
    std::vector<Read> m_reads;
};
