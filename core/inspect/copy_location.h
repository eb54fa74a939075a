#pragma once

#include "core/base/job.h"
#include "core/inspect/inspector.h"
#include "core/store/location.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::inspect {

/// What is copied, from where and to where.
struct CopyRequest
{
    store::Location from;
    store::Location to;
    ShardChoice shard;       ///< in `from`
    bool allShards = false;  ///< every shard that `from` has, whatever `shard` says
    bool commit = false;     ///< false: says what would be copied, and writes nothing
    bool incomplete = false; ///< copies a shard although blobs that it names are gone
    int attempts = 5;        ///< how often a shard is begun anew when blobs vanish while it is copied
};

/// What becomes of a shard.
enum class CopyFate {
    Copied,
    WouldBeCopied,
    Identical, ///< the target has this very log and all of its blobs
};

struct CopiedShard
{
    std::string shardId;
    CopyFate fate = CopyFate::WouldBeCopied;
    SeqNo first; ///< oldest version
    SeqNo head;  ///< newest one
    std::uint64_t versions = 0;
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;          ///< of versions and blobs
    std::vector<std::string> missing; ///< keys of blobs that live versions name and `from` does not have
};

struct CopyReport
{
    std::string from; ///< descriptions, without credentials
    std::string to;
    std::vector<CopiedShard> shards; ///< by id
    std::vector<std::string> warnings;
};

/// Copies shards between any two locations (catalog-file.md, "Behaviour"; persist-write-protocol §15.3), to the byte
/// and consistently while others write the source: the versions of the log first, then every blob that they name; when
/// the newest of them names one that is gone by then, the shard is begun anew. In the target the blobs come first, then
/// the log as one write, so that a kill leaves blobs that nobody names at most. A catalog file that is not there is
/// made beside its place, and put there when it is whole. What was written is read back and compared.
///
/// Nothing in the target is changed or replaced, and no table, schema or folder is made: NotFound when they are not
/// there; InvalidInput when source and target are one file. Conflict when the target has a shard of that id with
/// another log. Corrupt when the source's log does not
/// decode, or names blobs that are gone and `incomplete` is not set. `outcomeUnknown` when the log was sent and nobody
/// can tell what became of it.
[[nodiscard]] Result<CopyReport> copyLocation(const CopyRequest& request, const Job& job);

/// The same from stores that are open already, whatever `request.from` says.
[[nodiscard]] Result<CopyReport> copyLocation(const store::Stores& from, const CopyRequest& request, const Job& job);

} // namespace inspector::inspect
