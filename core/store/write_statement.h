#pragma once

#include "core/store/statement_table.h"

#include <span>
#include <string_view>

namespace inspector::store {

/// Every statement that the writing side can send to a database, apart from those of the reading side
/// (read_statement.h): sessions that write take one of these and never a text. The first group goes to servers, and
/// none of it creates or alters anything (persist-write-protocol §15.1); the second to a catalog file.
enum class WriteStatement {
    ServerIsolation,
    ServerVersion,
    ServerRights,
    ServerAppend,
    ServerAppendCockroach,
    ServerInsertLog,
    ServerTruncate,

    FileSynchronous,
    FileUnsynchronous,
    FileJournalMode,
    FileDeleteJournal,
    FileApplicationId,
    FileSchemaVersion,
    FileCreateConsensus,
    FileCreateBlob,
    FileCreateManifest,
    FileIsFresh,
    FileBegin,
    FileCommit,
    FileRollback,
    FileAppend,
    FileTruncate,
    FileHasAtOrAbove,
    FileInsertBlob,
    FileReadBlob,
    FileDeleteBlob,
    FileHasManifest,
    FileHasDigest,
    FileForgetDigest,
    FileSetManifest,
};

using WriteStatementText = StatementText<WriteStatement>;

/// The whole table, in the order of the enumeration.
[[nodiscard]] std::span<const WriteStatementText> writeStatements();

/// The text of a statement; zero-terminated.
[[nodiscard]] std::string_view sqlOf(WriteStatement statement);

} // namespace inspector::store
