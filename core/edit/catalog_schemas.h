#pragma once

#include "core/machine/profile.h"
#include "core/persist/state.h"

#include <string>
#include <string_view>

namespace inspector::edit {

/// The schema that a catalog's writer registers: one column `data` of type jsonb, and no value, as the reference of
/// each era encodes them (persist-write-protocol §12; the bytes are those of real shards). The eras differ in whether
/// the columns of the key's data type may be null.
[[nodiscard]] inline persist::EncodedSchemas catalogSchemas(machine::Era era)
{
    using namespace std::string_view_literals;
    constexpr auto kKey = "\n\x07\n\x05\n\x03\x92\x01\x00\x12\x06\n\x04"
                          "data"sv;
    constexpr auto kOldType = "R\"\n\x13\n\x02ok\x10\x01\x1a\x0bR\t\n\x07\n\x01"
                              "0\x1a\x02\n\x00\n\x0b\n\x03"
                              "err\x10\x01\x1a\x02\x12\x00"sv;
    constexpr auto kNewType = "R$\n\x15\n\x02ok\x10\x01\x1a\rR\x0b\n\t\n\x01"
                              "0\x10\x01\x1a\x02\n\x00\n\x0b\n\x03"
                              "err\x10\x01\x1a\x02\x12\x00"sv;
    constexpr auto kNoValueType = "\x82\x01\x00"sv;
    persist::EncodedSchemas schemas;
    schemas.key = kKey;
    schemas.keyDataType = era == machine::Era::Old ? kOldType : kNewType;
    schemas.valDataType = kNoValueType;
    return schemas;
}

} // namespace inspector::edit
