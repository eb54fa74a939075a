#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace inspector::test {

/// Runs as another user when this program may; 0 keeps the current one.
struct RunAs
{
    uid_t user = 0;
    gid_t group = 0;
};

/// Starts a program that dies with this one. Its output goes to the file `output`. Returns its id, or -1.
[[nodiscard]] pid_t start(const std::vector<std::string>& command, const std::string& output, RunAs as = {});

/// The exit code; 128 + signal when it was killed.
int waitFor(pid_t process);

/// start() and waitFor().
int run(const std::vector<std::string>& command, const std::string& output, RunAs as = {});

} // namespace inspector::test
