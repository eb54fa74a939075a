#include "core/store/read_statement.h"

#include <array>
#include <cstddef>

namespace inspector::store {

namespace {

// Source of the statements to the server: persist-format §1.4. Sequence number -1 is a sentinel of newer writers and
// no version: whatever looks at more than the newest row leaves it out.
constexpr std::array kStatements {
    ReadStatementText {ReadStatement::ServerReadOnly, "SHOW default_transaction_read_only"},
    ReadStatementText {ReadStatement::ServerVersion, "SELECT version()"},
    // Asked only after "relation consensus does not exist", to say where it is and whether the role may look there.
    ReadStatementText {ReadStatement::ServerFindTable,
                       "SELECT n.nspname::text, has_schema_privilege(n.oid, 'USAGE')::text, "
                       "(strpos(current_setting('search_path'), n.nspname::text) > 0)::text "
                       "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                       "WHERE c.relname = 'consensus' AND c.relkind IN ('r', 'p', 'v', 'f') ORDER BY 1"},
    ReadStatementText {ReadStatement::ServerListKeys,
                       "SELECT DISTINCT shard FROM consensus WHERE sequence_number >= 0"},
    ReadStatementText {ReadStatement::ServerHead,
                       "SELECT sequence_number, data FROM consensus WHERE shard = $1 "
                       "ORDER BY sequence_number DESC LIMIT 1"},
    ReadStatementText {ReadStatement::ServerScan,
                       "SELECT sequence_number, data FROM consensus WHERE shard = $1 AND sequence_number >= $2 "
                       "ORDER BY sequence_number ASC LIMIT $3"},

    ReadStatementText {ReadStatement::FileApplicationId, "PRAGMA application_id"},
    ReadStatementText {ReadStatement::FileSchemaVersion, "PRAGMA user_version"},
    ReadStatementText {ReadStatement::FileIntegrity, "PRAGMA integrity_check(1)"},
    ReadStatementText {ReadStatement::FileManifest, "SELECT name, value FROM manifest ORDER BY name"},
    ReadStatementText {ReadStatement::FileListKeys,
                       "SELECT DISTINCT shard FROM consensus WHERE sequence_number >= 0 ORDER BY shard"},
    ReadStatementText {ReadStatement::FileHead,
                       "SELECT sequence_number, data FROM consensus WHERE shard = ?1 "
                       "ORDER BY sequence_number DESC LIMIT 1"},
    ReadStatementText {ReadStatement::FileScan,
                       "SELECT sequence_number, data FROM consensus WHERE shard = ?1 AND sequence_number >= ?2 "
                       "ORDER BY sequence_number ASC LIMIT ?3"},
    ReadStatementText {ReadStatement::FileFindBlob, "SELECT rowid FROM blob WHERE key = ?1"},
    ReadStatementText {ReadStatement::FileListBlobs, "SELECT key, length(data) FROM blob WHERE key >= ?1 ORDER BY key"},
    ReadStatementText {ReadStatement::FileEveryVersion,
                       "SELECT shard, sequence_number, data FROM consensus ORDER BY shard, sequence_number"},
    ReadStatementText {ReadStatement::FileEveryBlob, "SELECT key, rowid FROM blob ORDER BY key"},
};

static_assert(isInOrder(kStatements), "the table is indexed by the enumeration");

} // namespace

std::span<const ReadStatementText> readStatements()
{
    return kStatements;
}

std::string_view sqlOf(ReadStatement statement)
{
    return kStatements[static_cast<std::size_t>(statement)].sql;
}

} // namespace inspector::store
