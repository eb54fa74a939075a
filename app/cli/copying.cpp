#include "app/cli/copying.h"

#include "app/cli/output.h"
#include "core/inspect/copy_location.h"

namespace inspector::cli {

namespace {

const char* textOf(inspect::CopyFate fate)
{
    switch (fate) {
    case inspect::CopyFate::Copied:
        return "copied";
    case inspect::CopyFate::WouldBeCopied:
        return "would be copied";
    case inspect::CopyFate::Identical:
        return "identical";
    }
    return "";
}

Result<> writeReport(const Request& request, const inspect::CopyReport& report)
{
    if (request.asJson) {
        for (const auto& shard : report.shards)
            INSPECTOR_CHECK(request.out.write(
                R"({"shard":")" + shard.shardId + R"(","fate":")" + textOf(shard.fate) + R"(","first":)"
                + std::to_string(shard.first.value()) + R"(,"head":)" + std::to_string(shard.head.value())
                + R"(,"versions":)" + std::to_string(shard.versions) + R"(,"blobs":)" + std::to_string(shard.blobs)
                + R"(,"bytes":)" + std::to_string(shard.bytes) + R"(,"missing":)" + std::to_string(shard.missing.size())
                + "}\n"));
        return {};
    }
    std::vector<std::vector<std::string>> lines;
    for (const auto& shard : report.shards)
        lines.push_back({shard.shardId, "v" + std::to_string(shard.first.value()),
                         "v" + std::to_string(shard.head.value()), grouped(shard.versions), grouped(shard.blobs),
                         bytesText(shard.bytes), textOf(shard.fate)});
    using Align = TableColumn::Align;
    return writeTable(request.out,
                      {{"Shard", Align::Left},
                       {"First", Align::Right},
                       {"Head", Align::Right},
                       {"Versions", Align::Right},
                       {"Blobs", Align::Right},
                       {"Size", Align::Right},
                       {"", Align::Left}},
                      lines);
}

} // namespace

const std::vector<Option>& copyOptions()
{
    static const std::vector<Option> kOptions {
        {"--all", nullptr, nullptr, "every shard of the source, not only the catalog"},
        {"--incomplete", nullptr, nullptr, "copy although blobs are gone that the source names"},
        {"--commit", nullptr, nullptr, "copy; without, only say what would be copied"},
    };
    return kOptions;
}

Result<store::Location> otherLocation(const Arguments& arguments, const std::string& option)
{
    const auto file = arguments.value(option);
    const auto consensus = arguments.value(option + "-consensus");
    const auto blob = arguments.value(option + "-blob");
    if (file && (consensus || blob))
        return fail(ErrorCode::InvalidInput,
                    option + " and " + option + "-consensus or " + option
                        + "-blob both name a location: give one of them");
    if (file) {
        if (file->empty())
            return fail(ErrorCode::InvalidInput, option + " is empty: give the path of a .mzcat file");
        if (file->find("://") != std::string::npos && !file->starts_with("file:") && !file->starts_with("sqlite:"))
            return fail(ErrorCode::InvalidInput,
                        "'" + store::withoutCredentials(*file) + "' is no catalog file: give a server with " + option
                            + "-consensus URL " + option + "-blob URL");
        return store::Location::ofCatalogFile(*file);
    }
    if (!consensus && !blob)
        return fail(ErrorCode::InvalidInput,
                    option + " FILE is missing, or " + option + "-consensus URL and " + option + "-blob URL");
    if (!consensus || !blob)
        return fail(ErrorCode::InvalidInput, option + (consensus ? "-blob" : "-consensus") + " URL is missing");
    return store::Location {*consensus, *blob};
}

Result<ExitCode> runCopy(const Request& request, const store::Location& from, const store::Location& to)
{
    inspect::CopyRequest copy;
    copy.from = from;
    copy.to = to;
    copy.shard = request.open.shard;
    copy.allShards = request.arguments.has("--all");
    copy.incomplete = request.arguments.has("--incomplete");
    copy.commit = request.arguments.has("--commit");
    if (copy.allShards && copy.shard.by != inspect::ShardChoice::By::Content)
        return fail(ErrorCode::InvalidInput, "--all and an option that names a shard exclude each other");
    INSPECTOR_TRY(const auto report, inspect::copyLocation(copy, request.job));
    for (const auto& warning : report.warnings)
        remark(request, warning);
    INSPECTOR_CHECK(writeReport(request, report));
    bool isWhole = true;
    bool isThereAlready = true;
    for (const auto& shard : report.shards) {
        isWhole = isWhole && shard.missing.empty();
        isThereAlready = isThereAlready && shard.fate == inspect::CopyFate::Identical;
        for (const auto& key : shard.missing)
            remark(request, "gone from the source, though a live version names it: " + key);
    }
    if (isThereAlready)
        remark(request, "nothing was written: " + report.to + " has all of it already");
    else if (copy.commit)
        remark(request, "from " + report.from + " to " + report.to + ": read back and found equal");
    else
        remark(request, "nothing was written: --commit copies from " + report.from + " to " + report.to);
    return isWhole ? kDone : kDifferences;
}

} // namespace inspector::cli
