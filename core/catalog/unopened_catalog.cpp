#include "core/catalog/unopened_catalog.h"

#include "core/catalog/collection.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <charconv>

namespace inspector::catalog {

namespace {

/// From this catalog version on the reference has no getter for enable_0dt_deployment (catalog-model §6.1).
constexpr std::uint64_t kFirstWithoutEnable0dt = 78;

constexpr std::string_view kEnable0dt = "enable_0dt_deployment";
constexpr std::string_view kPanicAfterTimeout = "enable_0dt_deployment_panic_after_timeout";
constexpr std::string_view kMaxWait = "with_0dt_deployment_max_wait";
constexpr std::string_view kSystemConfigSynced = "system_config_synced";
constexpr std::string_view kUserVersion = "user_version";
constexpr std::string_view kContentVersion = "catalog_content_version";

/// The member `inner` of the member `outer` of the row; nullptr when it is not there or of another type.
const codec::JsonNode* memberOf(const codec::JsonTape& tape, std::string_view outer, std::string_view inner,
                                codec::JsonType type)
{
    const auto* part = tape.member(0, outer);
    const auto* member = part == nullptr ? nullptr : tape.member(tape.indexOf(*part), inner);
    return member != nullptr && member->type == type ? member : nullptr;
}

Result<std::optional<bool>> booleanOf(std::optional<std::uint64_t> value)
{
    if (!value.has_value())
        return std::optional<bool>();
    if (*value > 1) {
        return fail(ErrorCode::Corrupt,
                    "proto: Unknown enum value for `" + std::to_string(*value) + " is not a valid boolean value`");
    }
    return std::optional<bool>(*value == 1);
}

template <typename Map>
auto valueOf(const Map& map, std::string_view key)
{
    const auto found = map.find(key);
    return found == map.end() ? std::nullopt : std::optional(found->second);
}

} // namespace

UnopenedCatalog::UnopenedCatalog(const persist::Updates& consolidated)
{
    codec::JsonTape tape;
    for (std::size_t i = 0; i < consolidated.size(); ++i) {
        const auto& row = consolidated.rows[i];
        const auto kind = codec::kindOf(row);
        const bool isConfig = kind == "Config";
        const bool isSetting = kind == "Setting";
        if (!isConfig && !isSetting && kind != kFenceTokenKind)
            continue;
        const auto problem = [&](const std::string& what) {
            m_problems.push_back("a row of kind " + std::string(kind) + " " + what);
        };
        const auto diff = consolidated.diffOf(i);
        if (diff != 1)
            problem("has a diff of " + std::to_string(diff));
        if (diff < 0)
            continue;
        if (kind == kFenceTokenKind) {
            const auto token = fenceTokenOf(row);
            if (!token.has_value()) {
                problem("does not decode: " + token.error().message);
                continue;
            }
            if (m_token.has_value())
                problem("is one of several: " + textOf(*token));
            m_token = m_token.has_value() ? std::max(*m_token, *token) : *token;
            continue;
        }
        if (const auto parsed = tape.parse(row); !parsed.has_value()) {
            problem("does not decode: " + parsed.error().message);
            continue;
        }
        const auto* key = memberOf(tape, "key", isConfig ? "key" : "name", codec::JsonType::String);
        const auto* value =
            memberOf(tape, "value", "value", isConfig ? codec::JsonType::Number : codec::JsonType::String);
        if (key == nullptr || value == nullptr) {
            problem(isConfig ? "has no text key or no number" : "has no text key or no text");
            continue;
        }
        bool isNew = false;
        if (isConfig) {
            std::uint64_t number = 0;
            const auto* const end = value->text.data() + value->text.size();
            const auto read = std::from_chars(value->text.data(), end, number);
            if (read.ec != std::errc() || read.ptr != end) {
                problem("holds " + std::string(value->text) + ", which is no u64");
                continue;
            }
            isNew = m_configs.emplace(key->text, number).second;
        } else {
            isNew = m_settings.emplace(key->text, value->text).second;
        }
        if (!isNew)
            problem("repeats the key " + std::string(key->text));
    }
}

Result<Epoch> UnopenedCatalog::epoch() const
{
    if (!m_token.has_value())
        return fail(ErrorCode::NotFound, "uninitialized");
    return m_token->epoch;
}

Result<DeployGeneration> UnopenedCatalog::deployGeneration() const
{
    if (!m_token.has_value())
        return fail(ErrorCode::NotFound, "uninitialized");
    return m_token->deployGeneration;
}

Result<std::optional<bool>> UnopenedCatalog::enable0dtDeployment() const
{
    return booleanOf(config(kEnable0dt));
}

Result<std::optional<bool>> UnopenedCatalog::enable0dtDeploymentPanicAfterTimeout() const
{
    return booleanOf(config(kPanicAfterTimeout));
}

std::optional<std::uint64_t> UnopenedCatalog::zeroDowntimeMaxWaitMs() const
{
    return config(kMaxWait);
}

bool UnopenedCatalog::hasSystemConfigSyncedOnce() const
{
    return config(kSystemConfigSynced).value_or(0) > 0;
}

std::optional<std::uint64_t> UnopenedCatalog::userVersion() const
{
    return config(kUserVersion);
}

std::optional<std::string> UnopenedCatalog::contentVersion() const
{
    return setting(kContentVersion);
}

std::optional<std::uint64_t> UnopenedCatalog::config(std::string_view key) const
{
    return valueOf(m_configs, key);
}

std::optional<std::string> UnopenedCatalog::setting(std::string_view name) const
{
    return valueOf(m_settings, name);
}

std::string UnopenedCatalog::factsJson() const
{
    const auto boolean = [](bool value) { return std::string(value ? "true" : "false"); };
    const auto optionalBoolean = [&](const Result<std::optional<bool>>& value) {
        return value.has_value() && value->has_value() ? boolean(**value) : std::string("null");
    };
    std::string json = "{\"is_initialized\":" + boolean(isInitialized());
    json += ",\"epoch\":" + (m_token.has_value() ? std::to_string(m_token->epoch.value()) : "null");
    json +=
        ",\"deploy_generation\":" + (m_token.has_value() ? std::to_string(m_token->deployGeneration.value()) : "null");
    if (userVersion().value_or(0) < kFirstWithoutEnable0dt)
        json += ",\"enable_0dt_deployment\":" + optionalBoolean(enable0dtDeployment());
    const auto maxWait = zeroDowntimeMaxWaitMs();
    json += ",\"0dt_deployment_max_wait_ms\":" + (maxWait.has_value() ? std::to_string(*maxWait) : "null");
    json += ",\"0dt_panic_after_timeout\":" + optionalBoolean(enable0dtDeploymentPanicAfterTimeout());
    json += ",\"system_config_synced_once\":" + boolean(hasSystemConfigSyncedOnce()) + "}";
    return json;
}

} // namespace inspector::catalog
