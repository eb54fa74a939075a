#pragma once

#include "core/store/blob.h"
#include "core/store/consensus.h"
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

/// What goes wrong, and when. Shared with the wrapper, so that a test may change it between two calls.
struct FaultPlan
{
    std::size_t failFrom = 0;  ///< the call that fails first, counted from 1; 0 = none
    std::size_t failCount = 1; ///< how many calls fail from there on
    Error error {ErrorCode::Unavailable, "the store was made to fail", {}, false};
    std::chrono::milliseconds delay {0};              ///< before every answer; a Stop ends the wait
    std::set<std::string> missing;                    ///< keys of blobs that are not there
    std::map<std::string, std::size_t> truncated;     ///< bytes that are left of a blob
    std::function<void(std::size_t call)> beforeCall; ///< for a test that changes the store under a reader

    std::size_t calls = 0; ///< so far; counted by the wrapper
};

namespace detail {

/// Counts the call, waits, and fails when it is due.
[[nodiscard]] inline Result<> meet(FaultPlan& plan, const Job& job)
{
    ++plan.calls;
    if (plan.beforeCall)
        plan.beforeCall(plan.calls);
    if (plan.delay.count() > 0) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        stopped.wait_for(lock, job.stopToken(), plan.delay, [] { return false; });
    }
    INSPECTOR_CHECK(notStopped(job));
    if (plan.failFrom != 0 && plan.calls >= plan.failFrom && plan.calls < plan.failFrom + plan.failCount)
        return tl::unexpected<Error>(plan.error);
    return {};
}

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
        INSPECTOR_CHECK(detail::meet(*m_plan, job));
        return m_inner->listKeys(job);
    }

    [[nodiscard]] Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const override
    {
        INSPECTOR_CHECK(detail::meet(*m_plan, job));
        return m_inner->head(key, job);
    }

    [[nodiscard]] Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                          const Job& job) const override
    {
        INSPECTOR_CHECK(detail::meet(*m_plan, job));
        return m_inner->scan(key, from, limit, job);
    }

    [[nodiscard]] std::string description() const override { return m_inner->description(); }

private:
    std::unique_ptr<Consensus> m_inner;
    std::shared_ptr<FaultPlan> m_plan;
};

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
        INSPECTOR_CHECK(detail::meet(*m_plan, job));
        const std::string name(key);
        if (m_plan->missing.contains(name))
            return std::optional<SharedBytes>();
        INSPECTOR_TRY(auto bytes, m_inner->get(key, job));
        if (const auto cut = m_plan->truncated.find(name); bytes && cut != m_plan->truncated.end())
            return std::optional(SharedBytes::copyOf(bytes->view().first(std::min(cut->second, bytes->size()))));
        return bytes;
    }

    [[nodiscard]] Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const override
    {
        INSPECTOR_CHECK(detail::meet(*m_plan, job));
        INSPECTOR_TRY(const auto all, m_inner->list(prefix, job));
        std::vector<BlobListing> listings;
        for (const auto& listing : all) {
            if (m_plan->missing.contains(listing.key))
                continue;
            listings.push_back(listing);
            if (const auto cut = m_plan->truncated.find(listing.key); cut != m_plan->truncated.end())
                listings.back().sizeBytes = std::min<std::uint64_t>(listing.sizeBytes, cut->second);
        }
        return listings;
    }

    [[nodiscard]] std::string description() const override { return m_inner->description(); }

private:
    std::unique_ptr<Blob> m_inner;
    std::shared_ptr<FaultPlan> m_plan;
};

} // namespace inspector::store
