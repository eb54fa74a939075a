#include "tests/core/machine/machine_script.h"

#include "core/machine/batch_builder.h"
#include "core/machine/compact.h"
#include "core/machine/compare_and_append.h"
#include "core/machine/part_encoder.h"
#include "core/machine/version_gate.h"
#include "core/persist/part_reader.h"
#include "core/persist/state_reader.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>

namespace inspector::machine::test {

namespace {

using inspector::test::bracketed;
using inspector::test::Directive;
using persist::BatchPtr;
using persist::Frontier;
using persist::HollowBatch;
using persist::State;

/// A failure that the script itself is to blame for, not the shard.
constexpr ErrorCode kScriptError = ErrorCode::Unsupported;

std::string debugged(const Frontier& frontier)
{
    return "Antichain { elements: " + bracketed(frontier) + " }";
}

std::string sizesOf(const HollowBatch& batch)
{
    return "parts=" + std::to_string(batch.parts.size()) + " len=" + std::to_string(batch.length) + "\n";
}

std::string orEmpty(std::string output)
{
    return output.empty() ? "<empty>\n" : output;
}

std::string bounds(const Frontier& lower, const Frontier& upper)
{
    return "[" + persist::textOf(lower) + ", " + persist::textOf(upper) + ")";
}

tl::unexpected<Error> refuse(std::string message)
{
    return fail(ErrorCode::InvalidInput, std::move(message));
}

std::string listed(const std::vector<SeqNo>& seqnos)
{
    std::string text;
    for (const auto seqno : seqnos)
        text += (text.empty() ? "v" : ",v") + std::to_string(seqno.value());
    return text;
}

/// Parts that hold the same bytes, whatever schema is stamped on them.
bool sameParts(const HollowBatch& a, const HollowBatch& b)
{
    return a.parts.size() == b.parts.size()
        && std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), [](const auto& x, const auto& y) {
               return x.content == y.content && x.tsRewrite == y.tsRewrite;
           });
}

/// The parts of each run, by index.
std::vector<std::vector<std::size_t>> runsOf(const HollowBatch& batch)
{
    std::vector<std::vector<std::size_t>> runs;
    for (std::size_t i = 0; i < batch.parts.size(); ++i) {
        if (i == 0 || std::find(batch.runs.begin(), batch.runs.end(), i) != batch.runs.end())
            runs.emplace_back();
        runs.back().push_back(i);
    }
    return runs;
}

/// The times of a batch may be appended between other bounds when those are tighter (§9.5).
Result<> checkAppendBounds(const HollowBatch& batch, const Frontier& lower, const Frontier& upper)
{
    const auto& description = batch.description;
    const bool isRewritten = std::any_of(batch.parts.begin(), batch.parts.end(),
                                         [](const auto& part) { return part.tsRewrite.has_value(); });
    bool fits = persist::lessEqual(description.lower, lower) && persist::lessEqual(upper, description.upper);
    if (isRewritten) {
        fits = fits && upper == description.upper;
        for (const auto& part : batch.parts)
            fits = fits && (!part.tsRewrite || persist::lessEqual(lower, *part.tsRewrite));
    }
    if (fits)
        return {};
    return refuse("invalid batch bounds " + bounds(description.lower, description.upper) + " for append call with "
                  + bounds(lower, upper));
}

} // namespace

MachineScript::MachineScript(Era era, const ScriptFlags& flags)
{
    auto profile = profileOf(era, Stance::Owner);
    profile.inlineWriteBytes = flags.inlineWriteBytes;
    profile.inlineTotalBytes = flags.inlineTotalBytes;
    profile.recordCompactions = flags.recordCompactions;
    m_machine =
        std::make_unique<ShardMachine>(m_scene.consensus, m_scene.blob, m_scene.shardId, profile, m_scene.clock);
    const auto opened =
        m_machine->openOrCreate(permitAt(), {m_scene.shardId.text(), "String"}, m_scene.ids, m_scene.job);
    if (!opened)
        m_opened = opened.error().describe();
}

MachineScript::~MachineScript() = default;

const std::map<std::string, MachineScript::Handler>& MachineScript::handlers()
{
    static const std::map<std::string, Handler> kHandlers {
        {"write-batch", &MachineScript::writeBatch},
        {"fetch-batch", &MachineScript::fetchBatch},
        {"truncate-batch-desc", &MachineScript::truncateBatchDesc},
        {"set-batch-parts-size", &MachineScript::setBatchPartsSize},
        {"rewrite-ts", &MachineScript::rewriteTs},
        {"compact", &MachineScript::compactBatches},
        {"compare-and-append", &MachineScript::compareAndAppendBatch},
        {"compare-and-append-batches", &MachineScript::compareAndAppendBatches},
        {"apply-merge-res", &MachineScript::applyMergeRes},
        {"register-leased-reader", &MachineScript::registerLeased},
        {"register-critical-reader", &MachineScript::registerCritical},
        {"downgrade-since", &MachineScript::downgrade},
        {"heartbeat-leased-reader", &MachineScript::heartbeat},
        {"compare-and-downgrade-since", &MachineScript::compareAndDowngrade},
        {"expire-leased-reader", &MachineScript::expireLeased},
        {"expire-critical-reader", &MachineScript::expireCritical},
        {"expire-writer", &MachineScript::expireOneWriter},
        {"register-listen", &MachineScript::registerListen},
        {"listen-through", &MachineScript::listenThrough},
        {"snapshot", &MachineScript::snapshot},
        {"shard-desc", &MachineScript::shardDesc},
        {"write-rollup", &MachineScript::writeOneRollup},
        {"add-rollup", &MachineScript::addOneRollup},
        {"gc", &MachineScript::collect},
        {"consensus-scan", &MachineScript::consensusScan},
        {"consensus-truncate", &MachineScript::consensusTruncate},
        {"blob-scan-batches", &MachineScript::blobScanBatches},
        {"clear-blob", &MachineScript::clearBlob},
        {"restore-blob", &MachineScript::restoreBlob},
        {"dyncfg", &MachineScript::dyncfg},
        {"finalize", &MachineScript::finalize},
        {"is-finalized", &MachineScript::isFinalized},
        {"perform-maintenance", &MachineScript::performMaintenance},
    };
    return kHandlers;
}

