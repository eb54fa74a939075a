#include "core/store/write_rules.h"

#include "core/store/file_blob.h"

#include <cstdint>
#include <limits>
#include <string>

namespace inspector::store {

namespace {

constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

Result<> checkShardKey(std::string_view key)
{
    if (key.empty() || key.find('\0') != std::string_view::npos)
        return fail(ErrorCode::InvalidInput, "a shard's key must have a letter and no zero byte");
    return {};
}

Result<> checkNumber(std::string_view key, SeqNo seqno)
{
    if (seqno.value() > kLargest)
        return fail(ErrorCode::InvalidInput,
                    "version " + std::to_string(seqno.value()) + " of " + std::string(key)
                        + " is beyond the largest sequence number " + std::to_string(kLargest));
    return {};
}

} // namespace

Result<> checkStep(std::string_view key, std::optional<SeqNo> expected, const VersionedData& next)
{
    INSPECTOR_CHECK(checkShardKey(key));
    INSPECTOR_CHECK(checkNumber(key, next.seqno));
    const auto number = next.seqno.value();
    const bool follows = expected ? number != 0 && expected->value() == number - 1 : number <= 1;
    if (follows)
        return {};
    return fail(ErrorCode::InvalidInput,
                "version " + std::to_string(number) + " of " + std::string(key)
                    + (expected ? " does not follow version " + std::to_string(expected->value())
                                : " cannot be the first one, which is 0 or 1"));
}

Result<> checkLog(std::string_view key, const std::vector<VersionedData>& versions)
{
    INSPECTOR_CHECK(checkShardKey(key));
    if (versions.empty())
        return fail(ErrorCode::InvalidInput, "a log of no versions cannot be copied to " + std::string(key));
    INSPECTOR_CHECK(checkNumber(key, versions.back().seqno));
    for (std::size_t i = 1; i < versions.size(); ++i)
        if (versions[i].seqno.value() != versions[i - 1].seqno.value() + 1)
            return fail(ErrorCode::InvalidInput,
                        "the log of " + std::string(key) + " has a gap: version "
                            + std::to_string(versions[i - 1].seqno.value()) + " is followed by version "
                            + std::to_string(versions[i].seqno.value()));
    return {};
}

Result<> checkTruncation(std::string_view key, SeqNo lessThan)
{
    INSPECTOR_CHECK(checkShardKey(key));
    return checkNumber(key, lessThan);
}

Result<> checkBlobKey(std::string_view key)
{
    if (blobKeyOfFileName(fileNameOfBlobKey(key)) == key)
        return {};
    return fail(ErrorCode::InvalidInput,
                "'" + std::string(key)
                    + "' is no key of a blob: s<uuid>/v<seqno>/r<uuid> or s<uuid>/n<version>/p<uuid>");
}

Error nothingAtOrAbove(std::string_view key, SeqNo lessThan)
{
    return {ErrorCode::InvalidInput,
            std::string(key) + " has no version at or above " + std::to_string(lessThan.value())
                + ": truncating would delete its newest one",
            {},
            false};
}

Error otherBytesThere(std::string_view key)
{
    return {ErrorCode::Conflict,
            "blob " + std::string(key) + " is there already with other bytes: blobs are never changed, use a new key",
            {},
            false};
}

} // namespace inspector::store
