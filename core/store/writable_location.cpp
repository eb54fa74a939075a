#include "core/store/writable_location.h"

#include "core/store/catalog_file_writer.h"
#include "core/store/file_blob_writer.h"
#include "core/store/location_urls.h"
#include "core/store/memory_writer.h"
#include "core/store/postgres_consensus_writer.h"
#include "core/store/url.h"

#include <utility>

namespace inspector::store {

Result<WritableStores> openWritableStores(const Location& location, std::shared_ptr<ActivityLog> log, const Job& job,
                                          const WritableOptions& options)
{
    if (location.consensusUrl.empty())
        return fail(ErrorCode::InvalidInput, "a consensus URL is needed: postgres://…, or the path of a catalog file");
    const auto consensusFile = catalogFileOf(location.consensusUrl);
    const auto consensusScheme = schemeOf(location.consensusUrl);
    const auto& blobUrl = location.blobUrl.empty() && consensusFile ? location.consensusUrl : location.blobUrl;
    if (blobUrl.empty())
        return fail(ErrorCode::InvalidInput, "a blob URL is needed: file:///absolute/path of the folder of blobs");
    const auto blobFile = catalogFileOf(blobUrl);
    const auto blobScheme = schemeOf(blobUrl);
    const FileWriting how {false, options.synced};
    const auto content = std::make_shared<MemoryContent>();
    if (options.createCatalogFile)
        for (const auto& file : {consensusFile, blobFile})
            if (file)
                INSPECTOR_CHECK(createCatalogFile(*file, log, job));

    WritableStores stores;
    if (consensusFile) {
        INSPECTOR_TRY(auto consensus, CatalogFileConsensusWriter::open(*consensusFile, log, job, how));
        stores.warnings = consensus->warnings();
        stores.consensus = std::move(consensus);
    } else if (consensusScheme == "mem") {
        stores.consensus = std::make_unique<MemoryConsensusWriter>(content, log);
    } else if (isServer(consensusScheme)) {
        INSPECTOR_TRY(stores.consensus, PostgresConsensusWriter::open(location.consensusUrl, log, job));
    } else {
        return unknownScheme("consensus", location.consensusUrl);
    }

    if (blobFile) {
        INSPECTOR_TRY(stores.blob, CatalogFileBlobWriter::open(*blobFile, log, job, how));
    } else if (blobScheme == "file") {
        INSPECTOR_TRY(stores.blob, FileBlobWriter::open(blobUrl, log));
    } else if (blobScheme == "mem") {
        stores.blob = std::make_unique<MemoryBlobWriter>(content, log);
    } else {
        return unknownScheme("blob", blobUrl);
    }
    return stores;
}

WritableStores openWritableMemory(const std::shared_ptr<MemoryContent>& content,
                                  const std::shared_ptr<ActivityLog>& log)
{
    WritableStores stores;
    stores.consensus = std::make_unique<MemoryConsensusWriter>(content, log);
    stores.blob = std::make_unique<MemoryBlobWriter>(content, log);
    return stores;
}

} // namespace inspector::store
