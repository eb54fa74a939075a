#include "core/persist/part_reader.h"

#include "core/persist/decode.h"

#include <algorithm>
#include <numeric>

namespace inspector::persist {

namespace {

PartPtr load(codec::DecodedPart decoded, std::string name, std::uint64_t storedBytes)
{
    auto part = std::make_shared<LoadedPart>();
    part->name = std::move(name);
    part->storedBytes = storedBytes;
    if (!decoded.times.empty()) {
        const auto [least, greatest] = std::minmax_element(decoded.times.begin(), decoded.times.end());
        part->minTime = *least;
        part->maxTime = *greatest;
    }
    for (const auto diff : decoded.diffs) {
        part->allInserts = part->allInserts && diff == 1;
        part->hasZeroDiffs = part->hasZeroDiffs || diff == 0;
        part->diffsSum += static_cast<std::uint64_t>(diff); // wraps like the writer's sum would
    }
    part->decoded = std::move(decoded);
    return part;
}

} // namespace

PartReader::PartReader(const store::Blob& blob, ShardId shardId, std::uint64_t capacityBytes)
    : m_blob(blob)
    , m_shardId(std::move(shardId))
    , m_capacityBytes(capacityBytes)
{
}

Result<PartPtr> PartReader::read(const BatchPart& part, const Job& job)
{
    if (const auto* inlined = std::get_if<InlinePart>(&part.content)) {
        INSPECTOR_TRY(auto decoded, codec::decodeInlinePart(inlined->bytes).during("decoding an inline part"));
        return load(std::move(decoded), part.name(), inlined->bytes.size());
    }
    const auto* blobPart = std::get_if<BlobPart>(&part.content);
    if (blobPart == nullptr)
        return fail(ErrorCode::Internal, "a run reference was read as a part");
    if (const auto cached = m_parts.find(blobPart->key); cached != m_parts.end()) {
        cached->second.lastUse = ++m_uses;
        return cached->second.part;
    }
    INSPECTOR_TRY(const auto file, m_blob.get(m_shardId.text() + "/" + blobPart->key, job));
    if (!file)
        return PartPtr();
    INSPECTOR_TRY(auto decoded, codec::decodeParquetPart(*file).during("decoding part " + blobPart->key));
    auto loaded = load(std::move(decoded), blobPart->key, file->size());
    m_parts.insert_or_assign(blobPart->key, Cached {loaded, ++m_uses});
    makeRoom();
    return loaded;
}

void PartReader::makeRoom()
{
    const auto isIdle = [](const auto& entry) { return entry.second.part.use_count() == 1; };
    std::uint64_t idleBytes = 0;
    for (const auto& entry : m_parts)
        if (isIdle(entry))
            idleBytes += entry.second.part->storedBytes;
    while (idleBytes > m_capacityBytes) {
        auto oldest = m_parts.end();
        for (auto entry = m_parts.begin(); entry != m_parts.end(); ++entry)
            if (isIdle(*entry) && (oldest == m_parts.end() || entry->second.lastUse < oldest->second.lastUse))
                oldest = entry;
        if (oldest == m_parts.end())
            return;
        idleBytes -= oldest->second.part->storedBytes;
        m_parts.erase(oldest);
    }
}

Result<std::vector<BatchPart>> PartReader::expand(const BatchPart& part, const Job& job)
{
    std::vector<BatchPart> parts;
    INSPECTOR_CHECK(expandInto(part, 0, parts, job));
    return parts;
}

Result<> PartReader::expandInto(const BatchPart& part, int depth, std::vector<BatchPart>& to, const Job& job)
{
    const auto* run = std::get_if<RunRef>(&part.content);
    if (run == nullptr) {
        to.push_back(part);
        return {};
    }
    if (depth >= kMaxRunDepth)
        return fail(ErrorCode::Corrupt,
                    "run " + run->key + " refers to runs more than " + std::to_string(kMaxRunDepth) + " deep");
    // Runs that refer to themselves again and again would multiply at every level.
    if (to.size() > kMaxPartsOfRun)
        return fail(ErrorCode::Corrupt, "run " + run->key + " has more parts than any batch can have");
    auto known = m_runs.find(run->key);
    if (known == m_runs.end()) {
        INSPECTOR_TRY(const auto bytes, m_blob.get(m_shardId.text() + "/" + run->key, job));
        if (!bytes)
            return fail(ErrorCode::NotFound, "run " + run->key + " is missing");
        INSPECTOR_TRY(auto parts, decodeRun(*bytes).during("decoding run " + run->key));
        known = m_runs.emplace(run->key, std::move(parts)).first;
    }
    // A rewrite of the reference holds for everything that it refers to.
    for (auto inner : known->second) {
        if (part.tsRewrite && (!inner.tsRewrite || lessEqual(*inner.tsRewrite, *part.tsRewrite)))
            inner.tsRewrite = part.tsRewrite;
        INSPECTOR_CHECK(expandInto(inner, depth + 1, to, job));
    }
    return {};
}

} // namespace inspector::persist
