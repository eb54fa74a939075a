#include "core/machine/compare_and_append.h"

#include <algorithm>
#include <utility>

namespace inspector::machine {

const char* const kSentinelToken = "i11111111-1111-1111-1111-111111111111";

namespace {

Outcome<AppendAnswer> breakWith(AppendAnswer answer)
{
    return {Verdict::Break, std::move(answer)};
}

/// An entry without a token is one that has never written.
std::string tokenOf(const persist::Writer& writer)
{
    return writer.mostRecentWriteToken.empty() ? kSentinelToken : writer.mostRecentWriteToken;
}

persist::Frontier upperOf(const persist::Writer& writer)
{
    return writer.mostRecentWriteUpper.value_or(persist::Frontier(Timestamp()));
}

} // namespace

std::uint64_t inlineBytesOf(const persist::HollowBatch& batch)
{
    std::uint64_t bytes = 0;
    for (const auto& part : batch.parts)
        if (const auto* inlined = std::get_if<persist::InlinePart>(&part.content))
            bytes += inlined->bytes.size();
    return bytes;
}

std::uint64_t inlineBytesOf(const persist::Trace& trace)
{
    std::uint64_t bytes = 0;
    for (const auto& batch : trace.legacyBatches)
        bytes += inlineBytesOf(*batch);
    for (const auto& [id, batch] : trace.hollowBatches)
        bytes += inlineBytesOf(*batch);
    return bytes;
}

Result<Outcome<AppendAnswer>> compareAndAppend(persist::State& next, const AppendCommand& command,
                                               const Profile& profile, const Moment& moment)
{
    const auto& batch = *command.batch;
    const auto& [lower, upper, since] = batch.description;

    if (isTombstone(next)) // row 1
        return breakWith(UpperBreak {std::nullopt, std::nullopt});

    persist::Writer fresh; // row 2
    fresh.lastHeartbeatMs = moment.issuedMs;
    fresh.leaseDurationMs = command.leaseMs;
    fresh.mostRecentWriteToken = kSentinelToken;
    fresh.mostRecentWriteUpper = persist::Frontier(Timestamp());
    fresh.debug = persist::DebugState {next.hostname, command.purpose};
    auto& writer = next.writers.try_emplace(command.writerId, std::move(fresh)).first->second;

    if (persist::lessEqual(upper, lower) && upper != lower) // row 3
        return breakWith(AppendBreak::InvalidBounds);
    if (upper == lower && !batch.parts.empty()) // row 4
        return breakWith(AppendBreak::InvalidEmptyTimeInterval);

    const auto shardUpper = next.upper();
    if (tokenOf(writer) == command.token) { // row 5
        if (upperOf(writer) != upper || !persist::lessEqual(upper, shardUpper))
            return fail(ErrorCode::Internal,
                        "the writer " + command.writerId + " has appended up to " + persist::textOf(upperOf(writer))
                            + " with the token of an append up to " + persist::textOf(upper));
        return breakWith(AppendBreak::AlreadyCommitted);
    }
    if (shardUpper != lower) // row 6
        return breakWith(UpperBreak {shardUpper, upperOf(writer)});

    if (const auto added = inlineBytesOf(batch);
        added > 0 && inlineBytesOf(next.trace) + added >= profile.inlineTotalBytes) // row 7
        return breakWith(AppendBreak::InlineBackpressure);

    AppendedTo done;
    if (upper != lower) { // row 8
        INSPECTOR_TRY(auto spine, LayeredSpine::unflatten(next.trace, profile.era));
        INSPECTOR_TRY(auto requests, spine.insert(command.batch));
        done.requests = withoutCovered(std::move(requests));
        const bool claims =
            profile.stance == Stance::Owner && (profile.era == Era::New || profile.recordCompactions); // row 9
        if (claims)
            for (const auto& request : done.requests)
                spine.claim(request.id, moment.issuedMs);
        next.trace = spine.flatten();
    }

    if (!persist::lessEqual(upperOf(writer), upper)) // row 10
        return fail(ErrorCode::Internal,
                    "the writer " + command.writerId + " has appended up to " + persist::textOf(upperOf(writer))
                        + " already, beyond " + persist::textOf(upper));
    writer.mostRecentWriteToken = command.token; // row 11
    writer.mostRecentWriteUpper = upper;
    writer.lastHeartbeatMs = std::max(writer.lastHeartbeatMs, moment.issuedMs);
    return Outcome<AppendAnswer> {Verdict::Continue, std::move(done)}; // row 12
}

} // namespace inspector::machine
