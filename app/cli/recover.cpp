#include "app/cli/commands.h"
#include "core/inspect/repair_desk.h"
#include "core/inspect/repair_lines.h"

namespace inspector::cli {

namespace {

std::string answerOf(edit::RepairFate fate)
{
    switch (fate) {
    case edit::RepairFate::Whole:
        return "All of the repair is in the shard";
    case edit::RepairFate::Nothing:
        return "Nothing of the repair is in the shard";
    case edit::RepairFate::NotYet:
        return "Nothing of the repair is in the shard so far";
    case edit::RepairFate::Unclear:
        break;
    }
    return "Whether the repair is in the shard cannot be told";
}

Result<ExitCode> run(const Request& request)
{
    const auto takeBack = request.arguments.has("--commit") ? inspect::TakeBack::Yes : inspect::TakeBack::No;
    INSPECTOR_TRY(const auto recovered,
                  inspect::recoverRepair(request.operands.front(), request.open.location, takeBack, request.job));
    const auto& finding = recovered.finding;
    std::string text = inspect::recoveredLine(recovered) + "\n";
    if (!request.asJson) {
        text = answerOf(finding.fate) + ": " + finding.evidence + ".\n";
        if (recovered.journal.header)
            text += "Repair: " + recovered.journal.header->summary + " in shard " + recovered.journal.header->shardId
                + "\n";
        if (!finding.next.empty())
            text += "Next: " + finding.next + "\n";
    }
    INSPECTOR_CHECK(request.out.write(text));
    const bool isSettled = finding.fate == edit::RepairFate::Whole || finding.fate == edit::RepairFate::Nothing;
    return isSettled ? kDone : kOutcomeUnknown;
}

} // namespace

Command recoverCommand()
{
    return {"recover",
            "say what became of a repair that was interrupted",
            "Reads the journal that a repair left, and finds out from the shard whether all of the repair is in it or "
            "nothing:\n"
            "one append has no third outcome. It never guesses: while a server may still be busy with what was sent, "
            "it says when\n"
            "to ask again. A catalog file whose writer was killed in the middle of a write cannot be read until that "
            "write is taken\n"
            "back, which --commit does.\n"
            "With --json: one object with fate (whole, nothing, not yet, unclear), evidence, next, the updates and "
            "what would take\n"
            "them back.",
            {{"JOURNAL", "the file that the repair wrote"}},
            {{"--commit", nullptr, nullptr, "take back what a killed writer left in a catalog file"}},
            {"recover repair-s89ff5a1e-v176-20261124T191600Z.journal catalog.mzcat"},
            {kOutcomeUnknown},
            run,
            false,
            true,
            true};
}

} // namespace inspector::cli
