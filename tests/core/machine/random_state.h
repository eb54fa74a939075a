#pragma once

#include "core/persist/state.h"

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace inspector::machine::test {

/// Makes states in which every field of the format may be set: most of them no real writer would make, all of them can
/// be stored.
class RandomState
{
public:
    explicit RandomState(std::uint64_t seed)
        : m_random(seed)
    {
    }

    /// A shard whose batches tile from 0 to some upper.
    [[nodiscard]] persist::State state();
    /// A later version of the same shard: some entries gone, some changed, some new, some batches merged or appended.
    [[nodiscard]] persist::State successorOf(const persist::State& state);

    [[nodiscard]] persist::Frontier frontier();
    [[nodiscard]] persist::HollowBatch batch(persist::Frontier lower, persist::Frontier upper);
    [[nodiscard]] persist::SpineId spineId();
    [[nodiscard]] persist::SpineBatch spineBatch();
    [[nodiscard]] persist::Merge merge();
    [[nodiscard]] persist::HollowRollup hollowRollup();
    [[nodiscard]] persist::LeasedReader leasedReader();
    [[nodiscard]] persist::CriticalReader criticalReader();
    [[nodiscard]] persist::Writer writer();
    [[nodiscard]] persist::EncodedSchemas schemas();
    [[nodiscard]] persist::ActiveTask activeTask();
    [[nodiscard]] std::string text();
    /// Small and large numbers, 0 and the greatest among them.
    [[nodiscard]] std::uint64_t number();
    [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return m_random() % bound; }

private:
    template <typename Make>
    auto maybe(Make make) -> std::optional<decltype(make())>
    {
        if (chance(50))
            return std::nullopt;
        return make();
    }
    template <typename Key, typename Value, typename MakeKey, typename MakeValue>
    void stir(std::map<Key, Value>& map, MakeKey makeKey, MakeValue makeValue);
    [[nodiscard]] persist::Description description();
    [[nodiscard]] persist::BatchPart part();
    [[nodiscard]] persist::RunMeta runMeta();
    [[nodiscard]] persist::Metadata metadata();
    [[nodiscard]] std::optional<persist::DebugState> debug();
    void stirEntries(persist::State& state);
    void stirBatches(std::vector<persist::BatchPtr>& batches);

    std::mt19937_64 m_random;
};

/// Everything that a state holds, as the bytes of a rollup; two states of equal text are the same shard at the same
/// version.
[[nodiscard]] std::string contentOf(persist::State state);

} // namespace inspector::machine::test
