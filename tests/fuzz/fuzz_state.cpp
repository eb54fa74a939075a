#include "core/persist/shard_reader.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <span>
#include <vector>

namespace {

using namespace inspector;

constexpr const char* kShard = "s97db1ee1-f5ac-6ba0-a017-0f725d6faac7";

/// The input, cut at lengths of two bytes each: the content of every blob, then the rows of the log.
std::vector<Bytes> pieces(BytesView input)
{
    std::vector<Bytes> found;
    while (input.size() >= 2) {
        const auto wanted = std::to_integer<std::size_t>(input[0]) | std::to_integer<std::size_t>(input[1]) << 8U;
        input = input.subspan(2);
        const auto length = std::min(wanted, input.size());
        found.emplace_back(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(length));
        input = input.subspan(length);
    }
    return found;
}

class InputConsensus final : public store::Consensus
{
public:
    std::vector<Bytes> rows;

    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& /*job*/) const override
    {
        return std::vector<std::string> {kShard};
    }
    [[nodiscard]] Result<std::optional<store::VersionedData>> head(std::string_view /*key*/,
                                                                   const Job& /*job*/) const override
    {
        if (rows.empty())
            return std::nullopt;
        return std::optional(store::VersionedData {SeqNo(rows.size() - 1), rows.back()});
    }
    [[nodiscard]] Result<std::vector<store::VersionedData>> scan(std::string_view /*key*/, SeqNo from,
                                                                 std::size_t limit, const Job& /*job*/) const override
    {
        std::vector<store::VersionedData> found;
        for (auto i = from.value(); i < rows.size() && found.size() < limit; ++i)
            found.push_back({SeqNo(i), rows[static_cast<std::size_t>(i)]});
        return found;
    }
    [[nodiscard]] std::string description() const override { return "input"; }
};

/// One content under every key of a part or run, another under every rollup's.
class InputBlob final : public store::Blob
{
public:
    Bytes rollup;
    Bytes part;

    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& /*job*/) const override
    {
        return std::optional(SharedBytes::copyOf(key.find("/v") != std::string_view::npos ? rollup : part));
    }
    [[nodiscard]] Result<std::vector<store::BlobListing>> list(std::string_view /*prefix*/,
                                                               const Job& /*job*/) const override
    {
        return std::vector<store::BlobListing>();
    }
    [[nodiscard]] std::string description() const override { return "input"; }
};

} // namespace

/// Any rollup, part and log at all: the shard is read as far as it goes, or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    auto content = pieces(std::as_bytes(std::span(data, size)));
    if (content.size() < 3)
        return 0;
    InputBlob blob;
    blob.rollup = std::move(content[0]);
    blob.part = std::move(content[1]);
    InputConsensus consensus;
    consensus.rows.assign(content.begin() + 2, content.end());

    const auto shardId = ShardId::parse(kShard);
    persist::ShardReader reader(consensus, blob, *shardId);
    const auto state = reader.refresh(Job());
    if (!state)
        return 0;
    const auto latest = reader.latestSnapshot(Job());
    if (latest && !latest->updates->times.empty())
        std::abort();
    const auto history = reader.history(*state, Job());
    if (!history)
        std::abort(); // damage is a warning
    const auto& updates = *history->updates;
    if (updates.times.size() != updates.size() || updates.origins.size() != updates.size())
        std::abort();
    for (std::size_t i = 0; i < updates.size(); ++i)
        if (updates.origins[i] >= updates.parts.size())
            std::abort();
    (void)reader.log(Job());
    (void)reader.states().rollups(Job());
    return 0;
}
