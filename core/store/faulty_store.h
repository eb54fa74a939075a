#pragma once

#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"
#include "core/store/stop.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace inspector::store {

/// The calls that a store answers.
enum class StoreCall { ListKeys, Head, Scan, CompareAndSet, Truncate, InsertLog, Get, List, Set, Remove };

/// What a call that fails did before it failed.
enum class FaultMoment {
    Refused,     ///< nothing, and the error says so
    RequestLost, ///< nothing, but who asked cannot know: `outcomeUnknown` when the call would write
    ReplyLost,   ///< all of it, but who asked cannot know
    LandsLater,  ///< nothing yet: it takes effect right before a later call (FaultPlan::landsAfter), unseen
};

/// What goes wrong, and when. Shared with the wrappers, so that a test may change it between two calls; wrappers of one
/// plan belong to one thread.
struct FaultPlan
{
    std::size_t failFrom = 0;  ///< the call that fails first, counted from 1; 0 = none
    std::size_t failCount = 1; ///< how many calls fail from there on
    FaultMoment moment = FaultMoment::Refused;
    std::size_t landsAfter = 1; ///< calls of the same wrapper between the failing one and its effect, for LandsLater
    Error error {ErrorCode::Unavailable, "the store was made to fail", {}, false};
    std::set<StoreCall> only;                         ///< the calls that are counted and may fail; empty = all
    std::chrono::milliseconds delay {0};              ///< before every answer; a Stop ends the wait
    std::set<std::string> missing;                    ///< keys of blobs that are not there
    std::map<std::string, std::size_t> truncated;     ///< bytes that are left of a blob
    std::function<void(std::size_t call)> beforeCall; ///< for a test that changes the store under a reader, or kills
    std::function<void(std::size_t call)> afterCall;  ///< after it took effect, before it is answered

    std::size_t calls = 0;                   ///< so far; counted by the wrapper
    std::map<StoreCall, std::size_t> byKind; ///< likewise, of every kind, counted or not
};

namespace detail {

/// Counts the call and waits. Whether it is to fail, or why it stopped.
[[nodiscard]] inline Result<bool> meet(FaultPlan& plan, StoreCall kind, const Job& job)
{
    ++plan.byKind[kind];
    const bool isCounted = plan.only.empty() || plan.only.contains(kind);
    if (isCounted) {
        ++plan.calls;
        if (plan.beforeCall)
            plan.beforeCall(plan.calls);
    }
    if (plan.delay.count() > 0) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        stopped.wait_for(lock, job.stopToken(), plan.delay, [] { return false; });
    }
    INSPECTOR_CHECK(notStopped(job));
    return isCounted && plan.failFrom != 0 && plan.calls >= plan.failFrom
        && plan.calls < plan.failFrom + plan.failCount;
}

inline void answered(FaultPlan& plan, StoreCall kind)
{
    if (plan.afterCall && (plan.only.empty() || plan.only.contains(kind)))
        plan.afterCall(plan.calls);
}

/// A call that reads.
template <typename Call>
[[nodiscard]] auto read(FaultPlan& plan, StoreCall kind, const Job& job, Call&& call) -> decltype(call())
{
    INSPECTOR_TRY(const bool fails, meet(plan, kind, job));
    if (fails)
        return tl::unexpected<Error>(plan.error);
    auto answer = call();
    answered(plan, kind);
    return answer;
}

/// The writes of one wrapper: a write may take effect later than it was asked for.
class FaultyWrites
{
public:
    /// Lets what is due take effect. Before every call of the wrapper.
    void land()
    {
        if (m_late && m_left-- == 0)
            std::exchange(m_late, {})();
    }

