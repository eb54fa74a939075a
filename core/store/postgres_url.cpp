#include "core/store/postgres_url.h"

#include "core/store/url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>

namespace inspector::store {

namespace {

struct FreeOptions
{
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

bool isPlainName(std::string_view name)
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
            || c == '.';
    });
}

/// What is wrong with the query string; libpq's own message would repeat values, and a value may be a password.
Result<> checkQuery(const std::string& url)
{
    const auto mark = url.find('?');
    if (mark == std::string::npos)
        return {};
    std::set<std::string, std::less<>> known {"ssl"}; // libpq reads ssl=true as sslmode=require
    const Options defaults(PQconndefaults());
    for (const auto* option = defaults.get(); option && option->keyword; ++option)
        known.insert(option->keyword);
    std::string_view query = std::string_view(url).substr(mark + 1);
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        const auto equals = pair.find('=');
        const auto name = percentDecoded(pair.substr(0, equals)).value_or("");
        if (!isPlainName(name) || (equals == std::string_view::npos && !known.contains(name)))
            return fail(ErrorCode::InvalidInput,
                        "the consensus URL cannot be read after its '?': name=value pairs are expected, and special "
                        "characters of a user or password must be percent-encoded");
        if (!known.contains(name))
            return fail(ErrorCode::InvalidInput,
                        "the consensus URL has an unknown parameter '" + name
                            + "': the parameters of libpq are understood, such as sslmode, sslrootcert and options");
    }
    return {};
}

/// `url` with every '=' inside a parameter's value percent-encoded: `options=--search_path=consensus` is what is found
/// in the field, and libpq takes one '=' a parameter only.
std::string forLibpq(const std::string& url)
{
    std::string encoded;
    bool inQuery = false;
    bool inValue = false;
    for (const char c : url) {
        if (inQuery && inValue && c == '=') {
            encoded += "%3D";
            continue;
        }
        inValue = inQuery && (inValue || c == '=') && c != '&';
        inQuery = inQuery || c == '?';
        encoded += c;
    }
    return encoded;
}

std::vector<std::string> split(const std::string& list)
{
    std::vector<std::string> items;
    for (std::size_t at = 0;;) {
        const auto comma = list.find(',', at);
        items.push_back(list.substr(at, comma == std::string::npos ? comma : comma - at));
        if (comma == std::string::npos)
            return items;
        at = comma + 1;
    }
}

bool isWordCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

} // namespace

Result<PostgresParameters> parsePostgresUrl(const std::string& url, SessionUse use)
{
    INSPECTOR_CHECK(checkQuery(url));
    char* rawMessage = nullptr;
    const Options options(PQconninfoParse(forLibpq(url).c_str(), &rawMessage));
    const std::unique_ptr<char, void (*)(void*)> message(rawMessage, PQfreemem);
    if (!options || url.find('\0') != std::string::npos)
        return fail(ErrorCode::InvalidInput,
                    "the consensus URL cannot be read: postgres://user:password@host:port/database?name=value is "
                    "expected, with special characters percent-encoded");
    std::map<std::string, std::string> given;
    for (const auto* option = options.get(); option->keyword; ++option)
        if (option->val)
            given[option->keyword] = option->val;
    if (given.contains("replication"))
        return fail(ErrorCode::InvalidInput,
                    "the consensus URL has the parameter 'replication': leave it out, tables are read without it");

    PostgresParameters parameters;
    parameters.namesDatabase = given.contains("dbname");
    parameters.user = given["user"];
    parameters.password = given["password"];
    for (const auto* name : {"user", "password"})
        if (given[name].empty())
            given.erase(name);

    // Later options win, so what the session must be comes last; the connection checks that it worked. A patience of
    // the URL's own wins over ours.
    std::string& sessionOptions = given["options"];
    if (sessionOptions.find_first_not_of(' ') == std::string::npos)
        sessionOptions = "-c search_path=consensus";
    if (use == SessionUse::Reading)
        sessionOptions += " -c default_transaction_read_only=on -c default_transaction_isolation=read\\ committed";
    else
        sessionOptions = "-c statement_timeout=60s " + sessionOptions
            + " -c default_transaction_read_only=off -c default_transaction_isolation=serializable";
    given["client_encoding"] = "UTF8";
    const std::map<std::string, std::string> defaults {{"application_name", "catalog-inspector"},
                                                       {"keepalives_idle", "10"},
                                                       {"keepalives_interval", "5"},
                                                       {"keepalives_count", "5"},
                                                       {"tcp_user_timeout", "30000"}};
    given.insert(defaults.begin(), defaults.end()); // keeps what was given

    if (const auto timeout = given.find("connect_timeout"); timeout != given.end()) {
        int seconds = 0;
        const auto& text = timeout->second;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (error != std::errc() || end != text.data() + text.size())
            return fail(ErrorCode::InvalidInput,
                        "the consensus URL's parameter 'connect_timeout' is no number of seconds");
        parameters.connectTimeoutSeconds = seconds <= 0 ? 0 : std::max(seconds, 2); // as libpq
        given.erase(timeout);
    }

    // libpq leaves a host that does not answer only when it waits by itself; here every host is an attempt of its own.
    const auto hosts = split(given["host"]);
    const auto addresses = split(given["hostaddr"]);
    const auto ports = split(given["port"]);
    const auto count = std::max(hosts.size(), addresses.size());
    if (count > 1
        && ((hosts.size() != 1 && hosts.size() != count) || (addresses.size() != 1 && addresses.size() != count)
            || (ports.size() != 1 && ports.size() != count)))
        return fail(ErrorCode::InvalidInput, "the consensus URL's hosts, addresses and ports differ in number");
    const bool preferStandby = count > 1 && given["target_session_attrs"] == "prefer-standby";
    for (const char* const attributes : {preferStandby ? "standby" : "", preferStandby ? "any" : nullptr}) {
        if (!attributes)
            break;
        for (std::size_t i = 0; i < count; ++i) {
            auto attempt = given;
            attempt["host"] = hosts.size() > i ? hosts[i] : hosts.front();
            attempt["hostaddr"] = addresses.size() > i ? addresses[i] : addresses.front();
            attempt["port"] = ports.size() > i ? ports[i] : ports.front();
            if (preferStandby)
                attempt["target_session_attrs"] = attributes;
            std::vector<std::pair<std::string, std::string>> pairs;
            for (auto& [keyword, value] : attempt)
                if (!value.empty())
                    pairs.emplace_back(keyword, value);
            parameters.attempts.push_back(std::move(pairs));
        }
    }
    return parameters;
}

std::string withoutSecrets(std::string_view text, const std::vector<std::string>& secrets)
{
    std::string line;
    for (const char c : text) {
        const bool blank = c == '\n' || c == '\t' || c == '\r' || c == ' ';
        if (!blank)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    while (!line.empty() && line.back() == ' ')
        line.pop_back();
    for (const auto& secret : secrets) {
        for (std::size_t at = 0; !secret.empty() && (at = line.find(secret, at)) != std::string::npos;) {
            const auto end = at + secret.size();
            const bool insideWord = (at > 0 && isWordCharacter(line[at - 1]) && isWordCharacter(secret.front()))
                || (end < line.size() && isWordCharacter(line[end]) && isWordCharacter(secret.back()));
            constexpr std::string_view kHidden = "…";
            if (!insideWord)
                line.replace(at, secret.size(), kHidden);
            at += insideWord ? 1 : kHidden.size();
        }
    }
    return line;
}

} // namespace inspector::store
