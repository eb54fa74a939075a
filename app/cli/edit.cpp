#include "app/cli/commands.h"
#include "app/cli/repairing.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    edit::EditDraft draft;
    draft.collection = request.operands[0];
    draft.key = request.operands[1];
    draft.value = request.operands[2];
    return runRepair(request, std::move(draft), OldValue::Required);
}

} // namespace

Command editCommand()
{
    return {"edit",
            "set the value of one key",
            "Shows what setting the key would write: the exact rows that go and come, the fence token that goes with "
            "them, what\n"
            "the shard's state would change, and who is fenced by it. With --commit it is written, in one append, read "
            "back, and a\n"
            "receipt is printed. --commit needs the upper and the old value that the dry run prints; when either "
            "differs by then,\n"
            "nothing is written. Before anything is sent, what was there and how to take it back goes into a journal; "
            "'recover'\n"
            "reads it when the outcome is not known.\n\n"
            "Refused unless asked for by name with --override: last-config, user-version, content-version, allocators, "
            "references,\n"
            "uniqueness, several-rows, invalid-value, unknown-version.\n"
            "With --json: one object, the plan (\"committed\":false) or the receipt (\"committed\":true).",
            {{"COLLECTION", "its name, such as setting, or the kind of its rows"},
             {"KEY", "JSON, as dump --json prints it; null for a singleton"},
             {"VALUE", "JSON; null for a collection without values"}},
            repairOptions(),
            {R"(edit setting '{"name":"migration_version"}' '{"value":"26.24.0"}' catalog.mzcat)",
             R"(edit config '{"key":"k"}' '{"value":1}' c.mzcat --commit --expect-upper 94 --expect-absent)"},
            {kRefused, kOutcomeUnknown},
            run,
            false,
            true,
            true};
}

} // namespace inspector::cli
