#pragma once

#include "core/base/result.h"
#include "core/base/strong.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The datadriven language (persist-write-protocol §20.1): text files that tell a story in directives, each with the
/// output that it must give. A test program supplies what the directives do:
///
///     # a comment; blank lines between cases do not count
///     write-batch output=b0 lower=0 upper=1
///     k1 0 1
///     k2 0 1
///     ----
///     parts=1 len=2
///
///     compact output=b1 inputs=(b0,b2) since=() first
///     ----
///     ----
///     an output
///
///     with a blank line
///     ----
///     ----
///
///     void scenario()
///     {
///         MachineScript script;                    // fresh state for each file
///         const auto ran = runDataDriven(path, [&](const Directive& directive) { return script.run(directive); });
///         QVERIFY2(ran.has_value(), ran ? "" : ran.error().describe().c_str());
///     }
///
/// With INSPECTOR_ACCEPT=1 in the environment, outputs that differ are written into the files instead of being errors:
/// read the change of the file before committing it.
namespace inspector::test {

/// A directive: name, arguments, input.
class Directive
{
public:
    struct Argument
    {
        std::string key;
        /// `key=v` one, `key=(v1,v2)` several, `key=()` and `key=` and the bare `key` none.
        std::vector<std::string> values;
    };

    std::string name;
    std::vector<Argument> arguments;
    std::vector<std::string> input; ///< lines, without their ends
    std::string expected;           ///< the output as written in the file: whole lines, or nothing
    std::size_t line = 0;           ///< of the file, from 1

    [[nodiscard]] bool has(std::string_view key) const;

    // One argument. InvalidInput naming it when it is missing (where there is no default) or not of that kind; an
    // argument that nobody asks for is ignored.
    [[nodiscard]] Result<std::string> text(std::string_view key) const;
    [[nodiscard]] Result<std::string> text(std::string_view key, const std::string& otherwise) const;
    [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view key) const; ///< none when missing
    [[nodiscard]] Result<std::uint64_t> number(std::string_view key) const;
    [[nodiscard]] Result<std::uint64_t> number(std::string_view key, std::uint64_t otherwise) const;
    [[nodiscard]] Result<bool> yesOrNo(std::string_view key, bool otherwise) const; ///< true or false; bare: true
    [[nodiscard]] Result<SeqNo> seqno(std::string_view key) const;                  ///< v7
    /// An antichain: 5 and (5) are [5], () and nothing are the empty one.
    [[nodiscard]] Result<std::optional<Timestamp>> frontier(std::string_view key) const;
    [[nodiscard]] Result<std::optional<Timestamp>> frontier(std::string_view key,
                                                            std::optional<Timestamp> otherwise) const;

private:
    [[nodiscard]] const Argument* find(std::string_view key) const;
};

/// A file's directives in order. InvalidInput with the line when it is none: no `----`, a closing bracket missing.
[[nodiscard]] Result<std::vector<Directive>> parseDataDriven(std::string_view content);

/// What a directive prints: whole lines, or nothing. An error is one of the script, such as an unknown directive or a
/// missing argument; what the directive's work answers with, errors included, is output.
using DirectiveRunner = std::function<Result<std::string>(const Directive& directive)>;

/// Runs a file's directives. InvalidInput with every difference, by file and line, and how to accept them; the errors
/// of the runner and of parsing; NotFound without the file, Unavailable when accepted outputs cannot be written.
[[nodiscard]] Result<> runDataDriven(const std::string& path, const DirectiveRunner& runner);

/// `content` with the outputs of its directives replaced, everything else as it was. `outputs` has one for each.
[[nodiscard]] Result<std::string> withOutputs(std::string_view content, const std::vector<std::string>& outputs);

/// The files below a folder, by path from it, in order: names for QTest::newRow(). Nothing without the folder.
[[nodiscard]] std::vector<std::string> dataDrivenFiles(const std::string& folder);

/// What both sets of directives print for frontiers: "[5]", "[]".
[[nodiscard]] std::string bracketed(const std::optional<Timestamp>& frontier);

} // namespace inspector::test
