#include "core/machine/guest_rules.h"

#include "core/machine/layered_spine.h"
#include "core/persist/decode.h"

#include <algorithm>

namespace inspector::machine {

namespace {

constexpr std::uint64_t kClockToleranceMs = 60'000;

tl::unexpected<Error> touches(const std::string& what)
{
    return fail(ErrorCode::Internal, "the append would touch " + what + " of somebody else's shard, and was not sent");
}

Result<> checkPartFree(const SharedBytes& slice, const char* what)
{
    INSPECTOR_TRY(const auto batch, persist::decodeBatch(slice));
    return batch->parts.empty()
        ? Result<>()
        : Result<>(touches(std::string(what) + " with parts, " + persist::textOf(batch->description)));
}

Result<> checkChange(const persist::FieldDiff& change, const std::string& writerId)
{
    using persist::ChangeType;
    using persist::StateField;
    switch (change.field) {
    case StateField::Hostname:
    case StateField::SpineBatches:
    case StateField::SpineMerges:
        return {};
    case StateField::Writers: {
        INSPECTOR_TRY(const auto id, persist::decodeTextSlice(change.key));
        return id == writerId ? Result<>() : Result<>(touches("the writer " + id));
    }
    case StateField::LegacyBatches:
        return change.type == ChangeType::Delete ? checkPartFree(change.key, "a batch") : Result<>();
    case StateField::HollowBatches:
        if (change.type != ChangeType::Insert)
            INSPECTOR_CHECK(checkPartFree(change.oldValue, "a batch of no range"));
        return change.type != ChangeType::Delete ? checkPartFree(change.newValue, "a batch of no range") : Result<>();
    case StateField::DeprecatedRollups:
    case StateField::LastGcReq:
    case StateField::LeasedReaders:
    case StateField::Since:
    case StateField::CriticalReaders:
    case StateField::Rollups:
    case StateField::Schemas:
    case StateField::ActiveRollup:
    case StateField::ActiveGc:
        break;
    }
    return touches("field " + std::to_string(static_cast<int>(change.field)));
}

} // namespace

Result<> checkGuestMayBuildOn(const persist::State& state, std::uint64_t nowMs)
{
    if (!state.hasCatalogCodecs())
        return fail(ErrorCode::Unsupported,
                    "the shard's codecs are " + state.keyCodec + " and " + state.valCodec
                        + ": it is no catalog and is not written to");
    if (nowMs < state.walltimeMs && state.walltimeMs - nowMs > kClockToleranceMs)
        return fail(ErrorCode::Unavailable,
                    "the clock here is " + std::to_string((state.walltimeMs - nowMs) / 1000)
                        + " s behind the shard's newest version: set it right before writing");
    return {};
}

Result<> checkGuestVersion(const persist::State& before, const PreparedVersion& version, const std::string& writerId)
{
    if (version.diff.applierVersion != before.applierVersion)
        return touches("the version");
    for (const auto& change : version.diff.changes)
        INSPECTOR_CHECK(checkChange(change, writerId));
    const auto& after = version.after->trace.legacyBatches;
    INSPECTOR_TRY(const auto disputed, batchesLoadedOtherwise(before.trace));
    for (const auto& batch : disputed) {
        const bool stays = std::any_of(after.begin(), after.end(), [&](const persist::BatchPtr& kept) {
            return kept == batch || persist::sameContent(*kept, *batch);
        });
        if (!stays)
            return fail(ErrorCode::Unavailable,
                        "the append would replace the empty batch " + persist::textOf(batch->description)
                            + ", which a process of the environment holds in another form once it has loaded the "
                              "shard; try again after the environment has merged it");
    }
    return {};
}

} // namespace inspector::machine
