#include "core/store/catalog_file.h"

#include "core/base/hex.h"
#include "core/store/sqlite_session.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace inspector::store {

namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

std::string hexOf(std::int64_t number)
{
    std::array<std::byte, 4> bytes {};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>((static_cast<std::uint64_t>(number) >> (8 * (3 - i))) & 0xFFU);
    return "0x" + toHex(bytes);
}

/// The version in columns 0 and 1 of a row of consensus.
Result<VersionedData> versionOf(const SqliteRow& row, std::string_view key)
{
    if (!row.isInteger(0) || row.integer(0) < 0)
        return fail(ErrorCode::Corrupt,
                    "a row of " + std::string(key) + " has sequence number '" + std::string(row.text(0))
                        + "': a number from 0 up is expected");
    if (!row.isBlob(1) && !row.isText(1))
        return fail(ErrorCode::Corrupt,
                    "version " + std::to_string(row.integer(0)) + " of " + std::string(key) + " has no bytes");
    const auto data = row.blob(1);
    return VersionedData {SeqNo(static_cast<std::uint64_t>(row.integer(0))), Bytes(data.begin(), data.end())};
}

Result<std::int64_t> numberOf(SqliteSession& session, ReadStatement statement, const Job& job)
{
    std::int64_t number = 0;
    ActivityRecorder recorder(session.log(), session.description(), std::string(sqlOf(statement)));
    INSPECTOR_CHECK(session.query(statement, {}, job, recorder, [&](const auto& row) {
        number = row.integer(0);
        recorder.received(1, 0);
        return Result<bool>(true);
    }));
    return number;
}

} // namespace

void MemberDigest::add(std::string_view key, std::uint64_t number, BytesView data)
{
    const auto addNumber = [this](std::uint64_t value) {
        std::array<std::byte, 8> bytes {};
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::byte>((value >> (8 * i)) & 0xFFU);
        m_sha.add(bytes);
    };
    addNumber(key.size());
    m_sha.add(bytesOf(key));
    addNumber(number);
    addNumber(data.size());
    m_sha.add(sha256(data));
}

void MemberDigest::addVersion(std::string_view shard, std::int64_t sequenceNumber, BytesView data)
{
    add(shard, static_cast<std::uint64_t>(sequenceNumber), data);
}

void MemberDigest::addBlob(std::string_view key, BytesView data)
{
    add(key, 0, data);
}

std::string MemberDigest::finish()
{
    return toHex(m_sha.finish());
}

CatalogFile::CatalogFile(std::string path, std::shared_ptr<ActivityLog> log, bool isBesideWriter, Opened opened)
    : m_path(std::move(path))
    , m_log(std::move(log))
    , m_isBesideWriter(isBesideWriter)
    , m_opened(std::move(opened))
{
}

CatalogFile::~CatalogFile() = default;
CatalogFile::CatalogFile(CatalogFile&&) noexcept = default;
CatalogFile& CatalogFile::operator=(CatalogFile&&) noexcept = default;

Result<CatalogFile> CatalogFile::open(const std::string& path, std::shared_ptr<ActivityLog> log, const Job& job)
{
    INSPECTOR_TRY(auto opened, openSession(path, log, false, job));
    return CatalogFile(path, std::move(log), false, std::move(opened));
}

Result<CatalogFile> CatalogFile::openBesideWriter(const std::string& path, std::shared_ptr<ActivityLog> log,
                                                  const Job& job)
{
    INSPECTOR_TRY(auto opened, openSession(path, log, true, job));
    return CatalogFile(path, std::move(log), true, std::move(opened));
}

Result<SqliteSession*> CatalogFile::session(const Job& job) const
{
    if (m_opened.session->isOutdated()) {
        INSPECTOR_TRY(m_opened, openSession(m_path, m_log, m_isBesideWriter, job));
    }
    return m_opened.session.get();
}

