#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/persist/state.h"
#include "core/persist/state_diff.h"

#include <map>
#include <string>

namespace inspector::machine {

/// The entries of a state exactly as they were stored, so that what somebody else wrote is deleted and repeated with
/// its own bytes (persist-write-protocol §1 rule 3, §3 "Raw-byte retention").
class RawEntries
{
public:
    struct Entry
    {
        SharedBytes key;   ///< the key slice as stored
        SharedBytes value; ///< the value slice; empty for legacy batches
    };
    using Field = std::map<std::string, Entry>; ///< by the decoded key in a canonical spelling, see rawKeyOf()

    /// The entries of a rollup.
    [[nodiscard]] static Result<RawEntries> ofRollup(const persist::Rollup& rollup);

    /// Follows a diff. Corrupt when an old value that it names is not what is here, byte for byte or as decoded.
    [[nodiscard]] Result<> apply(const persist::StateDiff& diff);

    /// The entry as stored; nullptr when the field has none of that key.
    [[nodiscard]] const Entry* find(persist::StateField field, const std::string& rawKey) const;
    [[nodiscard]] const Field& of(persist::StateField field) const;

private:
    std::map<persist::StateField, Field> m_fields;
};

} // namespace inspector::machine