Result<std::string> MachineScript::run(const Directive& directive)
{
    if (!m_opened.empty())
        return fail(ErrorCode::Internal, m_opened);
    const auto handler = handlers().find(directive.name);
    if (handler == handlers().end())
        return fail(kScriptError, "no such directive: " + directive.name);
    m_scene.clock.now += 1; // time goes on
    auto output = (this->*handler->second)(directive);
    if (output)
        return output;
    if (output.error().code == kScriptError || output.error().code == ErrorCode::Internal)
        return output;
    return "error: " + output.error().message + "\n";
}

std::string MachineScript::seqnoText() const
{
    return "v" + std::to_string(m_machine->state()->seqno.value());
}

template <typename Command>
auto MachineScript::command(CommandKind kind, Command bound)
{
    auto ran = m_machine->run(permitAt(), kind, std::move(bound), m_scene.job);
    Queued queued;
    if (auto work = m_machine->takeWork(); !work.empty())
        queued.work = std::move(work.front());
    m_queue.push_back(std::move(queued));
    return ran;
}

Result<BatchPtr> MachineScript::batchOfName(const std::string& name) const
{
    const auto found = m_batches.find(name);
    if (found == m_batches.end())
        return fail(kScriptError, "no batch " + name);
    return found->second;
}

Result<BatchPtr> MachineScript::named(const Directive& directive, std::string_view argument) const
{
    INSPECTOR_TRY(const auto name, directive.text(argument));
    return batchOfName(name);
}

Result<std::optional<std::vector<MachineScript::Row>>> MachineScript::rowsOf(const HollowBatch& batch,
                                                                             const persist::BatchPart& part)
{
    persist::PartReader reader(m_scene.blob, m_scene.shardId);
    INSPECTOR_TRY(const auto loaded, reader.read(part, m_scene.job));
    if (!loaded)
        return std::optional<std::vector<Row>>();
    const auto& decoded = loaded->decoded;
    const auto numberOf = [](const Frontier& frontier) {
        return frontier ? std::optional(frontier->value()) : std::nullopt;
    };
    const bool isNarrowed = decoded.description->lower != numberOf(batch.description.lower)
        || decoded.description->upper != numberOf(batch.description.upper);
    std::vector<Row> rows;
    for (std::size_t i = 0; i < decoded.rows.size(); ++i) {
        auto time = decoded.times[i];
        if (part.tsRewrite && *part.tsRewrite)
            time = std::max(time, (*part.tsRewrite)->value());
        const Frontier at(Timestamp {time});
        const bool isInside =
            persist::lessEqual(batch.description.lower, at) && !persist::lessEqual(batch.description.upper, at);
        if (!isNarrowed || isInside)
            rows.push_back({std::string(decoded.rows[i].bytes()), time, decoded.diffs[i]});
    }
    return std::optional(std::move(rows));
}

MachineScript::Output MachineScript::writeBatch(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("output"));
    persist::Description description;
    INSPECTOR_TRY(description.lower, directive.frontier("lower"));
    INSPECTOR_TRY(description.upper, directive.frontier("upper"));
    INSPECTOR_TRY(description.since, directive.frontier("since", Timestamp(0)));
    INSPECTOR_TRY(const auto targetBytes, directive.number("target_size", m_machine->profile().blobTargetBytes));
    INSPECTOR_TRY(const bool consolidates, directive.yesOrNo("consolidate", true));
    std::vector<RowUpdate> updates;
    for (const auto& line : directive.input) {
        std::istringstream words(line);
        RowUpdate update;
        if (!(words >> update.key >> update.time >> update.diff))
            return fail(kScriptError, "no update: " + line);
        if (persist::lessEqual(description.upper, Frontier(Timestamp(update.time))))
            return refuse("timestamp " + std::to_string(update.time)
                          + " is beyond the expected batch upper: " + debugged(description.upper));
        updates.push_back(std::move(update));
    }
    if (consolidates)
        updates = consolidated(std::move(updates));
    PartLayout layout;
    layout.partDescription = {description.lower, std::nullopt, description.since};
    if (description.since != Frontier(Timestamp(0))) // consolidated up to since: the parts say what the batch says
        layout.partDescription.upper = description.upper;
    layout.inlineBytes = directive.has("parts_size_override") ? 0 : m_machine->profile().inlineWriteBytes;
    layout.targetBytes = targetBytes;
    INSPECTOR_TRY(
        const auto built,
        buildBatch(m_scene.blob, m_scene.shardId, "n0012500", m_scene.ids, description, updates, layout, m_scene.job));
    auto batch = std::make_shared<HollowBatch>(*stampedBatch(built, State(), m_machine->profile()));
    if (directive.has("parts_size_override")) {
        INSPECTOR_TRY(const auto size, directive.number("parts_size_override"));
        for (auto& part : batch->parts)
            part.encodedSizeBytes = size;
    }
    m_batches[name] = batch;
    return sizesOf(*batch);
}

