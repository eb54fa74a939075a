#pragma once

#include "core/base/sha256.h"
#include "core/store/activity_log.h"
#include "core/store/blob.h"
#include "core/store/consensus.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::store {

class SqliteSession;

/// One row of the manifest of a catalog file.
struct ManifestEntry
{
    std::string name;
    std::string value;

    friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

/// The digest over the members of a catalog file, fed in order: every version by (shard, sequence number), then every
/// blob by key, bytewise (catalog-file.md, `digest`).
class MemberDigest
{
public:
    /// Sequence numbers are signed here: the sentinel row -1 is a member too.
    void addVersion(std::string_view shard, std::int64_t sequenceNumber, BytesView data);
    void addBlob(std::string_view key, BytesView data);
    /// 64 lower-case hex digits; once.
    [[nodiscard]] std::string finish();

private:
    void add(std::string_view key, std::uint64_t number, BytesView data);

    Sha256 m_sha;
};

/// What the manifest says about the members and what they are.
struct DigestCheck
{
    std::optional<std::string> recorded; ///< nothing when the manifest has no digest
    std::string computed;

    [[nodiscard]] bool matches() const { return !recorded || *recorded == computed; }
};

/// A catalog file (`.mzcat`), open for reading: one SQLite database that is a whole persist location (catalog-file.md).
/// Opening and reading it changes nothing, not even its modification time. A file that was replaced meanwhile, as a new
/// capture replaces an old one, is opened again by the next call, with the errors of open(). One thread at a time; open
/// it twice for two threads.
class CatalogFile
{
public:
    static constexpr std::uint32_t kApplicationId = 0x4D5A4341; // "MZCA"
    static constexpr std::int64_t kSchemaVersion = 1;

    /// Opens the file at `path`, which is to the letter. NotFound when it is not there; InvalidInput for a folder;
    /// Unavailable without permission or while another program is in the middle of writing it; Unsupported for a newer
    /// schema, naming both versions; Corrupt when it is empty, truncated, no SQLite database or one of another program.
    /// `log` may be null.
    [[nodiscard]] static Result<CatalogFile> open(const std::string& path, std::shared_ptr<ActivityLog> log,
                                                  const Job& job);
    /// The same for the reading half of a writer: what a killed writer left unfinished is taken back, which changes the
    /// file. CatalogFile has no other way to do so.
    [[nodiscard]] static Result<CatalogFile> openBesideWriter(const std::string& path, std::shared_ptr<ActivityLog> log,
                                                              const Job& job);
    ~CatalogFile();
    CatalogFile(CatalogFile&&) noexcept;
    CatalogFile& operator=(CatalogFile&&) noexcept;

    /// What is odd about the file and did not keep it from opening; usually empty.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return m_opened.warnings; }
    [[nodiscard]] const std::string& path() const { return m_path; }
    [[nodiscard]] std::string description() const { return "catalog file " + m_path; }

    /// By name, bytewise; unknown names are kept. Empty when the file has no manifest.
    [[nodiscard]] Result<std::vector<ManifestEntry>> manifest(const Job& job) const;
    /// Reads every member. Corrupt when one cannot be read.
    [[nodiscard]] Result<DigestCheck> checkDigest(const Job& job) const;
    /// Lets SQLite check every page. Corrupt with the first thing that it finds.
    [[nodiscard]] Result<> checkIntegrity(const Job& job) const;

    /// As Consensus and Blob of the same names.
    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const;
    [[nodiscard]] Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const;
    [[nodiscard]] Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                          const Job& job) const;
    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const;
    [[nodiscard]] Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const;

private:
    /// What depends on which file the path leads to.
    struct Opened
    {
        std::unique_ptr<SqliteSession> session;
        std::vector<std::string> warnings;
        bool hasManifest = false;
    };
    CatalogFile(std::string path, std::shared_ptr<ActivityLog> log, bool isBesideWriter, Opened opened);
    [[nodiscard]] static Result<Opened> openSession(const std::string& path, const std::shared_ptr<ActivityLog>& log,
                                                    bool isBesideWriter, const Job& job);
    /// The session with the file that is there now; called once per reading.
    [[nodiscard]] Result<SqliteSession*> session(const Job& job) const;

    std::string m_path;
    std::shared_ptr<ActivityLog> m_log;
    bool m_isBesideWriter;
    mutable Opened m_opened; ///< follows the path
};

/// The consensus half of a catalog file.
class CatalogFileConsensus final : public Consensus
{
public:
    explicit CatalogFileConsensus(CatalogFile file)
        : m_file(std::move(file))
    {
    }

    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const override;
    [[nodiscard]] Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const override;
    [[nodiscard]] Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                          const Job& job) const override;
    [[nodiscard]] std::string description() const override;

private:
    CatalogFile m_file;
};

/// The blob half of a catalog file.
class CatalogFileBlob final : public Blob
{
public:
    explicit CatalogFileBlob(CatalogFile file)
        : m_file(std::move(file))
    {
    }

    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const override;
    [[nodiscard]] Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const override;
    [[nodiscard]] std::string description() const override;

private:
    CatalogFile m_file;
};

} // namespace inspector::store
