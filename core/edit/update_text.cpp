#include "core/edit/update_text.h"

#include "core/catalog/pretty.h"
#include "core/catalog/typed_row.h"
#include "core/codec/row_codec.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace inspector::edit {

namespace {

/// From this catalog version on diffs print as a struct of their own (catalog-model §9.2).
constexpr std::uint32_t kFirstOverflowing = 74;

/// The reference's names for the kinds of rows, by CollectionType.
constexpr std::array<std::string_view, catalog::kCollectionCount> kVariants {
    "AuditLog",
    "Cluster",
    "IntrospectionSourceIndex",
    "ClusterReplica",
    "Comment",
    "Config",
    "Database",
    "DefaultPrivilege",
    "IdAllocator",
    "Item",
    "NetworkPolicy",
    "Role",
    "RoleAuth",
    "Schema",
    "Setting",
    "SourceReferences",
    "SystemConfiguration",
    "ClusterSystemConfiguration",
    "ReplicaSystemConfiguration",
    "SystemObjectMapping",
    "SystemPrivilege",
    "StorageCollectionMetadata",
    "UnfinalizedShard",
    "TxnWalShard",
};

std::string camelOf(std::string_view snake)
{
    std::string camel;
    bool isStart = true;
    for (const char c : snake) {
        if (c != '_')
            camel += isStart && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        isStart = c == '_';
    }
    return camel;
}

} // namespace

std::string debugTextOf(const std::vector<catalog::RowChange>& changes, const catalog::SchemaPtr& schema)
{
    if (changes.empty())
        return "[]";
    catalog::RowTyper typer(schema);
    catalog::TextBuffer text;
    text.append("[\n");
    for (const auto& change : changes) {
        codec::StoredRow row {change.stored.data(), static_cast<std::uint32_t>(change.stored.size()),
                              codec::RowForm::SourceData};
        std::string masked;
        if (typer.read(row) && !catalog::secretNodes(typer).empty()) {
            masked = catalog::rowJson(typer, catalog::Reveal::No);
            row = {masked.data(), static_cast<std::uint32_t>(masked.size()), codec::RowForm::JsonText};
        }
        const auto start = text.size();
        text.append("    (\n        ");
        const bool isRead = typer.read(row).has_value() && typer.collection() != nullptr;
        if (isRead) {
            text.append(kVariants.at(static_cast<std::size_t>(typer.collection()->type)));
            text.append("(\n            ");
        }
        const bool isWhole = isRead && typer.appendKeyDebug(3, text);
        if (isWhole)
            text.append(",\n            ");
        if (isWhole && typer.appendValueDebug(3, text)) {
            text.append(",\n        ),\n");
        } else {
            text.truncate(start);
            text.append("    (\n        ");
            text.append(codec::canonicalJson(row).value_or("a row that does not decode"));
            text.append(",\n");
        }
        const auto diff = std::to_string(change.diff);
        if (schema->version() >= kFirstOverflowing) {
            text.append("        Overflowing(\n            ");
            text.append(diff);
            text.append(",\n        ),\n    ),\n");
        } else {
            text.append("        ");
            text.append(diff);
            text.append(",\n    ),\n");
        }
    }
    text.append("]");
    return std::string(text.text());
}

std::string debugTextOf(const std::vector<catalog::CollectionType>& types)
{
    std::string text = "[";
    for (const auto type : types)
        text += (text.size() > 1 ? ", " : "") + camelOf(catalog::collectionOf(type).name);
    return text + "]";
}

} // namespace inspector::edit