    /// A call that writes; `call` keeps copies of what it was given, since it may run later.
    template <typename Call>
    [[nodiscard]] auto write(FaultPlan& plan, StoreCall kind, const Job& job, Call call) -> decltype(call(job))
    {
        land();
        INSPECTOR_TRY(const bool fails, meet(plan, kind, job));
        if (!fails) {
            auto answer = call(job);
            answered(plan, kind);
            return answer;
        }
        auto error = plan.error;
        error.outcomeUnknown = plan.moment != FaultMoment::Refused;
        if (plan.moment == FaultMoment::ReplyLost) {
            [[maybe_unused]] const auto lost = call(job);
            answered(plan, kind);
        } else if (plan.moment == FaultMoment::LandsLater) {
            m_left = plan.landsAfter;
            m_late = [call = std::move(call)]() mutable { [[maybe_unused]] const auto lost = call(Job()); };
        }
        return tl::unexpected<Error>(std::move(error));
    }

private:
    std::function<void()> m_late;
    std::size_t m_left = 0;
};

} // namespace detail

/// A consensus that fails on demand. For tests.
class FaultyConsensus final : public Consensus
{
public:
    FaultyConsensus(std::unique_ptr<Consensus> inner, std::shared_ptr<FaultPlan> plan)
        : m_inner(std::move(inner))
        , m_plan(std::move(plan))
    {
    }

    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const override
    {
        return detail::read(*m_plan, StoreCall::ListKeys, job, [&] { return m_inner->listKeys(job); });
    }

    [[nodiscard]] Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const override
    {
        return detail::read(*m_plan, StoreCall::Head, job, [&] { return m_inner->head(key, job); });
    }

    [[nodiscard]] Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                          const Job& job) const override
    {
        return detail::read(*m_plan, StoreCall::Scan, job, [&] { return m_inner->scan(key, from, limit, job); });
    }

    [[nodiscard]] std::string description() const override { return m_inner->description(); }

private:
    std::unique_ptr<Consensus> m_inner;
    std::shared_ptr<FaultPlan> m_plan;
};

namespace detail {

/// What the plan leaves of a blob.
[[nodiscard]] inline Result<std::optional<SharedBytes>> getFaulty(const FaultPlan& plan, const Blob& inner,
                                                                  std::string_view key, const Job& job)
{
    const std::string name(key);
    if (plan.missing.contains(name))
        return std::optional<SharedBytes>();
    INSPECTOR_TRY(auto bytes, inner.get(key, job));
    if (const auto cut = plan.truncated.find(name); bytes && cut != plan.truncated.end())
        return std::optional(SharedBytes::copyOf(bytes->view().first(std::min(cut->second, bytes->size()))));
    return bytes;
}

/// What the plan leaves of a listing.
[[nodiscard]] inline Result<std::vector<BlobListing>> listFaulty(const FaultPlan& plan, const Blob& inner,
                                                                 std::string_view prefix, const Job& job)
{
    INSPECTOR_TRY(const auto all, inner.list(prefix, job));
    std::vector<BlobListing> listings;
    for (const auto& listing : all) {
        if (plan.missing.contains(listing.key))
            continue;
        listings.push_back(listing);
        if (const auto cut = plan.truncated.find(listing.key); cut != plan.truncated.end())
            listings.back().sizeBytes = std::min<std::uint64_t>(listing.sizeBytes, cut->second);
    }
    return listings;
}

} // namespace detail

/// A blob store that fails, forgets and cuts off on demand. For tests.
class FaultyBlob final : public Blob
{
public:
    FaultyBlob(std::unique_ptr<Blob> inner, std::shared_ptr<FaultPlan> plan)
        : m_inner(std::move(inner))
        , m_plan(std::move(plan))
    {
    }

    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const override
    {
        return detail::read(*m_plan, StoreCall::Get, job,
                            [&] { return detail::getFaulty(*m_plan, *m_inner, key, job); });
    }

    [[nodiscard]] Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const override
    {
        return detail::read(*m_plan, StoreCall::List, job,
                            [&] { return detail::listFaulty(*m_plan, *m_inner, prefix, job); });
    }

    [[nodiscard]] std::string description() const override { return m_inner->description(); }

private:
    std::unique_ptr<Blob> m_inner;
    std::shared_ptr<FaultPlan> m_plan;
};

