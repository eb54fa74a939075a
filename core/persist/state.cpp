#include "core/persist/state.h"

#include "core/persist/version.h"

#include <algorithm>
#include <cstring>

namespace inspector::persist {

namespace {

bool sameBytes(BytesView a, BytesView b)
{
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

} // namespace

bool lessEqual(const Frontier& a, const Frontier& b)
{
    return !b || (a && *a <= *b);
}

std::string textOf(const Frontier& frontier)
{
    return frontier ? std::to_string(frontier->value()) : "[]";
}

std::string textOf(const Description& description)
{
    return "[" + textOf(description.lower) + ", " + textOf(description.upper) + ")";
}

std::string textOf(SpineId id)
{
    return "(" + std::to_string(id.lo) + ", " + std::to_string(id.hi) + ")";
}

bool operator==(const InlinePart& a, const InlinePart& b)
{
    return sameBytes(a.bytes.view(), b.bytes.view());
}

std::string BatchPart::name() const
{
    if (const auto* blob = std::get_if<BlobPart>(&content))
        return blob->key;
    if (const auto* run = std::get_if<RunRef>(&content))
        return run->key;
    return "inline";
}

bool BatchOrder::operator()(const BatchPtr& a, const BatchPtr& b) const
{
    const auto& left = a->description;
    const auto& right = b->description;
    if (left.lower != right.lower)
        return lessEqual(left.lower, right.lower);
    return left.upper != right.upper && lessEqual(left.upper, right.upper);
}

bool sameContent(const HollowBatch& a, const HollowBatch& b)
{
    return a.description == b.description && a.parts == b.parts && a.length == b.length && a.runs == b.runs
        && a.runMeta == b.runMeta;
}

Frontier State::upper() const
{
    Frontier upper = Timestamp();
    const auto raise = [&upper](const BatchPtr& batch) {
        if (lessEqual(upper, batch->description.upper))
            upper = batch->description.upper;
    };
    for (const auto& batch : trace.legacyBatches)
        raise(batch);
    for (const auto& [id, batch] : trace.hollowBatches)
        raise(batch);
    return upper;
}

bool State::isTombstone() const
{
    return !trace.since && !upper();
}

bool State::hasCatalogCodecs() const
{
    return keyCodec == "protobuf[SourceData]" && valCodec == "()" && tsCodec == "u64" && diffCodec == "i64";
}

std::vector<BatchPtr> State::batches() const
{
    std::vector<BatchPtr> found;
    const auto take = [&found](const BatchPtr& batch) {
        if (!batch->description.isEmptyRange())
            found.push_back(batch);
    };
    std::for_each(trace.legacyBatches.begin(), trace.legacyBatches.end(), take);
    for (const auto& [id, batch] : trace.hollowBatches)
        take(batch);
    std::stable_sort(found.begin(), found.end(), BatchOrder());
    return found;
}

std::optional<std::string> State::tilingProblem() const
{
    Frontier expected = Timestamp();
    for (const auto& batch : batches()) {
        const auto& [lower, upper, since] = batch->description;
        if (lower != expected) {
            const bool isGap = lessEqual(expected, lower);
            return std::string(isGap ? "batches leave a gap " : "batches overlap in ")
                + textOf(isGap ? Description {expected, lower, {}} : Description {lower, expected, {}});
        }
        if (lessEqual(upper, lower))
            return "batch " + textOf(batch->description) + " ends before it begins";
        expected = upper;
    }
    return std::nullopt;
}

std::vector<std::string> State::warnings() const
{
    auto found = anomalies;
    if (auto warning = versionWarning(applierVersion))
        found.push_back(*std::move(warning));
    if (auto problem = tilingProblem())
        found.push_back(*std::move(problem));
    if (possiblyIncomplete)
        found.emplace_back("changes of an unknown kind were skipped: something may be missing");
    return found;
}

} // namespace inspector::persist
