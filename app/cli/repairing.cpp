#include "app/cli/repairing.h"

#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/inspect/repair_desk.h"
#include "core/inspect/repair_lines.h"
#include "core/inspect/text.h"

#include <algorithm>
#include <set>

namespace inspector::cli {

namespace {

constexpr std::string_view kHashPrefix = "sha256:";

/// `text` as a shell takes it as one word.
std::string shellWord(const std::string& text)
{
    std::string word = "'";
    for (const char c : text)
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + "'";
}

Result<edit::ExpectedOld> expectedOldOf(const Arguments& arguments)
{
    const auto text = arguments.value("--expect-old");
    if (text && arguments.has("--expect-absent"))
        return fail(ErrorCode::InvalidInput, "--expect-old and --expect-absent contradict each other: give one");
    using Kind = edit::ExpectedOld::Kind;
    if (arguments.has("--expect-absent"))
        return edit::ExpectedOld {Kind::Absent, {}};
    if (!text)
        return edit::ExpectedOld {};
    if (!text->starts_with(kHashPrefix))
        return edit::ExpectedOld {Kind::Value, *text};
    const auto hash = text->substr(kHashPrefix.size());
    if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != std::string::npos)
        return fail(ErrorCode::InvalidInput, "--expect-old sha256:… needs 64 lower-case hex digits");
    return edit::ExpectedOld {Kind::RowHash, hash};
}

Result<edit::PlanOptions> planOptionsOf(const Arguments& arguments)
{
    edit::PlanOptions options;
    for (const auto& name : arguments.values("--override")) {
        INSPECTOR_TRY(const auto which, edit::overrideNamed(name));
        options.overrides.insert(which);
    }
    INSPECTOR_TRY(const auto upper, arguments.number("--expect-upper"));
    if (upper)
        options.expectedUpper = Timestamp(*upper);
    return options;
}

/// What --commit must be given, and a dry run prints.
Result<> checkCommit(const Arguments& arguments, OldValue oldValue)
{
    const auto missing = [](const char* what) {
        return fail(ErrorCode::InvalidInput,
                    std::string("--commit needs ") + what + ", as the same command prints it without --commit");
    };
    if (!arguments.has("--expect-upper"))
        return missing("--expect-upper N");
    if (oldValue == OldValue::Required && !arguments.has("--expect-old") && !arguments.has("--expect-absent"))
        return missing("--expect-old JSON or --expect-absent");
    return {};
}

/// The options that commit this plan, ready to paste.
std::string commitOptions(const edit::EditPlan& plan, catalog::Reveal reveal)
{
    std::string text = "--commit --expect-upper " + std::to_string(plan.expectedUpper().value());
    const auto& edit = plan.edits.front();
    const auto live =
        std::find_if(edit.before.begin(), edit.before.end(), [](const auto& row) { return row.diff > 0; });
    if (live == edit.before.end())
        text += " --expect-absent";
    else if (reveal == catalog::Reveal::No && inspect::hasSecret(*plan.base, live->stored))
        text += " --expect-old " + std::string(kHashPrefix) + toHex(sha256(bytesOf(live->stored)));
    else
        text += " --expect-old " + shellWord(live->value);
    std::set<edit::Override> overrides;
    for (const auto& each : plan.overridden)
        if (overrides.insert(each.which).second)
            text += " --override " + std::string(edit::nameOf(each.which));
    return text;
}

void add(std::string& to, const std::string& heading, const std::vector<std::string>& lines)
{
    if (lines.empty())
        return;
    to += heading + "\n";
    for (const auto& line : lines)
        to += "  " + line + "\n";
}

std::vector<std::string> changeLines(const edit::EditBase& base, const edit::ChangeSet& changes, catalog::Reveal reveal)
{
    std::vector<std::string> lines;
    for (const auto& change : changes)
        lines.push_back((change.diff > 0 ? "+ " : "- ") + inspect::rowText(base, change.stored, reveal));
    return lines;
}

std::vector<std::string> refusalLines(const std::vector<edit::Refusal>& refusals)
{
    std::vector<std::string> lines;
    for (const auto& each : refusals)
        lines.push_back(each.reason + " (--override " + std::string(edit::nameOf(each.which)) + ")");
    return lines;
}

std::string planText(const edit::EditPlan& plan, const edit::Rehearsal& rehearsal, catalog::Reveal reveal)
{
    const auto& base = *plan.base;
    const auto version = base.facts().userVersion();
    std::string text = plan.summary + " in shard " + base.state().shardId + ", catalog version "
        + (version ? std::to_string(*version) : "unknown") + "\n\n";
    add(text,
        "Would be appended at time " + inspect::timeText(plan.expectedUpper())
            + ", in one append that moves the upper to " + std::to_string(plan.nextUpper().value()) + ":",
        changeLines(base, plan.changes, reveal));
    add(text, "Version v" + std::to_string(rehearsal.version.seqnoTo.value()) + " of the shard's state would:",
        rehearsal.changes);
    if (rehearsal.blobBytes > 0)
        text += "  and the rows would be a blob of " + std::to_string(rehearsal.blobBytes) + " bytes\n";
    add(text, "Fenced by it:", plan.consequences());
    add(text, "Warnings:", plan.warnings);
    add(text, "Allowed by an override:", refusalLines(plan.overridden));
    add(text, "Refused, unless it is deliberate:", refusalLines(plan.refusals));
    if (plan.mayCommit())
        text += "\nTo write it, add:\n  " + commitOptions(plan, reveal) + "\n";
    return text;
}

std::string receiptText(const edit::EditPlan& plan, const edit::Receipt& receipt, catalog::Reveal reveal)
{
    std::string text = "Committed: " + receipt.summary + " in shard " + receipt.shardId + ", as version v"
        + std::to_string(receipt.seqno.value()) + "\n\n";
    add(text,
        "Written at time " + inspect::timeText(receipt.time) + "; the upper is "
            + std::to_string(receipt.nextUpper.value()) + ":",
        changeLines(*plan.base, receipt.changes, reveal));
    add(text, "To take the rows back:", changeLines(*plan.base, receipt.inverse, reveal));
    add(text, "Proof:", {receipt.proofText});
    add(text, "Sent:",
        {std::to_string(receipt.statements) + " statements and requests, " + std::to_string(receipt.attempts)
             + " of them compare-and-sets of the append",
         receipt.isWriterExpired ? "the writer's entry " + receipt.writerId + " is removed again"
                                 : "the writer's entry " + receipt.writerId + " stays until it lapses"});
    add(text, "Journal:", {receipt.journalPath});
    add(text, "Remarks:", receipt.remarks);
    return text;
}

Result<ExitCode> show(const Request& request, const edit::EditPlan& plan, const edit::Rehearsal& rehearsal)
{
    const auto reveal = request.reveal ? catalog::Reveal::Yes : catalog::Reveal::No;
    INSPECTOR_CHECK(request.out.write(request.asJson ? inspect::planLine(plan, rehearsal) + "\n"
                                                     : planText(plan, rehearsal, reveal)));
    if (plan.mayCommit()) {
        remark(request, "nothing was written: --commit, with what is expected, writes it");
        return kDone;
    }
    remark(request, "nothing was written, and --commit is refused without --override of each reason");
    return kRefused;
}

} // namespace