/// A consensus to write to that fails on demand, before or after a write took effect. For tests.
class FaultyConsensusWriter final : public ConsensusWriter
{
public:
    FaultyConsensusWriter(std::unique_ptr<ConsensusWriter> inner, std::shared_ptr<FaultPlan> plan)
        : m_inner(std::move(inner))
        , m_plan(std::move(plan))
    {
    }

    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const override
    {
        m_writes.land();
        return detail::read(*m_plan, StoreCall::ListKeys, job, [&] { return m_inner->listKeys(job); });
    }

    [[nodiscard]] Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const override
    {
        m_writes.land();
        return detail::read(*m_plan, StoreCall::Head, job, [&] { return m_inner->head(key, job); });
    }

    [[nodiscard]] Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                          const Job& job) const override
    {
        m_writes.land();
        return detail::read(*m_plan, StoreCall::Scan, job, [&] { return m_inner->scan(key, from, limit, job); });
    }

    [[nodiscard]] Result<CasOutcome> compareAndSet(std::string_view key, std::optional<SeqNo> expected,
                                                   const VersionedData& next, const Job& job) override
    {
        return m_writes.write(*m_plan, StoreCall::CompareAndSet, job,
                              [inner = m_inner.get(), name = std::string(key), expected, next](const Job& running) {
                                  return inner->compareAndSet(name, expected, next, running);
                              });
    }

    [[nodiscard]] Result<std::uint64_t> truncate(std::string_view key, SeqNo lessThan, const Job& job) override
    {
        return m_writes.write(*m_plan, StoreCall::Truncate, job,
                              [inner = m_inner.get(), name = std::string(key), lessThan](const Job& running) {
                                  return inner->truncate(name, lessThan, running);
                              });
    }

    [[nodiscard]] Result<CasOutcome> insertLog(std::string_view key, const std::vector<VersionedData>& versions,
                                               const Job& job) override
    {
        return m_writes.write(*m_plan, StoreCall::InsertLog, job,
                              [inner = m_inner.get(), name = std::string(key), versions](const Job& running) {
                                  return inner->insertLog(name, versions, running);
                              });
    }

    [[nodiscard]] std::string description() const override { return m_inner->description(); }

private:
    std::unique_ptr<ConsensusWriter> m_inner;
    std::shared_ptr<FaultPlan> m_plan;
    mutable detail::FaultyWrites m_writes;
};

/// A blob store to write to that fails on demand, before or after a write took effect. For tests.
class FaultyBlobWriter final : public BlobWriter
{
public:
    FaultyBlobWriter(std::unique_ptr<BlobWriter> inner, std::shared_ptr<FaultPlan> plan)
        : m_inner(std::move(inner))
        , m_plan(std::move(plan))
    {
    }

    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const override
    {
        m_writes.land();
        return detail::read(*m_plan, StoreCall::Get, job,
                            [&] { return detail::getFaulty(*m_plan, *m_inner, key, job); });
    }

    [[nodiscard]] Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const override
    {
        m_writes.land();
        return detail::read(*m_plan, StoreCall::List, job,
                            [&] { return detail::listFaulty(*m_plan, *m_inner, prefix, job); });
    }

    [[nodiscard]] Result<> set(std::string_view key, BytesView bytes, const Job& job) override
    {
        return m_writes.write(*m_plan, StoreCall::Set, job,
                              [inner = m_inner.get(), name = std::string(key), copy = SharedBytes::copyOf(bytes)](
                                  const Job& running) { return inner->set(name, copy.view(), running); });
    }

    [[nodiscard]] Result<bool> remove(std::string_view key, const Job& job) override
    {
        return m_writes.write(*m_plan, StoreCall::Remove, job,
                              [inner = m_inner.get(), name = std::string(key)](const Job& running) {
                                  return inner->remove(name, running);
                              });
    }

    [[nodiscard]] std::string description() const override { return m_inner->description(); }

private:
    std::unique_ptr<BlobWriter> m_inner;
    std::shared_ptr<FaultPlan> m_plan;
    mutable detail::FaultyWrites m_writes;
};

} // namespace inspector::store
