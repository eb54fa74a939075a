#pragma once

#include "app/cli/command_table.h"
#include "core/inspect/dump.h"

namespace inspector::cli {

// The rows of the command table; each is made in the file of its name.
[[nodiscard]] Command dumpCommand();
[[nodiscard]] Command statsCommand();
[[nodiscard]] Command traceCommand();
[[nodiscard]] Command rowsCommand();
[[nodiscard]] Command historyCommand();
[[nodiscard]] Command factsCommand();
[[nodiscard]] Command epochCommand();
[[nodiscard]] Command fencesCommand();
[[nodiscard]] Command showCommand();
[[nodiscard]] Command findCommand();
[[nodiscard]] Command stateCommand();
[[nodiscard]] Command stateDiffCommand();
[[nodiscard]] Command rollupsCommand();
[[nodiscard]] Command partsCommand();
[[nodiscard]] Command upgradeCheckCommand();
[[nodiscard]] Command followCommand();
[[nodiscard]] Command editCommand();
[[nodiscard]] Command deleteCommand();
[[nodiscard]] Command recoverCommand();
[[nodiscard]] Command initCommand();
[[nodiscard]] Command demoCommand();
[[nodiscard]] Command importCommand();
[[nodiscard]] Command exportCommand();

/// Says on standard error what a reading could not read and what an output left out.
void remarkReading(const Request& request, const inspect::Reading& reading, const inspect::LeftOut& leftOut);

} // namespace inspector::cli