MachineScript::Output MachineScript::fetchBatch(const Directive& directive)
{
    INSPECTOR_TRY(const auto batch, named(directive));
    std::string output;
    for (std::size_t i = 0; i < batch->parts.size(); ++i) {
        output += "<part " + std::to_string(i) + ">\n";
        if (directive.has("stats") && !batch->parts[i].keyLower.empty())
            output += "<key lower=" + batch->parts[i].keyLower + ">\n";
        INSPECTOR_TRY(const auto rows, rowsOf(*batch, batch->parts[i]));
        if (!rows)
            output += "<empty>\n";
        else
            for (const auto& row : *rows)
                output += row.key + " " + std::to_string(row.time) + " " + std::to_string(row.diff) + "\n";
    }
    const auto runs = runsOf(*batch);
    for (std::size_t run = 0; run < runs.size(); ++run) {
        output += "<run " + std::to_string(run) + ">\n";
        for (const auto part : runs[run])
            output += "part " + std::to_string(part) + "\n";
    }
    return orEmpty(std::move(output));
}

MachineScript::Output MachineScript::truncateBatchDesc(const Directive& directive)
{
    INSPECTOR_TRY(const auto batch, named(directive));
    INSPECTOR_TRY(const auto name, directive.text("output"));
    INSPECTOR_TRY(const auto lower, directive.frontier("lower"));
    INSPECTOR_TRY(const auto upper, directive.frontier("upper"));
    INSPECTOR_CHECK(checkAppendBounds(*batch, lower, upper));
    auto truncated = std::make_shared<HollowBatch>(*batch);
    truncated->description.lower = lower;
    truncated->description.upper = upper;
    m_batches[name] = truncated;
    return sizesOf(*truncated);
}

MachineScript::Output MachineScript::setBatchPartsSize(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("input"));
    INSPECTOR_TRY(const auto batch, batchOfName(name));
    INSPECTOR_TRY(const auto size, directive.number("size"));
    auto changed = std::make_shared<HollowBatch>(*batch);
    for (auto& part : changed->parts)
        if (std::holds_alternative<persist::BlobPart>(part.content))
            part.encodedSizeBytes = size;
    m_batches[name] = changed;
    return std::string("ok\n");
}

MachineScript::Output MachineScript::rewriteTs(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("input"));
    INSPECTOR_TRY(const auto batch, batchOfName(name));
    INSPECTOR_TRY(const auto frontier, directive.frontier("frontier"));
    INSPECTOR_TRY(const auto upper, directive.frontier("upper"));
    const auto& description = batch->description;
    const auto lessThan = [](const Frontier& a, const Frontier& b) { return persist::lessEqual(a, b) && a != b; };
    const auto invalid = [](const std::string& why) { return refuse("invalid rewrite: " + why); };
    if (!lessThan(frontier, upper))
        return invalid("frontier " + bracketed(frontier) + " is not before upper " + bracketed(upper));
    if (!persist::lessEqual(description.upper, upper))
        return invalid("upper " + bracketed(upper) + " is before the batch's " + bracketed(description.upper));
    if (!persist::lessEqual(description.lower, frontier))
        return invalid("frontier " + bracketed(frontier) + " is before the batch's lower "
                       + bracketed(description.lower));
    if (description.since != Frontier(Timestamp(0)))
        return invalid("the batch's since is " + bracketed(description.since));
    for (const auto& part : batch->parts)
        if (part.tsRewrite && !persist::lessEqual(*part.tsRewrite, frontier))
            return invalid("frontier " + bracketed(frontier) + " is before an earlier rewrite to "
                           + bracketed(*part.tsRewrite));
    auto rewritten = std::make_shared<HollowBatch>(*batch);
    rewritten->description.upper = upper;
    for (auto& part : rewritten->parts)
        part.tsRewrite = frontier;
    m_batches[name] = rewritten;
    return std::string("ok\n");
}

