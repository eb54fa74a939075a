#pragma once

#include "core/base/bytes.h"
#include "tests/core/persist/memory_location.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inspector::persist::tests {

/// Encodes messages of persist-format §5 for shards that the real system never writes.
/// Bounds are as in the format: nothing is the empty antichain.
using Bound = std::optional<std::uint64_t>;

[[nodiscard]] std::string encodedFrontier(Bound bound);
[[nodiscard]] std::string encodedNumber(std::uint64_t number);
[[nodiscard]] std::string encodedText(const std::string& text);

/// One update of an inline part.
struct TestUpdate
{
    std::string json;
    std::uint64_t time = 0;
    std::int64_t diff = 1;
};

/// The content of an inline part: rows in the old layout, with a description of its own.
[[nodiscard]] std::string encodedInlinePart(Bound lower, Bound upper, Bound since,
                                            const std::vector<TestUpdate>& updates);

struct TestPart
{
    std::string key;     ///< a blob part, or
    std::string inlined; ///< an inline part, or
    std::string runKey;  ///< a run reference
    std::optional<std::uint64_t> tsRewrite;
    std::optional<std::int64_t> diffsSum;
};

struct TestBatch
{
    Bound lower;
    Bound upper;
    Bound since = 0;
    std::vector<TestPart> parts;
    std::uint64_t length = 0;
};

[[nodiscard]] std::string encodedBatch(const TestBatch& batch);
[[nodiscard]] std::string encodedRun(const std::vector<TestPart>& parts);
[[nodiscard]] std::string encodedSpineBatch(std::uint64_t level, const TestBatch& bounds, std::uint64_t lo,
                                            std::uint64_t hi);
[[nodiscard]] std::string encodedSpineId(std::uint64_t lo, std::uint64_t hi);

struct TestChange
{
    int field = 0;
    int type = 0; ///< 0 insert: key, new; 1 update: key, old, new; 2 delete: key, old
    std::vector<std::string> slices;
};

struct TestDiff
{
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::string rollupKey = "v1/r00000000-0000-4000-8000-000000000001";
    std::vector<TestChange> changes;
    std::string version = "26.23.0";
};

[[nodiscard]] std::string encodedDiff(const TestDiff& diff);

struct TestRollup
{
    std::string shard = "s00000000-0000-4000-8000-000000000001";
    std::string keyCodec = "protobuf[SourceData]";
    std::string valCodec = "()";
    std::string version = "26.23.0";
    std::uint64_t seqno = 1;
    Bound since = 0;
    std::vector<TestBatch> batches;
    bool isStructured = true; ///< writes one spine batch at level 0 for each batch
    std::string readerPurpose;
};

[[nodiscard]] std::string encodedRollup(const TestRollup& rollup);

constexpr const char* kTestShard = "s00000000-0000-4000-8000-000000000001";
constexpr const char* kTestRollupKey = "v1/r00000000-0000-4000-8000-000000000001";

[[nodiscard]] Bytes bytesFrom(const std::string& text);

/// A location with one shard: a rollup at seqno 1, the row for it, and `diffs` after it.
void fill(MemoryLocation& location, const TestRollup& rollup, const std::vector<TestDiff>& diffs = {});

} // namespace inspector::persist::tests
