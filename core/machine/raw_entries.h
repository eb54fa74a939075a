#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/persist/state.h"
#include "core/persist/state_diff.h"

#include <cstdint>
#include <map>
#include <string>

namespace inspector::machine {

/// The spelling under which RawEntries keeps an entry: big-endian bytes for numbers and ids, so that entries stand in
/// the order of their keys; a text as it is; for a legacy batch, whose key is the whole batch, a digest of its content.
/// Values that are there once (host name, since, last_gc_req, active_*) have the empty key.
[[nodiscard]] std::string rawKeyOf(std::uint64_t number);
[[nodiscard]] std::string rawKeyOf(SeqNo seqno);
[[nodiscard]] std::string rawKeyOf(const std::string& text);
[[nodiscard]] std::string rawKeyOf(persist::SpineId id);
[[nodiscard]] std::string rawKeyOf(const persist::HollowBatch& batch);

/// The entries of a state exactly as they were stored, so that what somebody else wrote is deleted and repeated with
/// its own bytes (persist-write-protocol §1 rule 3, §3 "Raw-byte retention"). A value; copies share the bytes.
class RawEntries
{
public:
    struct Entry
    {
        SharedBytes key;   ///< the key slice as stored
        SharedBytes value; ///< the value slice; empty for legacy batches
    };
    using Field = std::map<std::string, Entry>; ///< by rawKeyOf()

    /// No entries: what is before a shard's first version.
    RawEntries() = default;

    /// The entries of a rollup. What is stored more than once or in pieces is kept as decoded.
    [[nodiscard]] static Result<RawEntries> ofRollup(const persist::Rollup& rollup);

    /// The entries of a state that was made here and not stored yet, as they are going to be.
    [[nodiscard]] static RawEntries ofState(const persist::State& state);

    /// Follows a diff, by the strict rules of §6.1. Corrupt when an old value that it names is not what is here, byte
    /// for byte or as decoded (the old host name aside), when it inserts what is here or changes what is not, or when
    /// a slice does not decode. Unsupported for a field that this build does not know: nobody here can keep its bytes.
    /// An error leaves the entries as they were.
    [[nodiscard]] Result<> apply(const persist::StateDiff& diff);

    /// The entry as stored; nullptr when the field has none of that key.
    [[nodiscard]] const Entry* find(persist::StateField field, const std::string& rawKey) const;
    /// The entries of a field. Those of DeprecatedRollups are among the rollups.
    [[nodiscard]] const Field& of(persist::StateField field) const;

private:
    std::map<persist::StateField, Field> m_fields;
};

} // namespace inspector::machine