const std::vector<Option>& repairOptions()
{
    static const std::vector<Option> kOptions {
        {"--commit", nullptr, nullptr, "write it; without this option nothing is written"},
        {"--expect-upper", nullptr, "N", "the upper that the catalog must have"},
        {"--expect-old", nullptr, "JSON", "the value that the key must have; or sha256:HEX of its stored row"},
        {"--expect-absent", nullptr, nullptr, "the key must not be there"},
        {"--override", nullptr, "NAME", "allow what is refused by default; may be repeated"},
        {"--journal", nullptr, "FILE", "where the journal goes; by default a new file in the working directory"},
    };
    return kOptions;
}

Result<ExitCode> runRepair(const Request& request, edit::EditDraft draft, OldValue oldValue)
{
    const auto& arguments = request.arguments;
    const bool isCommit = arguments.has("--commit");
    INSPECTOR_TRY(draft.expectedOld, expectedOldOf(arguments));
    INSPECTOR_TRY(const auto options, planOptionsOf(arguments));
    if (isCommit)
        INSPECTOR_CHECK(checkCommit(arguments, oldValue));
    if (arguments.has("--journal") && arguments.value("--journal")->empty())
        return fail(ErrorCode::InvalidInput, "--journal needs the name of a file");

    INSPECTOR_TRY(const auto desk, inspect::RepairDesk::open(request.open, request.job));
    for (const auto& warning : desk->warnings())
        remark(request, warning);
    INSPECTOR_TRY(const auto plan, desk->plan(std::span(&draft, 1), options, request.job));
    if (!isCommit || !plan.mayCommit()) {
        INSPECTOR_TRY(const auto rehearsal, desk->rehearse(plan, request.job));
        return show(request, plan, rehearsal);
    }
    const auto journal = arguments.value("--journal").value_or(desk->suggestedJournal(plan));
    INSPECTOR_TRY(const auto receipt, desk->commit(plan, journal, request.job));
    const auto reveal = request.reveal ? catalog::Reveal::Yes : catalog::Reveal::No;
    INSPECTOR_CHECK(
        request.out.write(request.asJson ? inspect::receiptLine(receipt) + "\n" : receiptText(plan, receipt, reveal)));
    switch (receipt.proof) {
    case edit::Proof::ReadBack:
        return kDone;
    case edit::Proof::Unread:
        remark(request, "it is committed, but reading it back failed: " + receipt.proofText);
        return kOutcomeUnknown;
    case edit::Proof::Differs:
        remark(request, "it is committed, but what was read back is not what was planned: " + receipt.proofText);
        return kDamaged;
    }
    return kDone;
}

} // namespace inspector::cli