MachineScript::Output MachineScript::compactBatches(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("output"));
    INSPECTOR_TRY(const auto inputs, directive.texts("inputs"));
    CompactionRequest request;
    INSPECTOR_TRY(request.description.lower, directive.frontier("lower"));
    INSPECTOR_TRY(request.description.upper, directive.frontier("upper"));
    INSPECTOR_TRY(request.description.since, directive.frontier("since"));
    for (const auto& input : inputs) {
        INSPECTOR_TRY(auto batch, batchOfName(input));
        request.inputs.push_back(std::move(batch));
    }
    auto profile = m_machine->profile();
    INSPECTOR_TRY(profile.blobTargetBytes, directive.number("target_size", profile.blobTargetBytes));
    INSPECTOR_TRY(const auto built,
                  compact(m_scene.blob, m_scene.shardId, "n0012500", m_scene.ids, request, profile, m_scene.job));
    auto batch = std::make_shared<HollowBatch>(*stampedBatch(built, State(), profile));
    m_batches[name] = batch;
    return sizesOf(*batch);
}

BatchPtr MachineScript::stamped(const HollowBatch& batch, const State& state) const
{
    auto copy = std::make_shared<HollowBatch>(batch);
    if (state.schemas.empty())
        return copy;
    const auto id = state.schemas.rbegin()->first;
    const bool isOld = m_machine->profile().era == Era::Old;
    for (auto& part : copy->parts)
        (isOld ? part.deprecatedSchemaId : part.schemaId) = id;
    for (auto& run : copy->runMeta)
        (isOld ? run.deprecatedSchemaId : run.schemaId) = id;
    return copy;
}

Result<BatchPtr> MachineScript::flushed(const HollowBatch& batch)
{
    auto copy = std::make_shared<HollowBatch>(batch);
    for (auto& part : copy->parts) {
        if (!std::holds_alternative<persist::InlinePart>(part.content))
            continue;
        persist::PartReader reader(m_scene.blob, m_scene.shardId);
        INSPECTOR_TRY(const auto loaded, reader.read(part, m_scene.job));
        const auto& decoded = loaded->decoded;
        const auto frontierOf = [](const std::optional<std::uint64_t>& time) {
            return time ? Frontier(Timestamp(*time)) : Frontier();
        };
        std::vector<RowUpdate> updates;
        for (std::size_t i = 0; i < decoded.rows.size(); ++i)
            updates.push_back({std::string(decoded.rows[i].bytes()), "", decoded.times[i], decoded.diffs[i]});
        const auto bytes =
            encodeBlobPart({frontierOf(decoded.description->lower), frontierOf(decoded.description->upper),
                            frontierOf(decoded.description->since)},
                           updates);
        const auto key = "n0012500/p" + m_scene.ids.uuid();
        INSPECTOR_CHECK(m_scene.blob.set(m_scene.shardId.text() + "/" + key, bytes.view(), m_scene.job));
        part.content = persist::BlobPart {key};
        part.encodedSizeBytes = bytes.size();
    }
    return BatchPtr(std::move(copy));
}

Result<> MachineScript::ensureSchema()
{
    if (m_machine->profile().era == Era::Old)
        return {};
    const auto add = [](State& next, const Moment&) { return registerSchema(next, {"string", "string type", "", ""}); };
    INSPECTOR_CHECK(command(CommandKind::Other, add));
    return {};
}

Result<std::variant<SeqNo, Frontier>> MachineScript::append(BatchPtr& batch, const std::string& writerId,
                                                            const std::string& token, bool isRepeated)
{
    using Answer = std::variant<SeqNo, Frontier>;
    for (;;) {
        const auto add = [&](State& next, const Moment& moment) {
            return compareAndAppend(
                next, {stamped(*batch, next), writerId, token, m_machine->profile().writerLeaseMs, "test"},
                m_machine->profile(), moment);
        };
        INSPECTOR_TRY(const auto ran, command(CommandKind::Append, add));
        if (std::holds_alternative<AppendedTo>(ran.first))
            return Answer(ran.second.seqno);
        if (const auto* moved = std::get_if<UpperBreak>(&ran.first)) {
            if (isRepeated && persist::lessEqual(batch->description.upper, moved->writerUpper))
                return fail(ErrorCode::Internal, "whether the append happened cannot be told");
            return Answer(moved->shardUpper);
        }
        switch (std::get<AppendBreak>(ran.first)) {
        case AppendBreak::AlreadyCommitted:
            if (!isRepeated)
                return fail(ErrorCode::Internal, "a token was used again without an unknown outcome before");
            return Answer(ran.second.seqno);
        case AppendBreak::InlineBackpressure: {
            m_queue.pop_back(); // the attempt was no command of its own
            INSPECTOR_TRY(batch, flushed(*batch));
            continue;
        }
        case AppendBreak::InvalidBounds:
            return refuse("invalid bounds: " + bounds(batch->description.lower, batch->description.upper));
        case AppendBreak::InvalidEmptyTimeInterval:
            return refuse("invalid empty time interval: " + bounds(batch->description.lower, batch->description.upper));
        }
    }
}

MachineScript::Output MachineScript::compareAndAppendBatch(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("input"));
    INSPECTOR_TRY(auto batch, batchOfName(name));
    INSPECTOR_TRY(const auto writerId, directive.text("writer_id"));
    INSPECTOR_TRY(const auto token, directive.text("token", "i" + m_scene.ids.uuid()));
    INSPECTOR_CHECK(ensureSchema());
    INSPECTOR_TRY(const auto done, append(batch, writerId, token, directive.has("prev_indeterminate")));
    m_batches[name] = batch;
    if (const auto* upper = std::get_if<Frontier>(&done))
        return refuse("Upper(" + debugged(*upper) + ")");
    return "v" + std::to_string(std::get<SeqNo>(done).value()) + " " + bracketed(m_machine->state()->upper()) + "\n";
}

