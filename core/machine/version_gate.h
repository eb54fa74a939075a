#pragma once

#include "core/base/result.h"
#include "core/machine/profile.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::machine {

/// A semantic version with its pre-release, ordered by precedence: `26.39.0-dev.0` < `26.39.0`. Build metadata is
/// dropped, as it does not count (persist-write-protocol §17.1).
class SemanticVersion
{
public:
    /// Nothing when `text` is not `major.minor.patch` with an optional `-pre.release` and `+build`; also for empty
    /// text.
    [[nodiscard]] static std::optional<SemanticVersion> parse(std::string_view text);

    [[nodiscard]] std::uint64_t majorNumber() const { return m_major; }
    [[nodiscard]] std::uint64_t minorNumber() const { return m_minor; }
    [[nodiscard]] std::uint64_t patch() const { return m_patch; }

    [[nodiscard]] std::strong_ordering operator<=>(const SemanticVersion& other) const;
    [[nodiscard]] bool operator==(const SemanticVersion& other) const { return (*this <=> other) == 0; }

private:
    std::uint64_t m_major = 0;
    std::uint64_t m_minor = 0;
    std::uint64_t m_patch = 0;
    std::vector<std::string> m_preRelease;
};

/// Nothing when a build of `buildVersion` may write on a state that carries `applierVersion` (persist-write-protocol
/// §17); else Unsupported naming both. The old era tolerates one minor version ahead, the new one none, and refuses
/// formats before 0.147. An empty or unreadable applier version is always refused.
[[nodiscard]] Result<> checkMayWrite(Era era, std::string_view buildVersion, std::string_view applierVersion);

/// The applier version that an owner of the old era stamps: the greater of the two, as text (§17.1 "set on commit").
[[nodiscard]] std::string greaterVersion(const std::string& applierVersion, const std::string& buildVersion);

/// The first component of a part's blob key, `n` + 2-digit major + 3-digit minor + 2-digit patch, of the smaller of two
/// versions: keys are compared lexically, so never newer than the shard's own (§2.3).
[[nodiscard]] std::string writerKeyOf(std::string_view buildVersion, std::string_view applierVersion);

} // namespace inspector::machine