Result<CatalogFile::Opened> CatalogFile::openSession(const std::string& path, const std::shared_ptr<ActivityLog>& log,
                                                     bool isBesideWriter, const Job& job)
{
    using Leftover = SqliteSession::Leftover;
    INSPECTOR_TRY(auto session,
                  SqliteSession::open(path, log, job, isBesideWriter ? Leftover::TakeBack : Leftover::Refuse));
    INSPECTOR_TRY(const auto applicationId, numberOf(*session, ReadStatement::FileApplicationId, job));
    INSPECTOR_TRY(const auto schemaVersion, numberOf(*session, ReadStatement::FileSchemaVersion, job));
    const bool isOurs = (applicationId & 0xFFFFFFFF) == kApplicationId;
    std::string missing;
    for (const auto& [table, column] : {std::pair {"consensus", "shard"},
                                        {"consensus", "sequence_number"},
                                        {"consensus", "data"},
                                        {"blob", "key"},
                                        {"blob", "data"}}) {
        INSPECTOR_TRY(const bool isThere, session->hasColumn(table, column, job));
        if (missing.empty() && !isThere)
            missing = "column " + std::string(column) + " in a table " + table;
    }

    if (isOurs && schemaVersion > kSchemaVersion)
        return fail(ErrorCode::Unsupported,
                    "'" + path + "' is a catalog file of schema version " + std::to_string(schemaVersion)
                        + "; this build knows version " + std::to_string(kSchemaVersion)
                        + ": open it with a newer Catalog Inspector");
    if (!missing.empty())
        return fail(ErrorCode::Corrupt,
                    isOurs ? "'" + path + "' is a damaged catalog file: it has no " + missing
                           : "'" + path + "' is no catalog file but a SQLite database of another program: it has no "
                            + missing);

    Opened opened;
    INSPECTOR_TRY(const bool hasName, session->hasColumn("manifest", "name", job));
    INSPECTOR_TRY(const bool hasValue, session->hasColumn("manifest", "value", job));
    opened.hasManifest = hasName && hasValue;
    if (!isOurs)
        opened.warnings.push_back("'" + path + "' has application id " + hexOf(applicationId) + " instead of "
                                  + hexOf(kApplicationId)
                                  + ": another program may have made it, but its tables are right");
    else if (schemaVersion < kSchemaVersion)
        opened.warnings.push_back("'" + path + "' says schema version " + std::to_string(schemaVersion)
                                  + "; it is read as version " + std::to_string(kSchemaVersion));
    opened.session = std::move(session);
    return opened;
}

Result<std::vector<ManifestEntry>> CatalogFile::manifest(const Job& job) const
{
    INSPECTOR_TRY(auto* const reading, session(job));
    std::vector<ManifestEntry> entries;
    if (!m_opened.hasManifest)
        return entries;
    ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileManifest)));
    INSPECTOR_CHECK(reading->query(ReadStatement::FileManifest, {}, job, recorder, [&](const auto& row) {
        entries.push_back({std::string(row.text(0)), std::string(row.text(1))});
        recorder.received(1, entries.back().name.size() + entries.back().value.size());
        return Result<bool>(true);
    }));
    return entries;
}

Result<DigestCheck> CatalogFile::checkDigest(const Job& job) const
{
    DigestCheck check;
    INSPECTOR_TRY(const auto entries, manifest(job));
    INSPECTOR_TRY(auto* const reading, session(job)); // only now: reading the manifest may have opened the file again
    for (const auto& entry : entries)
        if (entry.name == "digest")
            check.recorded = entry.value;
    MemberDigest digest;
    {
        ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileEveryVersion)));
        INSPECTOR_CHECK(reading->query(ReadStatement::FileEveryVersion, {}, job, recorder, [&](const auto& row) {
            digest.addVersion(row.text(0), row.integer(1), row.blob(2));
            recorder.received(1, row.blob(2).size());
            return Result<bool>(true);
        }));
    }
    ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileEveryBlob)));
    INSPECTOR_CHECK(
        reading->query(ReadStatement::FileEveryBlob, {}, job, recorder, [&](const auto& row) -> Result<bool> {
            INSPECTOR_TRY(const auto bytes, reading->readBlob(row.integer(1), row.text(0), job));
            digest.addBlob(row.text(0), bytes.view());
            recorder.received(1, bytes.size());
            return true;
        }));
    check.computed = digest.finish();
    return check;
}

Result<> CatalogFile::checkIntegrity(const Job& job) const
{
    INSPECTOR_TRY(auto* const reading, session(job));
    ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileIntegrity)));
    std::string trouble;
    INSPECTOR_CHECK(reading->query(ReadStatement::FileIntegrity, {}, job, recorder, [&](const auto& row) {
        if (row.text(0) != "ok" && trouble.empty())
            trouble = row.text(0);
        recorder.received(1, 0);
        return Result<bool>(true);
    }));
    if (trouble.empty())
        return {};
    std::replace(trouble.begin(), trouble.end(), '\n', ' ');
    return fail(ErrorCode::Corrupt, "'" + path() + "' is damaged: " + trouble);
}