MachineScript::Output MachineScript::compareAndAppendBatches(const Directive& directive)
{
    INSPECTOR_TRY(const auto lower, directive.frontier("expected_upper"));
    INSPECTOR_TRY(const auto upper, directive.frontier("new_upper"));
    INSPECTOR_TRY(const auto names, directive.texts("batches"));
    auto combined = std::make_shared<HollowBatch>();
    combined->description = {lower, upper, Timestamp(0)};
    for (const auto& name : names) {
        INSPECTOR_TRY(const auto batch, batchOfName(name));
        INSPECTOR_CHECK(checkAppendBounds(*batch, lower, upper));
        for (const auto& run : runsOf(*batch)) {
            if (!combined->parts.empty())
                combined->runs.push_back(combined->parts.size());
            for (const auto part : run)
                combined->parts.push_back(batch->parts[part]);
        }
        combined->runMeta.insert(combined->runMeta.end(), batch->runMeta.begin(), batch->runMeta.end());
        combined->length += batch->length;
    }
    const auto queued = m_queue.size();
    const auto writerId = "w" + m_scene.ids.uuid();
    INSPECTOR_CHECK(ensureSchema());
    BatchPtr batch = combined;
    INSPECTOR_TRY(const auto done, append(batch, writerId, "i" + m_scene.ids.uuid(), false));
    const auto* moved = std::get_if<Frontier>(&done);
    if (moved == nullptr) {
        const auto leave = [&](State& next, const Moment&) { return expireWriter(next, writerId); };
        INSPECTOR_CHECK(command(CommandKind::Other, leave));
    }
    m_queue.resize(queued); // a handle does its own
    if (moved != nullptr)
        return refuse("upper mismatch: UpperMismatch { expected: " + debugged(lower) + ", current: " + debugged(*moved)
                      + " }");
    return std::string("ok\n");
}

MachineScript::Output MachineScript::applyMergeRes(const Directive& directive)
{
    INSPECTOR_TRY(const auto batch, named(directive));
    const auto apply = [&](State& next, const Moment&) {
        return applyMergeResult(next, *stamped(*batch, next), m_machine->profile().era);
    };
    INSPECTOR_TRY(const auto ran, command(CommandKind::Other, apply));
    const bool applied = ran.first == MergeOutcome::AppliedExact || ran.first == MergeOutcome::AppliedSubset;
    return seqnoText() + (applied ? " true\n" : " false\n");
}

MachineScript::Output MachineScript::registerLeased(const Directive& directive)
{
    INSPECTOR_TRY(const auto id, directive.text("reader_id"));
    const auto add = [&](State& next, const Moment& moment) {
        return registerLeasedReader(next, {id, "test", m_machine->profile().readerLeaseMs, false}, moment);
    };
    INSPECTOR_TRY(const auto ran, command(CommandKind::Other, add));
    return seqnoText() + " " + bracketed(ran.first.since) + "\n";
}

MachineScript::Output MachineScript::registerCritical(const Directive& directive)
{
    INSPECTOR_TRY(const auto id, directive.text("reader_id"));
    const auto add = [&](State& next, const Moment&) {
        return registerCriticalReader(next, id, initialOpaque("u64"), "test");
    };
    INSPECTOR_TRY(const auto ran, command(CommandKind::Other, add));
    return seqnoText() + " " + bracketed(ran.first.since) + "\n";
}

MachineScript::Output MachineScript::downgrade(const Directive& directive)
{
    INSPECTOR_TRY(const auto id, directive.text("reader_id"));
    INSPECTOR_TRY(const auto since, directive.frontier("since"));
    auto outstanding = m_machine->state()->seqno;
    if (directive.has("seqno")) {
        INSPECTOR_TRY(outstanding, directive.seqno("seqno"));
    }
    const auto move = [&](State& next, const Moment& moment) {
        return downgradeSince(next, id, outstanding, since, m_machine->profile().era, moment);
    };
    INSPECTOR_TRY(const auto ran, command(CommandKind::Other, move));
    return seqnoText() + " " + bracketed(ran.first) + "\n";
}

MachineScript::Output MachineScript::heartbeat(const Directive& directive)
{
    if (m_machine->profile().era == Era::New)
        return fail(kScriptError, "the new era has no heartbeats");
    INSPECTOR_TRY(const auto id, directive.text("reader_id"));
    const auto beat = [&](State& next, const Moment& moment) { return heartbeatLeasedReader(next, id, moment); };
    INSPECTOR_CHECK(command(CommandKind::Other, beat));
    m_queue.pop_back();
    return seqnoText() + " ok\n";
}

