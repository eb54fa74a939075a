#include "core/store/location.h"

#include "core/store/catalog_file.h"
#include "core/store/file_blob.h"
#include "core/store/memory_store.h"
#include "core/store/postgres_consensus.h"
#include "core/store/url.h"

#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace inspector::store {

namespace {

constexpr std::string_view kSqliteScheme = "sqlite://";

bool isServer(const std::string& scheme)
{
    return scheme == "postgres" || scheme == "postgresql";
}

bool exists(const std::string& path)
{
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

std::string absolutePath(const std::string& path)
{
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    return error ? path : absolute.string();
}

/// The path in what follows the scheme of a `sqlite:` or `file:` URL, which is percent-encoded; a path that somebody
/// typed without encoding it is taken to the letter when only that exists.
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

/// The path of the catalog file that `url` names, or nothing when it names something else.
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

tl::unexpected<Error> unknownScheme(const std::string& store, const std::string& url, const std::string& known)
{
    const auto scheme = schemeOf(url);
    if (scheme.empty() || url.find("://") != scheme.size())
        return fail(ErrorCode::InvalidInput,
                    "the " + store + " URL has no scheme and is no file that is there: this build reads " + known);
    return fail(ErrorCode::Unsupported,
                "the " + store + " URL begins with " + scheme + "://, which this build cannot open: it reads " + known);
}

/// Hides what cannot be shown of a URL that has a user and a host.
std::string withoutUser(const std::string& scheme, std::string_view rest)
{
    const auto mark = rest.find('?');
    const auto shown = rest.substr(0, mark);
    const auto at = shown.rfind('@');
    if (at != std::string_view::npos)
        return scheme + "://" + std::string(shown.substr(at + 1));
    // No '@' before the query, but one after it: the '?' may be part of a password that was not percent-encoded.
    if (mark != std::string_view::npos && rest.find('@', mark) != std::string_view::npos)
        return scheme + "://…";
    return scheme + "://" + std::string(shown);
}

} // namespace

Location Location::ofCatalogFile(const std::string& path)
{
    const auto scheme = schemeOf(path);
    const bool isUrl = (scheme == "sqlite" || scheme == "file") && !exists(path);
    const auto plain = isUrl ? pathOfUrl(std::string_view(path).substr(scheme.size() + 1)) : path;
    const auto url = std::string(kSqliteScheme) + percentEncoded(absolutePath(plain));
    return {url, url};
}

Result<Stores> openStores(const Location& location, std::shared_ptr<ActivityLog> log, const Job& job)
{
    Stores stores;
    if (location.consensusUrl.empty())
        return fail(ErrorCode::InvalidInput, "a consensus URL is needed: postgres://…, or the path of a catalog file");
    const auto consensusFile = catalogFileOf(location.consensusUrl);
    const auto consensusScheme = schemeOf(location.consensusUrl);
    if (consensusFile) {
        INSPECTOR_TRY(auto file, CatalogFile::open(*consensusFile, log, job));
        stores.warnings = file.warnings();
        stores.consensus = std::make_unique<CatalogFileConsensus>(std::move(file));
    } else if (consensusScheme == "mem") {
        stores.consensus = std::make_unique<MemoryConsensus>(std::make_shared<const MemoryContent>(), log);
    } else if (isServer(consensusScheme)) {
        INSPECTOR_TRY(stores.consensus, PostgresConsensus::open(location.consensusUrl, log, job));
    } else {
        return unknownScheme("consensus", location.consensusUrl, "postgres://, postgresql:// and catalog files");
    }

    const auto& blobUrl = location.blobUrl.empty() && consensusFile ? location.consensusUrl : location.blobUrl;
    if (blobUrl.empty())
        return fail(ErrorCode::InvalidInput, "a blob URL is needed: file:///absolute/path of the folder of blobs");
    const auto blobScheme = schemeOf(blobUrl);
    if (const auto blobFile = catalogFileOf(blobUrl)) {
        INSPECTOR_TRY(auto file, CatalogFile::open(*blobFile, log, job));
        if (blobFile != consensusFile)
            stores.warnings.insert(stores.warnings.end(), file.warnings().begin(), file.warnings().end());
        stores.blob = std::make_unique<CatalogFileBlob>(std::move(file));
    } else if (blobScheme == "file") {
        INSPECTOR_TRY(stores.blob, FileBlob::open(blobUrl, log));
    } else if (blobScheme == "mem") {
        stores.blob = std::make_unique<MemoryBlob>(std::make_shared<const MemoryContent>(), log);
    } else {
        return unknownScheme("blob", blobUrl, "file:///folder and catalog files");
    }
    return stores;
}

std::string withoutCredentials(const std::string& url)
{
    const auto scheme = schemeOf(url);
    const auto rest = std::string_view(url).substr(std::min(url.size(), scheme.size() + 3));
    if (!scheme.empty() && std::string_view(url).substr(scheme.size()).starts_with("://")) {
        if (scheme == "file" || scheme == "sqlite")
            return url.substr(0, url.find('?'));
        return withoutUser(scheme, rest);
    }
    if (isServer(scheme) || url.find("password") != std::string::npos)
        return "…"; // a connection string in another notation
    return url;
}

} // namespace inspector::store
