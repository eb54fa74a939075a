#pragma once

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/base/ids.h"
#include "core/catalog/mode.h"
#include "core/edit/write_guard.h"
#include "core/machine/profile.h"
#include "core/machine/shard_writer.h"
#include "core/store/memory_writer.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace inspector::machine::test {

/// A clock that stands still unless it is moved, or moves by a step with every look.
class TestClock final : public Clock
{
public:
    explicit TestClock(std::int64_t nowMs = 1'700'000'000'000)
        : now(nowMs)
    {
    }

    [[nodiscard]] std::int64_t walltimeMs() const override { return now; }

    std::int64_t now;
};

/// Hands out the given ids first, then seeded ones.
class ScriptedIds final : public IdSource
{
public:
    explicit ScriptedIds(std::deque<std::string> uuids = {}, std::uint64_t seed = 1)
        : next(std::move(uuids))
        , m_more(seed)
    {
    }

    [[nodiscard]] std::string uuid() override
    {
        if (next.empty())
            return m_more.uuid();
        auto id = next.front();
        next.pop_front();
        return id;
    }
    [[nodiscard]] std::uint64_t bits() override { return m_more.bits(); }

    std::deque<std::string> next;

private:
    SeededIdSource m_more;
};

/// The right to write at `upper`, from the one place that gives it.
[[nodiscard]] inline WritePermit permitAt(std::uint64_t upper = 0)
{
    return *edit::WriteGuard(catalog::Mode::Writable, std::nullopt).permit(Timestamp(upper));
}

[[nodiscard]] inline ShardId shardNumber(int number)
{
    auto digits = std::to_string(number);
    return *ShardId::parse("s00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits);
}

/// A writer's profile as the real builds have it.
[[nodiscard]] inline Profile profileOf(Era era, Stance stance)
{
    Profile profile;
    profile.era = era;
    profile.stance = stance;
    profile.buildVersion = era == Era::Old ? "0.125.0-dev.0" : "26.39.0-dev.0";
    profile.hostname = "host";
    profile.purpose = "test";
    return profile;
}

/// A location in memory with one shard, and whoever reads and writes it.
struct MemoryScene
{
    std::shared_ptr<store::MemoryContent> content = std::make_shared<store::MemoryContent>();
    store::MemoryConsensusWriter consensus {content};
    store::MemoryBlobWriter blob {content};
    ShardId shardId = shardNumber(1);
    TestClock clock;
    ScriptedIds ids;
    Job job;

    [[nodiscard]] ShardWriter writer(const Profile& profile)
    {
        return ShardWriter(consensus, blob, shardId, profile, clock, ids);
    }
    /// The stored row of a seqno; empty without one.
    [[nodiscard]] Bytes row(std::int64_t seqno) const
    {
        const auto versions = content->versions.find(shardId.text());
        if (versions == content->versions.end() || !versions->second.contains(seqno))
            return {};
        return versions->second.at(seqno);
    }
};

/// The rows and blobs of a fixture folder, copied. Ends the program with a message when it cannot be read.
void load(store::MemoryContent& content, const std::string& folder);
/// The shard of a fixture that is the catalog.
[[nodiscard]] ShardId catalogShardOf(const store::MemoryContent& content);

/// What a shard holds, by our own reader: diffs by row and time, times below since advanced to it, no zeros.
using Rows = std::map<std::pair<std::string, std::uint64_t>, std::int64_t>;
[[nodiscard]] Rows rowsOf(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shardId);

/// The first rule that the shard breaks, read anew; empty when everything is as it must be: the state has nothing odd,
/// its spine is one that a newer build accepts, and every part is there and decodes.
[[nodiscard]] std::string brokenRuleOf(const store::Consensus& consensus, const store::Blob& blob,
                                       const ShardId& shardId, Era era);

} // namespace inspector::machine::test
