#include "app/cli/commands.h"
#include "app/cli/repairing.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    edit::EditDraft draft;
    draft.collection = request.operands[0];
    draft.key = request.operands[1];
    return runRepair(request, std::move(draft), OldValue::Optional);
}

} // namespace

Command deleteCommand()
{
    return {"delete",
            "remove the row of one key",
            "As 'edit', for a row that goes. --commit needs the upper that the dry run prints; the old value may be "
            "given, too.",
            {{"COLLECTION", "its name, such as setting, or the kind of its rows"},
             {"KEY", "JSON, as dump --json prints it; null for a singleton"}},
            repairOptions(),
            {R"(delete unfinalized_shard '{"shard":"s86892608-7ff3-82f8-1090-7584b4945aaa"}' catalog.mzcat)",
             R"(delete config '{"key":"k"}' catalog.mzcat --commit --expect-upper 94)"},
            {kRefused, kOutcomeUnknown},
            run,
            false,
            true,
            true};
}

} // namespace inspector::cli
