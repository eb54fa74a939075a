#include "core/store/location_urls.h"

#include "core/store/url.h"

#include <filesystem>
#include <system_error>

namespace inspector::store {

namespace {

bool exists(const std::string& path)
{
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

} // namespace

bool isServer(const std::string& scheme)
{
    return scheme == "postgres" || scheme == "postgresql";
}

std::string pathOfUrl(std::string_view rest)
{
    if (rest.starts_with("//"))
        rest.remove_prefix(rest.starts_with("//localhost/") ? 11 : 2);
    const std::string literal(rest);
    const auto decoded = percentDecoded(rest);
    if (!decoded || (*decoded != literal && !exists(*decoded) && exists(literal)))
        return literal;
    return *decoded;
}

std::optional<std::string> catalogFileOf(const std::string& url)
{
    const auto scheme = schemeOf(url);
    if (scheme == "sqlite")
        return pathOfUrl(std::string_view(url).substr(scheme.size() + 1));
    constexpr std::string_view kEnding = ".mzcat";
    if (scheme == "file" && url.ends_with(kEnding)) {
        const auto path = pathOfUrl(std::string_view(url).substr(scheme.size() + 1));
        std::error_code ignored;
        if (!std::filesystem::is_directory(path, ignored))
            return path;
        return std::nullopt; // a folder of blobs with an odd name
    }
    const bool isUrl = !scheme.empty() && (scheme == "mem" || url.find("://") == scheme.size());
    // What may be a user, a password and a host is no path, and is never repeated in a message.
    const bool maybeSecret = url.find('@') != std::string::npos || url.find("password") != std::string::npos;
    if (!isUrl && (exists(url) || (scheme.empty() && !maybeSecret)))
        return url; // a plain path
    return std::nullopt;
}

tl::unexpected<Error> unknownScheme(const std::string& store, const std::string& url)
{
    const auto scheme = schemeOf(url);
    const std::string known =
        store == "consensus" ? "postgres://, postgresql:// and catalog files" : "file:///folder and catalog files";
    if (scheme.empty() || url.find("://") != scheme.size())
        return fail(ErrorCode::InvalidInput,
                    "the " + store + " URL has no scheme and is no file that is there: this build reads " + known);
    return fail(ErrorCode::Unsupported,
                "the " + store + " URL begins with " + scheme + "://, which this build cannot open: it reads " + known);
}

} // namespace inspector::store
