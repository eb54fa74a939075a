#pragma once

#include "core/store/statement_table.h"

#include <span>
#include <string_view>

namespace inspector::store {

/// Every statement that the reading side can send to a database. Sessions take one of these and never a text, so a
/// statement that writes cannot be sent without first being added to the table in read_statement.cpp, where a test
/// would refuse it. The first group goes to PostgreSQL and CockroachDB, the second to the SQLite of a catalog file.
enum class ReadStatement {
    ServerReadOnly,
    ServerVersion,
    ServerFindTable,
    ServerListKeys,
    ServerHead,
    ServerScan,

    FileApplicationId,
    FileSchemaVersion,
    FileIntegrity,
    FileManifest,
    FileListKeys,
    FileHead,
    FileScan,
    FileFindBlob,
    FileListBlobs,
    FileEveryVersion,
    FileEveryBlob,
};

using ReadStatementText = StatementText<ReadStatement>;

/// The whole table, in the order of the enumeration.
[[nodiscard]] std::span<const ReadStatementText> readStatements();

/// The text of a statement; zero-terminated.
[[nodiscard]] std::string_view sqlOf(ReadStatement statement);

} // namespace inspector::store
