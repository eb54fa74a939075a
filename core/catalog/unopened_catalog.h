#pragma once

#include "core/base/result.h"
#include "core/base/strong.h"
#include "core/catalog/fence.h"
#include "core/persist/updates.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace inspector::catalog {

/// What an unopened handle knows: the rows that every version can read (catalog-model §2.14, §4.6). Pure; made from
/// consolidated rows. Getters answer as the reference's do, errors in its words (catalog-model §3.2).
class UnopenedCatalog
{
public:
    /// Looks at Config, Setting and FenceToken rows only. Withdrawn rows (a negative diff) and rows that do not decode
    /// are left out, of two rows for one key the first counts: problems() tells of each.
    explicit UnopenedCatalog(const persist::Updates& consolidated);

    [[nodiscard]] bool isInitialized() const { return !m_configs.empty(); }
    /// NotFound "uninitialized" when there is no fence token. Of several the largest counts.
    [[nodiscard]] Result<Epoch> epoch() const;
    [[nodiscard]] Result<DeployGeneration> deployGeneration() const;
    /// Nothing when it was never set; Corrupt when it is neither 0 nor 1.
    [[nodiscard]] Result<std::optional<bool>> enable0dtDeployment() const;
    [[nodiscard]] Result<std::optional<bool>> enable0dtDeploymentPanicAfterTimeout() const;
    [[nodiscard]] std::optional<std::uint64_t> zeroDowntimeMaxWaitMs() const;
    [[nodiscard]] bool hasSystemConfigSyncedOnce() const;
    [[nodiscard]] std::optional<std::uint64_t> userVersion() const; ///< the catalog version
    [[nodiscard]] std::optional<std::string> contentVersion() const;

    [[nodiscard]] const std::optional<FenceToken>& fenceToken() const { return m_token; }
    [[nodiscard]] std::optional<std::uint64_t> config(std::string_view key) const;
    [[nodiscard]] std::optional<std::string> setting(std::string_view name) const;
    [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& configs() const { return m_configs; }
    [[nodiscard]] const std::map<std::string, std::string, std::less<>>& settings() const { return m_settings; }

    /// One clause each.
    [[nodiscard]] const std::vector<std::string>& problems() const { return m_problems; }

    /// The answers as one JSON object without blanks, in the order and with the names of the reference (`facts.json` of
    /// the fixtures): a getter that fails is null, and enable_0dt_deployment is left out in the era that no longer has
    /// it (catalog versions from 78 on).
    [[nodiscard]] std::string factsJson() const;

private:
    std::map<std::string, std::uint64_t, std::less<>> m_configs;
    std::map<std::string, std::string, std::less<>> m_settings;
    std::optional<FenceToken> m_token;
    std::vector<std::string> m_problems;
};

} // namespace inspector::catalog
