#include "core/store/write_statement.h"

#include <array>
#include <cstddef>

namespace inspector::store {

namespace {

// Sequence number -1 is the sentinel of newer writers on PostgreSQL: it is put there with a first version 0, and from
// then on no statement touches it (persist-write-protocol §15.1).
constexpr std::array kStatements {
    WriteStatementText {WriteStatement::ServerIsolation, "SHOW default_transaction_isolation"},
    WriteStatementText {WriteStatement::ServerVersion, "SELECT version()"},
    // Asked only after "permission denied", to say what is missing. UPDATE is what a row lock needs.
    WriteStatementText {WriteStatement::ServerRights,
                        "SELECT concat_ws(', ', "
                        "CASE WHEN NOT has_table_privilege('consensus', 'SELECT') THEN 'SELECT' END, "
                        "CASE WHEN NOT has_table_privilege('consensus', 'INSERT') THEN 'INSERT' END, "
                        "CASE WHEN NOT has_any_column_privilege('consensus', 'UPDATE') THEN 'UPDATE' END, "
                        "CASE WHEN NOT has_table_privilege('consensus', 'DELETE') THEN 'DELETE' END)"},
    // §15.2. The lock keeps the expected row from being truncated meanwhile, by whichever isolation; that nothing
    // greater exists is also what the primary key says, for rows that came after the snapshot.
    WriteStatementText {
        WriteStatement::ServerAppend,
        "WITH expected AS (SELECT sequence_number FROM consensus WHERE shard = $1 AND sequence_number = $2 "
        "FOR KEY SHARE) "
        "INSERT INTO consensus (shard, sequence_number, data) SELECT $1, $3, $4 FROM expected "
        "WHERE NOT EXISTS (SELECT 1 FROM consensus WHERE shard = $1 AND sequence_number > $2)"},
    WriteStatementText {WriteStatement::ServerAppendCockroach,
                        "INSERT INTO consensus (shard, sequence_number, data) SELECT $1, $3, $4 "
                        "WHERE (SELECT sequence_number FROM consensus WHERE shard = $1 "
                        "ORDER BY sequence_number DESC LIMIT 1) = $2"},
    // The second condition is about the sentinel alone: it is there when somebody deleted all versions but it.
    WriteStatementText {WriteStatement::ServerInsertLog,
                        "INSERT INTO consensus (shard, sequence_number, data) SELECT $1, added.n, added.d "
                        "FROM unnest($2::bigint[], $3::bytea[]) AS added (n, d) "
                        "WHERE NOT EXISTS (SELECT 1 FROM consensus WHERE shard = $1 AND sequence_number >= 0) "
                        "AND (added.n >= 0 OR NOT EXISTS (SELECT 1 FROM consensus WHERE shard = $1))"},
    WriteStatementText {WriteStatement::ServerTruncate,
                        "DELETE FROM consensus WHERE shard = $1 AND sequence_number >= 0 AND sequence_number < $2 "
                        "AND EXISTS (SELECT 1 FROM consensus WHERE shard = $1 AND sequence_number >= $2)"},

    WriteStatementText {WriteStatement::FileSynchronous, "PRAGMA synchronous = EXTRA"},
    WriteStatementText {WriteStatement::FileUnsynchronous, "PRAGMA synchronous = OFF"},
    WriteStatementText {WriteStatement::FileJournalMode, "PRAGMA journal_mode"},
    WriteStatementText {WriteStatement::FileDeleteJournal, "PRAGMA journal_mode = DELETE"},
    WriteStatementText {WriteStatement::FileApplicationId, "PRAGMA application_id = 0x4D5A4341"},
    WriteStatementText {WriteStatement::FileSchemaVersion, "PRAGMA user_version = 1"},
    WriteStatementText {WriteStatement::FileCreateConsensus,
                        "CREATE TABLE consensus (shard TEXT NOT NULL, sequence_number INTEGER NOT NULL, "
                        "data BLOB NOT NULL, PRIMARY KEY (shard, sequence_number))"},
    WriteStatementText {WriteStatement::FileCreateBlob,
                        "CREATE TABLE blob (key TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL)"},
    WriteStatementText {WriteStatement::FileCreateManifest,
                        "CREATE TABLE manifest (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"},
    WriteStatementText {WriteStatement::FileIsFresh, "SELECT count(*) = 0 FROM sqlite_master"},
    WriteStatementText {WriteStatement::FileBegin, "BEGIN IMMEDIATE"},
    WriteStatementText {WriteStatement::FileCommit, "COMMIT"},
    WriteStatementText {WriteStatement::FileRollback, "ROLLBACK"},
    // ?4 is -1 for a first version.
    WriteStatementText {WriteStatement::FileAppend,
                        "INSERT INTO consensus (shard, sequence_number, data) SELECT ?1, ?2, ?3 "
                        "WHERE coalesce((SELECT max(sequence_number) FROM consensus WHERE shard = ?1), -1) = ?4"},
    WriteStatementText {WriteStatement::FileTruncate,
                        "DELETE FROM consensus WHERE shard = ?1 AND sequence_number >= 0 AND sequence_number < ?2 "
                        "AND EXISTS (SELECT 1 FROM consensus WHERE shard = ?1 AND sequence_number >= ?2)"},
    WriteStatementText {WriteStatement::FileHasAtOrAbove,
                        "SELECT EXISTS (SELECT 1 FROM consensus WHERE shard = ?1 AND sequence_number >= ?2)"},
    WriteStatementText {
        WriteStatement::FileInsertBlob,
        "INSERT INTO blob (key, data) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM blob WHERE key = ?1)"},
    WriteStatementText {WriteStatement::FileReadBlob, "SELECT data FROM blob WHERE key = ?1"},
    WriteStatementText {WriteStatement::FileDeleteBlob, "DELETE FROM blob WHERE key = ?1"},
    WriteStatementText {WriteStatement::FileHasManifest,
                        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'manifest')"},
    WriteStatementText {WriteStatement::FileHasDigest, "SELECT EXISTS (SELECT 1 FROM manifest WHERE name = 'digest')"},
    WriteStatementText {WriteStatement::FileForgetDigest, "DELETE FROM manifest WHERE name = 'digest'"},
    WriteStatementText {WriteStatement::FileSetManifest,
                        "INSERT INTO manifest (name, value) VALUES (?1, ?2) "
                        "ON CONFLICT (name) DO UPDATE SET value = excluded.value"},
};

static_assert(isInOrder(kStatements), "the table is indexed by the enumeration");

} // namespace

std::span<const WriteStatementText> writeStatements()
{
    return kStatements;
}

std::string_view sqlOf(WriteStatement statement)
{
    return kStatements[static_cast<std::size_t>(statement)].sql;
}

} // namespace inspector::store