Result<std::vector<std::string>> CatalogFile::listKeys(const Job& job) const
{
    INSPECTOR_TRY(auto* const reading, session(job));
    std::vector<std::string> keys;
    ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileListKeys)));
    INSPECTOR_CHECK(reading->query(ReadStatement::FileListKeys, {}, job, recorder, [&](const auto& row) {
        keys.emplace_back(row.text(0));
        recorder.received(1, keys.back().size());
        return Result<bool>(true);
    }));
    return keys;
}

Result<std::optional<VersionedData>> CatalogFile::head(std::string_view key, const Job& job) const
{
    INSPECTOR_TRY(auto* const reading, session(job));
    std::optional<VersionedData> newest;
    ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileHead)), std::string(key));
    INSPECTOR_CHECK(reading->query(ReadStatement::FileHead, {key}, job, recorder, [&](const auto& row) -> Result<bool> {
        if (row.isInteger(0) && row.integer(0) == -1)
            return true; // the sentinel alone is no version
        INSPECTOR_TRY(newest, versionOf(row, key));
        recorder.received(1, newest->data.size());
        return true;
    }));
    return newest;
}

Result<std::vector<VersionedData>> CatalogFile::scan(std::string_view key, SeqNo from, std::size_t limit,
                                                     const Job& job) const
{
    INSPECTOR_TRY(auto* const reading, session(job));
    std::vector<VersionedData> versions;
    if (from.value() > static_cast<std::uint64_t>(kLargest))
        return versions; // no version has such a number
    const auto lower = static_cast<std::int64_t>(from.value());
    const auto most = limit > static_cast<std::size_t>(kLargest) ? kLargest : static_cast<std::int64_t>(limit);
    ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileScan)),
                              std::string(key) + ", " + std::to_string(lower) + ", " + std::to_string(most));
    INSPECTOR_CHECK(reading->query(ReadStatement::FileScan, {key, lower, most}, job, recorder,
                                   [&](const auto& row) -> Result<bool> {
                                       INSPECTOR_TRY(auto version, versionOf(row, key));
                                       recorder.received(1, version.data.size());
                                       versions.push_back(std::move(version));
                                       return true;
                                   }));
    return versions;
}

Result<std::optional<SharedBytes>> CatalogFile::get(std::string_view key, const Job& job) const
{
    INSPECTOR_TRY(auto* const reading, session(job));
    std::optional<SharedBytes> found;
    ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileFindBlob)), std::string(key));
    INSPECTOR_CHECK(
        reading->query(ReadStatement::FileFindBlob, {key}, job, recorder, [&](const auto& row) -> Result<bool> {
            INSPECTOR_TRY(found, reading->readBlob(row.integer(0), key, job));
            recorder.received(1, found->size());
            return false;
        }));
    return found;
}

Result<std::vector<BlobListing>> CatalogFile::list(std::string_view prefix, const Job& job) const
{
    INSPECTOR_TRY(auto* const reading, session(job));
    std::vector<BlobListing> listings;
    ActivityRecorder recorder(m_log, description(), std::string(sqlOf(ReadStatement::FileListBlobs)),
                              std::string(prefix));
    INSPECTOR_CHECK(reading->query(ReadStatement::FileListBlobs, {prefix}, job, recorder, [&](const auto& row) {
        if (!row.text(0).starts_with(prefix))
            return Result<bool>(false);
        listings.push_back(
            {std::string(row.text(0)), static_cast<std::uint64_t>(std::max<std::int64_t>(row.integer(1), 0))});
        recorder.received(1, listings.back().key.size());
        return Result<bool>(true);
    }));
    return listings;
}

Result<std::vector<std::string>> CatalogFileConsensus::listKeys(const Job& job) const
{
    return m_file.listKeys(job);
}

Result<std::optional<VersionedData>> CatalogFileConsensus::head(std::string_view key, const Job& job) const
{
    return m_file.head(key, job);
}

Result<std::vector<VersionedData>> CatalogFileConsensus::scan(std::string_view key, SeqNo from, std::size_t limit,
                                                              const Job& job) const
{
    return m_file.scan(key, from, limit, job);
}

std::string CatalogFileConsensus::description() const
{
    return m_file.description();
}

Result<std::optional<SharedBytes>> CatalogFileBlob::get(std::string_view key, const Job& job) const
{
    return m_file.get(key, job);
}

Result<std::vector<BlobListing>> CatalogFileBlob::list(std::string_view prefix, const Job& job) const
{
    return m_file.list(prefix, job);
}

std::string CatalogFileBlob::description() const
{
    return m_file.description();
}

} // namespace inspector::store
