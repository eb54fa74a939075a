#include "core/inspect/repair_lines.h"

#include "core/base/clock.h"
#include "core/base/hex.h"
#include "core/catalog/pretty.h"
#include "core/codec/row_codec.h"

#include <optional>

namespace inspector::inspect {

namespace {

/// Builds one object, member by member.
class JsonObject
{
public:
    JsonObject& raw(std::string_view name, std::string_view json)
    {
        m_json += m_json.size() > 1 ? ",\"" : "\"";
        m_json.append(name).append("\":").append(json);
        return *this;
    }
    JsonObject& text(std::string_view name, std::string_view value)
    {
        std::string json;
        codec::appendJsonString(value, json);
        return raw(name, json);
    }
    JsonObject& number(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
    /// The time of an update is text, as in the other commands.
    JsonObject& time(std::string_view name, Timestamp value) { return text(name, std::to_string(value.value())); }
    JsonObject& boolean(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
    template <typename List, typename ToJson>
    JsonObject& list(std::string_view name, const List& values, const ToJson& toJson)
    {
        std::string json = "[";
        for (const auto& value : values)
            json += (json.size() > 1 ? "," : "") + toJson(value);
        return raw(name, json + "]");
    }
    JsonObject& texts(std::string_view name, const std::vector<std::string>& values)
    {
        return list(name, values, [](const std::string& value) {
            std::string json;
            codec::appendJsonString(value, json);
            return json;
        });
    }

    [[nodiscard]] std::string end() const { return m_json + "}"; }

private:
    std::string m_json = "{";
};

std::string tokenJson(const catalog::FenceToken& token)
{
    return "{\"deploy_generation\":" + std::to_string(token.deployGeneration.value())
        + ",\"epoch\":" + std::to_string(token.epoch.value()) + "}";
}

std::string updateJson(const catalog::RowChange& change, std::optional<Timestamp> time)
{
    JsonObject object;
    if (time)
        object.time("ts", *time);
    const auto json = codec::canonicalJson(edit::viewOf(change.stored));
    return object.raw("diff", std::to_string(change.diff))
        .raw("json", json ? *json : std::string("null"))
        .text("source_data_hex", toHex(bytesOf(change.stored)))
        .end();
}

std::string refusalJson(const edit::Refusal& refusal)
{
    return JsonObject().text("override", edit::nameOf(refusal.which)).text("reason", refusal.reason).end();
}

std::string editJson(const edit::PlannedEdit& edit)
{
    JsonObject object;
    object.text("collection", edit.collection).raw("key", edit.name.key);
    std::size_t live = 0;
    std::string before = "null";
    for (const auto& row : edit.before)
        if (row.diff > 0 && live++ == 0)
            before = row.value;
    object.raw("before", before).raw("after", edit.after ? *edit.after : std::string("null"));
    object.number("rows_before", live).boolean("inserts", edit.after.has_value());
    object.text("sha256_before", edit.hashBefore());
    return object.end();
}

std::string planJson(const edit::EditPlan& plan, const edit::Rehearsal* rehearsal)
{
    JsonObject object;
    const auto& base = *plan.base;
    object.boolean("committed", false).text("summary", plan.summary).text("shard", base.state().shardId);
    object.number("seqno", base.state().seqno.value());
    const auto version = base.facts().userVersion();
    object.raw("catalog_version", version ? std::to_string(*version) : std::string("null"));
    object.text("applier_version", base.state().applierVersion);
    object.number("expect_upper", plan.expectedUpper().value()).number("next_upper", plan.nextUpper().value());
    object.raw("token_before", tokenJson(plan.tokenBefore)).raw("token_after", tokenJson(plan.tokenAfter));
    object.list("edits", plan.edits, editJson);
    object.list("updates", plan.changes,
                [&](const catalog::RowChange& change) { return updateJson(change, plan.expectedUpper()); });
    object.list("inverse", plan.inverse(),
                [](const catalog::RowChange& change) { return updateJson(change, std::nullopt); });
    object.boolean("may_commit", plan.mayCommit());
    object.list("refusals", plan.refusals, refusalJson).list("overridden", plan.overridden, refusalJson);
    object.texts("warnings", plan.warnings).texts("consequences", plan.consequences());
    if (rehearsal == nullptr)
        return object.raw("state_diff", "null").end();
    return object
        .raw("state_diff",
             JsonObject()
                 .number("seqno_from", rehearsal->version.seqnoFrom.value())
                 .number("seqno_to", rehearsal->version.seqnoTo.value())
                 .number("bytes", rehearsal->version.raw.size())
                 .number("blob_bytes", rehearsal->blobBytes)
                 .texts("changes", rehearsal->changes)
                 .end())
        .end();
}

std::string_view nameOf(edit::Proof proof)
{
    switch (proof) {
    case edit::Proof::ReadBack:
        return "read back";
    case edit::Proof::Unread:
        return "unread";
    case edit::Proof::Differs:
        break;
    }
    return "differs";
}

} // namespace

std::string planLine(const edit::EditPlan& plan, const edit::Rehearsal& rehearsal)
{
    return planJson(plan, &rehearsal);
}

std::string planLine(const edit::EditPlan& plan)
{
    return planJson(plan, nullptr);
}

std::string receiptLine(const edit::Receipt& receipt)
{
    JsonObject object;
    object.boolean("committed", true).text("summary", receipt.summary).text("shard", receipt.shardId);
    object.number("seqno", receipt.seqno.value()).time("ts", receipt.time).number("upper", receipt.nextUpper.value());
    object.raw("token_before", tokenJson(receipt.tokenBefore)).raw("token_after", tokenJson(receipt.tokenAfter));
    object.list("updates", receipt.changes,
                [&](const catalog::RowChange& change) { return updateJson(change, receipt.time); });
    object.list("inverse", receipt.inverse,
                [](const catalog::RowChange& change) { return updateJson(change, std::nullopt); });
    object.text("writer", receipt.writerId).text("token", receipt.token);
    object.number("attempts", receipt.attempts).number("statements", receipt.statements);
    object.text("proof", nameOf(receipt.proof)).text("proof_text", receipt.proofText);
    object.boolean("writer_expired", receipt.isWriterExpired).text("journal", receipt.journalPath);
    object.texts("remarks", receipt.remarks).text("finished_at", rfc3339(receipt.finishedMs));
    return object.end();
}

std::string recoveredLine(const RecoveredRepair& recovered)
{
    const auto& [journal, finding] = recovered;
    JsonObject object;
    object.text("fate", edit::nameOf(finding.fate)).text("evidence", finding.evidence).text("next", finding.next);
    object.raw("seqno", finding.seqno ? std::to_string(finding.seqno->value()) : std::string("null"));
    object.number("attempts", journal.attempts.size()).text("noted_outcome", journal.outcome);
    if (!journal.header)
        return object.raw("shard", "null").end();
    object.text("shard", journal.header->shardId).text("summary", journal.header->summary);
    object.time("ts", journal.header->expectedUpper);
    object.list("updates", journal.header->changes,
                [&](const catalog::RowChange& change) { return updateJson(change, journal.header->expectedUpper); });
    object.list("inverse", journal.header->inverse,
                [](const catalog::RowChange& change) { return updateJson(change, std::nullopt); });
    return object.end();
}

std::string rowText(const edit::EditBase& base, const std::string& stored, catalog::Reveal reveal)
{
    catalog::RowTyper typer(base.schema());
    if (!typer.read(edit::viewOf(stored)))
        return "(undecodable) " + toHex(bytesOf(stored));
    return catalog::rowJson(typer, reveal);
}

bool hasSecret(const edit::EditBase& base, const std::string& stored)
{
    catalog::RowTyper typer(base.schema());
    return typer.read(edit::viewOf(stored)) && !catalog::secretNodes(typer).empty();
}

} // namespace inspector::inspect
