#pragma once

#include "core/store/blob_writer.h"
#include "core/store/catalog_file.h"
#include "core/store/consensus_writer.h"
#include "core/store/sqlite_writer.h"

#include <memory>
#include <string>
#include <vector>

namespace inspector::store {

/// Makes an empty catalog file of schema version 1 at `path` (catalog-file.md): made beside it and then put there, so
/// that a kill leaves the file whole or none. False when a file is there already, which stays as it is. NotFound when
/// its folder is not there, Unavailable without the right to write there. `log` may be null.
[[nodiscard]] Result<bool> createCatalogFile(const std::string& path, std::shared_ptr<ActivityLog> log, const Job& job);

/// Writes rows of the manifest, over those of the same names.
[[nodiscard]] Result<> writeManifest(const std::string& path, const std::vector<ManifestEntry>& entries,
                                     std::shared_ptr<ActivityLog> log, const Job& job);

/// The consensus half of a catalog file, for writing. Every write is one transaction. The manifest's digest over the
/// members is removed with the first write, since it says nothing about what is there afterwards.
class CatalogFileConsensusWriter final : public ConsensusWriterOver
{
public:
    /// With the errors of SqliteWriter::open. `log` may be null.
    [[nodiscard]] static Result<std::unique_ptr<CatalogFileConsensusWriter>>
    open(const std::string& path, const std::shared_ptr<ActivityLog>& log, const Job& job, FileWriting how = {});

    [[nodiscard]] Result<CasOutcome> compareAndSet(std::string_view key, std::optional<SeqNo> expected,
                                                   const VersionedData& next, const Job& job) override;
    [[nodiscard]] Result<std::uint64_t> truncate(std::string_view key, SeqNo lessThan, const Job& job) override;
    [[nodiscard]] Result<CasOutcome> insertLog(std::string_view key, const std::vector<VersionedData>& versions,
                                               const Job& job) override;

    /// As CatalogFile::warnings().
    [[nodiscard]] const std::vector<std::string>& warnings() const { return m_warnings; }

private:
    CatalogFileConsensusWriter(std::unique_ptr<SqliteWriter> writer, CatalogFile reading);

    std::vector<std::string> m_warnings;
    std::unique_ptr<SqliteWriter> m_writer;
};

/// The blob half, likewise.
class CatalogFileBlobWriter final : public BlobWriterOver
{
public:
    [[nodiscard]] static Result<std::unique_ptr<CatalogFileBlobWriter>>
    open(const std::string& path, const std::shared_ptr<ActivityLog>& log, const Job& job, FileWriting how = {});

    [[nodiscard]] Result<> set(std::string_view key, BytesView bytes, const Job& job) override;
    [[nodiscard]] Result<bool> remove(std::string_view key, const Job& job) override;

private:
    CatalogFileBlobWriter(std::unique_ptr<SqliteWriter> writer, CatalogFile reading);

    std::unique_ptr<SqliteWriter> m_writer;
};

} // namespace inspector::store
