#pragma once

#include "core/codec/row_codec.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// The node that member after member leads to from `node`.
[[nodiscard]] std::optional<std::uint32_t> nodeAt(const codec::JsonTape& tape, std::uint32_t node,
                                                  std::initializer_list<std::string_view> path);

/// The text there; empty when there is none.
[[nodiscard]] std::string_view textAt(const codec::JsonTape& tape, std::uint32_t node,
                                      std::initializer_list<std::string_view> path);

/// The number there; nothing when there is none, or no u64.
[[nodiscard]] std::optional<std::uint64_t> numberAt(const codec::JsonTape& tape, std::uint32_t node,
                                                    std::initializer_list<std::string_view> path);

/// The children of a node; those of an object by the bytes of their names.
[[nodiscard]] std::vector<std::uint32_t> childrenByName(const codec::JsonTape& tape, std::uint32_t node);

} // namespace inspector::catalog