MachineScript::Output MachineScript::compareAndDowngrade(const Directive& directive)
{
    INSPECTOR_TRY(const auto id, directive.text("reader_id"));
    INSPECTOR_TRY(const auto since, directive.frontier("since"));
    INSPECTOR_TRY(const auto expected, directive.number("expect_opaque"));
    INSPECTOR_TRY(const auto next, directive.number("opaque"));
    const auto opaque = [](std::uint64_t value) { return Opaque {"u64", static_cast<std::int64_t>(value)}; };
    const auto move = [&](State& state, const Moment&) {
        return compareAndDowngradeSince(state, id, opaque(expected), opaque(next), since, m_machine->profile().era);
    };
    INSPECTOR_TRY(const auto ran, command(CommandKind::Other, move));
    const auto& held = ran.first;
    if (!held.matched)
        return refuse("mismatch: opaque=" + std::to_string(held.opaque.value) + " since=" + bracketed(held.since));
    return seqnoText() + " " + std::to_string(held.opaque.value) + " " + bracketed(held.since) + "\n";
}

MachineScript::Output MachineScript::expireLeased(const Directive& directive)
{
    INSPECTOR_TRY(const auto id, directive.text("reader_id"));
    const auto expire = [&](State& next, const Moment&) { return expireLeasedReader(next, id); };
    INSPECTOR_CHECK(command(CommandKind::Other, expire));
    return seqnoText() + " ok\n";
}

MachineScript::Output MachineScript::expireCritical(const Directive& directive)
{
    INSPECTOR_TRY(const auto id, directive.text("reader_id"));
    const auto expire = [&](State& next, const Moment&) { return expireCriticalReader(next, id); };
    INSPECTOR_CHECK(command(CommandKind::Other, expire));
    return seqnoText() + " ok\n";
}

MachineScript::Output MachineScript::expireOneWriter(const Directive& directive)
{
    INSPECTOR_TRY(const auto id, directive.text("writer_id"));
    const auto expire = [&](State& next, const Moment&) { return expireWriter(next, id); };
    INSPECTOR_CHECK(command(CommandKind::Other, expire));
    return seqnoText() + " ok\n";
}

MachineScript::Output MachineScript::registerListen(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("output"));
    INSPECTOR_TRY(const auto asOf, directive.frontier("as_of"));
    const auto queued = m_queue.size();
    const auto id = "r" + m_scene.ids.uuid();
    const auto add = [&](State& next, const Moment& moment) {
        return registerLeasedReader(next, {id, "listen", m_machine->profile().readerLeaseMs, false}, moment);
    };
    INSPECTOR_CHECK(command(CommandKind::Other, add));
    const auto outstanding = m_machine->state()->seqno;
    const auto move = [&](State& next, const Moment& moment) {
        return downgradeSince(next, id, outstanding, asOf, m_machine->profile().era, moment);
    };
    const auto since = m_machine->state()->since();
    if (!persist::lessEqual(since, asOf))
        return refuse("Since(" + debugged(since) + ")");
    INSPECTOR_CHECK(command(CommandKind::Other, move));
    m_queue.resize(queued);
    m_listens[name] = {asOf, asOf};
    return std::string("ok\n");
}

MachineScript::Output MachineScript::listenThrough(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("input"));
    INSPECTOR_TRY(const auto target, directive.frontier("frontier"));
    const auto listen = m_listens.find(name);
    if (listen == m_listens.end())
        return fail(kScriptError, "no listen " + name);
    auto& [asOf, frontier] = listen->second;
    std::string output;
    while (!persist::lessEqual(target, frontier)) {
        const auto batches = m_machine->state()->batches();
        const auto next = std::find_if(batches.begin(), batches.end(), [&](const BatchPtr& batch) {
            return persist::lessEqual(batch->description.lower, frontier)
                && !persist::lessEqual(batch->description.upper, frontier);
        });
        if (next == batches.end())
            return fail(kScriptError, "the listen would wait: the upper is " + bracketed(m_machine->state()->upper()));
        for (const auto& part : (*next)->parts) {
            INSPECTOR_TRY(const auto rows, rowsOf(**next, part));
            if (!rows)
                return refuse("a part that the listen reads is gone");
            for (const auto& row : *rows) {
                const Frontier at(Timestamp {row.time});
                if (persist::lessEqual(frontier, at) && !persist::lessEqual(at, asOf))
                    output += row.key + " " + std::to_string(row.time) + " " + std::to_string(row.diff) + "\n";
            }
        }
        frontier = (*next)->description.upper;
    }
    return orEmpty(std::move(output));
}

MachineScript::Output MachineScript::snapshot(const Directive& directive)
{
    INSPECTOR_TRY(const auto asOf, directive.frontier("as_of"));
    const auto& state = *m_machine->state();
    if (!persist::lessEqual(state.since(), asOf))
        return refuse("Since(" + debugged(state.since()) + ")");
    if (persist::lessEqual(state.upper(), asOf))
        return fail(kScriptError, "the snapshot would wait: the upper is " + bracketed(state.upper()));
    std::string output;
    for (const auto& batch : state.batches()) {
        if (!persist::lessEqual(batch->description.lower, asOf))
            continue;
        output += "<batch " + bracketed(batch->description.lower) + "-" + bracketed(batch->description.upper) + ">\n";
        const auto runs = runsOf(*batch);
        for (std::size_t run = 0; run < runs.size(); ++run) {
            output += "<run " + std::to_string(run) + ">\n";
            for (std::size_t i = 0; i < runs[run].size(); ++i) {
                output += "<part " + std::to_string(i) + ">\n";
                INSPECTOR_TRY(const auto rows, rowsOf(*batch, batch->parts[runs[run][i]]));
                if (!rows)
                    return refuse("a part of the snapshot is gone");
                std::map<std::string, std::int64_t> sums;
                for (const auto& row : *rows)
                    if (persist::lessEqual(Frontier(Timestamp {row.time}), asOf))
                        sums[row.key] += row.diff;
                for (const auto& [key, diff] : sums)
                    if (diff != 0)
                        output += key + " " + persist::textOf(asOf) + " " + std::to_string(diff) + "\n";
            }
        }
    }
    return orEmpty(std::move(output));
}

