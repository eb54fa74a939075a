#include "core/store/location.h"

#include "core/store/catalog_file.h"
#include "core/store/file_blob.h"
#include "core/store/location_urls.h"
#include "core/store/memory_store.h"
#include "core/store/postgres_consensus.h"
#include "core/store/url.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace inspector::store {

namespace {

constexpr std::string_view kSqliteScheme = "sqlite://";

std::string absolutePath(const std::string& path)
{
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    return error ? path : absolute.string();
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
    std::error_code ignored;
    const bool isUrl = (scheme == "sqlite" || scheme == "file") && !std::filesystem::exists(path, ignored);
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
        return unknownScheme("consensus", location.consensusUrl);
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
        return unknownScheme("blob", blobUrl);
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
