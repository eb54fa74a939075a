#include "core/inspect/json_lines.h"

#include "core/codec/row_codec.h"

namespace inspector::inspect {

namespace {

/// Builds one object, member by member.
class ObjectLine
{
public:
    ObjectLine& text(std::string_view name, std::string_view value)
    {
        begin(name);
        codec::appendJsonString(value, m_line);
        return *this;
    }

    template <typename T>
    ObjectLine& number(std::string_view name, T value)
    {
        begin(name);
        m_line += std::to_string(value);
        return *this;
    }

    template <typename T>
    ObjectLine& number(std::string_view name, const std::optional<T>& value)
    {
        return value ? number(name, *value) : raw(name, "null");
    }

    ObjectLine& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
    ObjectLine& flag(std::string_view name, const std::optional<bool>& value)
    {
        return value ? flag(name, *value) : raw(name, "null");
    }

    /// Catalog times are text, because they exceed 2^53.
    ObjectLine& time(std::string_view name, const std::optional<Timestamp>& value)
    {
        return value ? text(name, std::to_string(value->value())) : raw(name, "null");
    }

    [[nodiscard]] std::string finish() { return std::move(m_line) + "}"; }

private:
    void begin(std::string_view name)
    {
        m_line += m_line.empty() ? "{" : ",";
        codec::appendJsonString(name, m_line);
        m_line += ":";
    }

    ObjectLine& raw(std::string_view name, std::string_view value)
    {
        begin(name);
        m_line += value;
        return *this;
    }

    std::string m_line;
};

std::optional<std::uint64_t> valueOf(const std::optional<Timestamp>& time)
{
    return time ? std::optional(time->value()) : std::nullopt;
}

} // namespace

std::string factsLine(const Overview& overview)
{
    return ObjectLine()
        .flag("is_initialized", overview.isInitialized)
        .number("epoch", overview.epoch)
        .number("deploy_generation", overview.deployGeneration)
        .flag("enable_0dt_deployment", overview.enable0dtDeployment)
        .number("0dt_deployment_max_wait_ms", overview.zeroDowntimeMaxWaitMs)
        .flag("0dt_panic_after_timeout", overview.zeroDowntimePanicAfterTimeout)
        .flag("system_config_synced_once", overview.systemConfigSyncedOnce)
        .text("shard", overview.shardId)
        .number("seqno", overview.seqno.value())
        .number("since", valueOf(overview.since))
        .number("upper", valueOf(overview.upper))
        .number("catalog_version", overview.catalogVersion)
        .text("applier_version", overview.applierVersion)
        .finish();
}

std::string fenceLine(const FenceRecord& fence)
{
    return ObjectLine()
        .number("deploy_generation", fence.deployGeneration)
        .number("epoch", fence.epoch)
        .time("ts", fence.time)
        .number("diff", fence.diff)
        .number("seqno", fence.seqno ? std::optional(fence.seqno->value()) : std::nullopt)
        .finish();
}

std::string summaryLine(const CollectionSummary& summary)
{
    return ObjectLine()
        .text("collection", summary.name)
        .number("rows", summary.rows)
        .number("bytes", summary.storedBytes)
        .number("problems", summary.problems.value_or(0))
        .finish();
}

std::string partLine(const PartSummary& part)
{
    return ObjectLine()
        .time("lower", part.batchLower)
        .time("upper", part.batchUpper)
        .time("since", part.batchSince)
        .number("run", part.run)
        .text("key", part.key)
        .number("bytes", part.encodedSizeBytes)
        .finish();
}

} // namespace inspector::inspect