MachineScript::Output MachineScript::shardDesc(const Directive& /*directive*/)
{
    const auto& state = *m_machine->state();
    return "since=" + bracketed(state.since()) + " upper=" + bracketed(state.upper()) + "\n";
}

MachineScript::Output MachineScript::writeOneRollup(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("output"));
    INSPECTOR_TRY(const auto written,
                  writeRollup(*m_machine, permitAt(), m_machine->log().held(), m_scene.ids, m_scene.job));
    if (!written)
        return refuse("the diffs of the rollup are gone");
    m_rollups[name] = *written;
    return "state=v" + std::to_string(written->seqno.value()) + " diffs=[v"
        + std::to_string(written->diffsLower.value()) + ", v" + std::to_string(written->diffsUpper.value()) + ")\n";
}

MachineScript::Output MachineScript::addOneRollup(const Directive& directive)
{
    INSPECTOR_TRY(const auto name, directive.text("input"));
    const auto found = m_rollups.find(name);
    if (found == m_rollups.end())
        return fail(kScriptError, "no rollup " + name);
    const auto& written = found->second;
    const auto add = [&](State& next, const Moment&) {
        return addRollup(next, written.seqno, written.rollup, m_machine->profile().era);
    };
    INSPECTOR_TRY(const auto ran, command(CommandKind::OnTombstone, add));
    if (!ran.first)
        return refuse("failed to apply rollup for: v" + std::to_string(written.seqno.value()));
    return seqnoText() + "\n";
}

MachineScript::Output MachineScript::collect(const Directive& directive)
{
    INSPECTOR_TRY(const auto target, directive.seqno("to_seqno"));
    INSPECTOR_TRY(const auto collected, collectGarbage(*m_machine, permitAt(), target, m_scene.job));
    Queued queued;
    if (auto work = m_machine->takeWork(); !work.empty())
        queued.work = std::move(work.front());
    m_queue.push_back(std::move(queued));
    return seqnoText() + " batch_parts=" + std::to_string(collected.batchParts)
        + " rollups=" + std::to_string(collected.rollups) + " truncated=" + listed(collected.truncatedTo)
        + " state_rollups=" + listed(collected.removedRollups) + "\n";
}

MachineScript::Output MachineScript::consensusScan(const Directive& directive)
{
    INSPECTOR_TRY(const auto from, directive.seqno("from_seqno"));
    std::string output;
    const auto print = [&](const State& state, const persist::StateDiff&) {
        if (state.seqno < from)
            return true;
        std::string names;
        for (const auto& batch : state.batches())
            for (const auto& [name, known] : m_batches)
                if (!batch->parts.empty() && sameParts(*batch, *known) && batch->description == known->description) {
                    names += (names.empty() ? "" : ",") + name;
                    break;
                }
        std::vector<SeqNo> rollups;
        for (const auto& [seqno, rollup] : state.rollups)
            rollups.push_back(seqno);
        output += "seqno=v" + std::to_string(state.seqno.value()) + " batches=" + names + " rollups=" + listed(rollups)
            + "\n";
        return true;
    };
    const persist::StateReader reader(m_scene.consensus, m_scene.blob, m_scene.shardId);
    INSPECTOR_TRY(const auto problems, reader.visitLive(print, m_scene.job));
    for (const auto& problem : problems)
        return refuse(problem);
    return orEmpty(std::move(output));
}

MachineScript::Output MachineScript::consensusTruncate(const Directive& directive)
{
    INSPECTOR_TRY(const auto target, directive.seqno("to_seqno"));
    INSPECTOR_TRY(const auto count, m_machine->truncate(permitAt(), target, m_scene.job));
    const auto number = std::to_string(count);
    return m_machine->profile().era == Era::Old ? number + "\n" : "Some(" + number + ")\n";
}

MachineScript::Output MachineScript::blobScanBatches(const Directive& /*directive*/)
{
    // Keys are random and sizes the encoder's, so the batches that they belong to stand in for them.
    std::vector<std::string> lines;
    for (const auto& [key, bytes] : m_scene.content->blobs) {
        const auto partial = key.substr(m_scene.shardId.text().size() + 1);
        if (partial.starts_with('v'))
            continue;
        std::string owner = "unknown";
        for (const auto& [name, batch] : m_batches)
            for (std::size_t i = 0; i < batch->parts.size(); ++i)
                if (batch->parts[i].name() == partial)
                    owner = name + " part " + std::to_string(i);
        lines.push_back(owner + ": " + (bytes.size() > 0 ? "stored" : "empty") + "\n");
    }
    std::sort(lines.begin(), lines.end());
    std::string output;
    for (const auto& line : lines)
        output += line;
    return orEmpty(std::move(output));
}

