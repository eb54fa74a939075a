#pragma once

#include "core/base/result.h"
#include "core/base/strong.h"
#include "core/catalog/fence.h"
#include "core/catalog/table_rows.h"
#include "core/edit/edit_base.h"

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::edit {

/// What a key must hold for a draft to count.
struct ExpectedOld
{
    enum class Kind {
        Anything, ///< nothing was said
        Absent,   ///< there is no row of the key
        Value,    ///< `text` is the JSON of the value, in any spelling
        RowHash,  ///< `text` is the SHA-256 of the stored row, in hex: says it without showing a secret
    };
    Kind kind = Kind::Anything;
    std::string text;
};

/// What a person asked for, unjudged.
struct EditDraft
{
    std::string collection;           ///< snake_case name, "setting"; or the kind of the rows, "Setting"
    std::string key;                  ///< JSON; "null" for a singleton
    std::optional<std::string> value; ///< JSON; "null" for a collection without values; nothing: the row goes
    ExpectedOld expectedOld;
};

/// What is refused unless it is asked for by its name (catalog-model §12.4).
enum class Override : std::uint8_t {
    LastConfig,     ///< without a config row the catalog counts as uninitialized
    UserVersion,    ///< the catalog version decides how every row is read
    ContentVersion, ///< it decides which builds may open the catalog
    Allocators,     ///< an allocator at or below an id that is in use hands it out again
    References,     ///< an id that no row defines any more, or never did
    Uniqueness,     ///< two rows that the catalog's rules do not allow beside each other
    SeveralRows,    ///< the key has not one row but several, or dangling retractions; the plan settles all of them
    InvalidValue,   ///< the value does not fit the types of the catalog's version
    UnknownVersion, ///< the catalog's version is none whose types are known: rows are raw JSON
};
inline constexpr std::size_t kOverrideCount = 9;

/// As a person writes it: "last-config".
[[nodiscard]] std::string_view nameOf(Override which);
/// InvalidInput lists the names that there are.
[[nodiscard]] Result<Override> overrideNamed(std::string_view name);

/// Why a plan may not be committed as it is.
struct Refusal
{
    Override which = Override::References;
    std::string reason; ///< one clause
};

/// Appended whole, at one time. Retractions come first.
using ChangeSet = std::vector<catalog::RowChange>;

/// What takes `changes` back.
[[nodiscard]] ChangeSet inverseOf(const ChangeSet& changes);

/// What becomes of one key.
struct PlannedEdit
{
    std::string collection; ///< its name; for a kind without collection the kind
    RowName name;
    std::vector<KeyRow> before;       ///< all rows of the key: normally one, none for a new one
    std::optional<std::string> after; ///< canonical JSON of the new value; nothing: the row goes
    ChangeSet changes;                ///< of the key's rows; retractions are the stored bytes
    bool isTyped = true;              ///< false: raw JSON, not checked against types

    /// SHA-256 in hex of the one live row before; empty when there is not exactly one.
    [[nodiscard]] std::string hashBefore() const;
};

struct PlanOptions
{
    std::set<Override> overrides;
    std::optional<Timestamp> expectedUpper; ///< nothing: the base's
};

/// A repair that could be made: one append at one time, the fence token's change in it (persist-write-protocol §18.2).
struct EditPlan
{
    EditBasePtr base;
    std::string summary; ///< "replace 1 row of setting"
    std::vector<PlannedEdit> edits;
    /// Everything that is appended: retractions of rows and token, then insertions of rows and token.
    ChangeSet changes;
    catalog::FenceToken tokenBefore;
    catalog::FenceToken tokenAfter;    ///< the same deploy generation, the next epoch
    std::vector<Refusal> refusals;     ///< what no override allowed; a plan with any is not committed
    std::vector<Refusal> overridden;   ///< what an override allowed
    std::vector<std::string> warnings; ///< what is odd and does not keep it from being committed, one clause each

    [[nodiscard]] bool mayCommit() const { return refusals.empty(); }
    /// The upper that the append must find, and the time of its updates.
    [[nodiscard]] Timestamp expectedUpper() const { return base->upper(); }
    [[nodiscard]] Timestamp nextUpper() const { return base->upper().next(); }
    /// The change set that puts the rows back; without the fence token, which only ever goes up.
    [[nodiscard]] ChangeSet inverse() const;
    /// Who stops because of it, one clause each: for a person to read before agreeing (catalog-model §12.4 item 8).
    [[nodiscard]] std::vector<std::string> consequences() const;
};

/// Judges drafts without I/O. What may only be done deliberately is in the plan's refusals; an error is what no plan
/// can be made of: InvalidInput names the field (a collection that is none, JSON that does not parse or fit, a draft
/// that changes nothing, two drafts of one key), NotFound a row that is to go and is not there, or a catalog without
/// fence token; Conflict an old value or an upper other than expected; Unsupported a version without types (and no
/// override); Corrupt rows that no append of +1 and -1 puts in order.
[[nodiscard]] Result<EditPlan> planEdits(std::span<const EditDraft> drafts, const EditBasePtr& base,
                                         const PlanOptions& options = {});
/// The same for one draft.
[[nodiscard]] Result<EditPlan> planEdit(const EditDraft& draft, const EditBasePtr& base,
                                        const PlanOptions& options = {});
/// A draft that removes the row of a key, whatever `draft.value` says.
[[nodiscard]] Result<EditPlan> planDelete(EditDraft draft, const EditBasePtr& base, const PlanOptions& options = {});

/// What was written into the catalog between two bases, as far as it concerns `plan`: for the message of a Conflict.
/// Secrets are masked.
[[nodiscard]] std::string describeMove(const EditPlan& plan, const EditBase& now);

} // namespace inspector::edit
