#include "core/store/catalog_file_writer.h"

#include "core/base/id_source.h"
#include "core/store/durable_files.h"
#include "core/store/write_rules.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace inspector::store {

namespace {

std::int64_t numberOf(SeqNo seqno)
{
    return static_cast<std::int64_t>(seqno.value());
}

} // namespace

Result<bool> createCatalogFile(const std::string& path, std::shared_ptr<ActivityLog> log, const Job& job)
{
    if (path.find('\0') != std::string::npos)
        return fail(ErrorCode::InvalidInput, "a path cannot contain a zero byte");
    if (fingerprintOf(path).sizeBytes >= 0)
        return false;
    const auto beside = path + "." + RandomIdSource().uuid() + ".new";
    const auto placed = [&]() -> Result<bool> {
        INSPECTOR_CHECK(SqliteWriter::open(beside, std::move(log), job, {true, true})); // and closed again
        return moveWithoutReplacing(beside, path);
    }();
    if (!placed || !*placed) {
        ::unlink(beside.c_str());
        ::unlink((beside + "-journal").c_str());
        return placed;
    }
    INSPECTOR_CHECK(syncFolder(folderOf(path)));
    return true;
}

Result<> writeManifest(const std::string& path, const std::vector<ManifestEntry>& entries,
                       std::shared_ptr<ActivityLog> log, const Job& job)
{
    INSPECTOR_TRY(const auto writer, SqliteWriter::open(path, std::move(log), job, {}));
    const auto work = [&]() -> Result<bool> {
        for (const auto& [name, value] : entries)
            INSPECTOR_CHECK(
                writer->change(WriteStatement::FileSetManifest, {std::string_view(name), std::string_view(value)}));
        return true;
    };
    INSPECTOR_CHECK(writer->transaction(job, work, SqliteWriter::Members::Stay));
    return {};
}

CatalogFileConsensusWriter::CatalogFileConsensusWriter(std::unique_ptr<SqliteWriter> writer, CatalogFile reading)
    : ConsensusWriterOver(std::make_unique<CatalogFileConsensus>(std::move(reading)))
    , m_writer(std::move(writer))
{
}

Result<std::unique_ptr<CatalogFileConsensusWriter>>
CatalogFileConsensusWriter::open(const std::string& path, const std::shared_ptr<ActivityLog>& log, const Job& job,
                                 FileWriting how)
{
    INSPECTOR_TRY(auto writer, SqliteWriter::open(path, log, job, how));
    INSPECTOR_TRY(auto reading, CatalogFile::openBesideWriter(path, log, job));
    auto warnings = reading.warnings();
    std::unique_ptr<CatalogFileConsensusWriter> made(
        new CatalogFileConsensusWriter(std::move(writer), std::move(reading)));
    made->m_warnings = std::move(warnings);
    return made;
}

Result<CasOutcome> CatalogFileConsensusWriter::compareAndSet(std::string_view key, std::optional<SeqNo> expected,
                                                             const VersionedData& next, const Job& job)
{
    INSPECTOR_CHECK(checkStep(key, expected, next));
    INSPECTOR_TRY(const bool committed, m_writer->transaction(job, [&]() -> Result<bool> {
        INSPECTOR_TRY(const auto added,
                      m_writer->change(WriteStatement::FileAppend,
                                       {key, numberOf(next.seqno), BytesView(next.data),
                                        expected ? numberOf(*expected) : std::int64_t {-1}}));
        return added == 1;
    }));
    return committed ? CasOutcome::Committed : CasOutcome::Mismatch;
}

Result<std::uint64_t> CatalogFileConsensusWriter::truncate(std::string_view key, SeqNo lessThan, const Job& job)
{
    INSPECTOR_CHECK(checkTruncation(key, lessThan));
    std::uint64_t deleted = 0;
    INSPECTOR_CHECK(m_writer->transaction(job, [&]() -> Result<bool> {
        INSPECTOR_TRY(deleted, m_writer->change(WriteStatement::FileTruncate, {key, numberOf(lessThan)}));
        if (deleted > 0)
            return true;
        INSPECTOR_TRY(const auto isThere,
                      m_writer->number(WriteStatement::FileHasAtOrAbove, {key, numberOf(lessThan)}));
        if (isThere == 0)
            return tl::unexpected<Error>(nothingAtOrAbove(key, lessThan));
        return false;
    }));
    return deleted;
}

Result<CasOutcome> CatalogFileConsensusWriter::insertLog(std::string_view key,
                                                         const std::vector<VersionedData>& versions, const Job& job)
{
    INSPECTOR_CHECK(checkLog(key, versions));
    INSPECTOR_TRY(const bool committed, m_writer->transaction(job, [&]() -> Result<bool> {
        std::int64_t before = -1;
        for (const auto& version : versions) {
            INSPECTOR_TRY(const auto added,
                          m_writer->change(WriteStatement::FileAppend,
                                           {key, numberOf(version.seqno), BytesView(version.data), before}));
            if (added != 1)
                return false;
            before = numberOf(version.seqno);
        }
        return true;
    }));
    return committed ? CasOutcome::Committed : CasOutcome::Mismatch;
}

CatalogFileBlobWriter::CatalogFileBlobWriter(std::unique_ptr<SqliteWriter> writer, CatalogFile reading)
    : BlobWriterOver(std::make_unique<CatalogFileBlob>(std::move(reading)))
    , m_writer(std::move(writer))
{
}

Result<std::unique_ptr<CatalogFileBlobWriter>> CatalogFileBlobWriter::open(const std::string& path,
                                                                           const std::shared_ptr<ActivityLog>& log,
                                                                           const Job& job, FileWriting how)
{
    INSPECTOR_TRY(auto writer, SqliteWriter::open(path, log, job, how));
    INSPECTOR_TRY(auto reading, CatalogFile::openBesideWriter(path, log, job));
    return std::unique_ptr<CatalogFileBlobWriter>(new CatalogFileBlobWriter(std::move(writer), std::move(reading)));
}

Result<> CatalogFileBlobWriter::set(std::string_view key, BytesView bytes, const Job& job)
{
    INSPECTOR_CHECK(checkBlobKey(key));
    const auto work = [&]() -> Result<bool> {
        INSPECTOR_TRY(const auto added, m_writer->change(WriteStatement::FileInsertBlob, {key, bytes}));
        if (added == 1)
            return true;
        bool isSame = false;
        INSPECTOR_CHECK(m_writer->ask(WriteStatement::FileReadBlob, {key}, [&](const SqliteRow& row) {
            const auto there = row.blob(0);
            isSame = std::equal(there.begin(), there.end(), bytes.begin(), bytes.end());
        }));
        if (!isSame)
            return tl::unexpected<Error>(otherBytesThere(key));
        return false;
    };
    INSPECTOR_CHECK(m_writer->transaction(job, work));
    return {};
}

Result<bool> CatalogFileBlobWriter::remove(std::string_view key, const Job& job)
{
    INSPECTOR_CHECK(checkBlobKey(key));
    return m_writer->transaction(job, [&]() -> Result<bool> {
        INSPECTOR_TRY(const auto deleted, m_writer->change(WriteStatement::FileDeleteBlob, {key}));
        return deleted > 0;
    });
}

} // namespace inspector::store