MachineScript::Output MachineScript::clearBlob(const Directive& /*directive*/)
{
    const auto count = m_scene.content->blobs.size();
    for (auto& [key, bytes] : m_scene.content->blobs)
        m_deleted[key] = bytes;
    m_scene.content->blobs.clear();
    return "deleted=" + std::to_string(count) + "\n";
}

MachineScript::Output MachineScript::restoreBlob(const Directive& /*directive*/)
{
    const auto prefix = m_scene.shardId.text() + "/";
    std::set<std::string> lost;
    const auto restore = [&](const std::string& partial) {
        const auto key = prefix + partial;
        if (m_scene.content->blobs.contains(key))
            return;
        const auto deleted = m_deleted.find(key);
        if (deleted == m_deleted.end())
            lost.insert(key);
        else
            m_scene.content->blobs[key] = deleted->second;
    };
    // The rollups first: without the oldest there are no states to ask.
    const persist::StateReader reader(m_scene.consensus, m_scene.blob, m_scene.shardId);
    INSPECTOR_TRY(const auto live, reader.liveDiffs(m_scene.job));
    for (const auto& diff : live.diffs)
        restore(diff.latestRollupKey);
    for (const auto& [seqno, rollup] : m_machine->state()->rollups)
        restore(rollup.key);
    const auto visit = [&](const State& state, const persist::StateDiff&) {
        for (const auto& [seqno, rollup] : state.rollups)
            restore(rollup.key);
        for (const auto& batch : state.batches())
            for (const auto& part : batch->parts)
                if (std::holds_alternative<persist::BlobPart>(part.content))
                    restore(part.name());
        return true;
    };
    INSPECTOR_CHECK(reader.visitLive(visit, m_scene.job));
    std::string output;
    for (const auto& key : lost)
        output += key + "\n";
    return orEmpty(std::move(output));
}

MachineScript::Output MachineScript::dyncfg(const Directive& directive)
{
    auto profile = m_machine->profile();
    for (const auto& line : directive.input) {
        std::istringstream words(line);
        std::string name;
        std::string value;
        if (!(words >> name >> value))
            return fail(kScriptError, "no flag: " + line);
        const auto number = std::strtoull(value.c_str(), nullptr, 10);
        if (name == "persist_inline_writes_single_max_bytes")
            profile.inlineWriteBytes = number;
        else if (name == "persist_inline_writes_total_max_bytes")
            profile.inlineTotalBytes = number;
        else if (name == "persist_rollup_threshold")
            profile.rollupThreshold = number;
        else if (name == "persist_blob_target_size")
            profile.blobTargetBytes = number;
        else if (name == "persist_record_compactions")
            profile.recordCompactions = value == "true";
        else
            return fail(kScriptError, "no such flag: " + name);
    }
    m_machine->setProfile(std::move(profile));
    return std::string("ok\n");
}

MachineScript::Output MachineScript::finalize(const Directive& /*directive*/)
{
    const auto& state = *m_machine->state();
    if (state.since() || state.upper())
        return refuse("finalized without fully advancing since " + debugged(state.since()) + " and upper "
                      + debugged(state.upper()));
    const auto queued = m_queue.size();
    const auto step = [&](State& next, const Moment&) { return becomeTombstone(next, m_machine->profile().era); };
    for (;;) {
        INSPECTOR_TRY(const auto ran, command(CommandKind::OnTombstone, step));
        if (!ran.second.committed)
            break;
    }
    // One item, the last that is any.
    const auto last = std::find_if(m_queue.rbegin(), m_queue.rend(), [](const Queued& item) { return item.work; });
    Queued item = last == m_queue.rend() ? Queued() : *last;
    m_queue.resize(queued);
    m_queue.push_back(std::move(item));
    return seqnoText() + " ok\n";
}

MachineScript::Output MachineScript::isFinalized(const Directive& /*directive*/)
{
    return seqnoText() + (isTombstone(*m_machine->state()) ? " true\n" : " false\n");
}

MachineScript::Output MachineScript::performMaintenance(const Directive& /*directive*/)
{
    std::string output;
    for (const auto& item : std::exchange(m_queue, {})) {
        if (item.work && item.work->assigned.rollup) {
            INSPECTOR_TRY(const auto written,
                          writeRollup(*m_machine, permitAt(), item.work->held, m_scene.ids, m_scene.job));
            if (written)
                INSPECTOR_CHECK(registerRollup(*m_machine, permitAt(), *written, m_scene.job));
        }
        if (item.work && item.work->assigned.collectTo)
            INSPECTOR_CHECK(collectGarbage(*m_machine, permitAt(), *item.work->assigned.collectTo, m_scene.job));
        [[maybe_unused]] const auto further = m_machine->takeWork(); // what maintenance assigns is not queued
        output += seqnoText() + " ok\n";
    }
    return orEmpty(std::move(output));
}

} // namespace inspector::machine::test
