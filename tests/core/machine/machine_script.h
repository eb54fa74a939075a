#pragma once

#include "core/machine/layered_spine.h"
#include "core/machine/maintenance.h"
#include "core/machine/shard_machine.h"
#include "tests/core/machine/machine_scene.h"
#include "tests/support/datadriven.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inspector::machine::test {

/// Flags that a file is run under before its own `dyncfg`.
struct ScriptFlags
{
    std::uint64_t inlineWriteBytes = 0;
    std::uint64_t inlineTotalBytes = 0;
    bool recordCompactions = false;
};

/// The machine directives of persist-write-protocol §20.3 on a shard in memory; one for each file
/// (tests/data/datadriven/machine/README.md says what is printed).
class MachineScript
{
public:
    MachineScript(Era era, const ScriptFlags& flags);
    ~MachineScript();

    [[nodiscard]] Result<std::string> run(const inspector::test::Directive& directive);

    /// What a directive of the language answers, before it is printed: an error is output, too.
    using Output = Result<std::string>;

private:
    struct Listen
    {
        persist::Frontier asOf;
        persist::Frontier frontier;
    };
    struct Queued
    {
        std::optional<AssignedWork> work; ///< nothing: the command assigned nothing
    };
    using Directive = inspector::test::Directive;
    using Handler = Output (MachineScript::*)(const Directive&);

    [[nodiscard]] static const std::map<std::string, Handler>& handlers();

    Output writeBatch(const Directive& directive);
    Output fetchBatch(const Directive& directive);
    Output truncateBatchDesc(const Directive& directive);
    Output setBatchPartsSize(const Directive& directive);
    Output rewriteTs(const Directive& directive);
    Output compactBatches(const Directive& directive);
    Output compareAndAppendBatch(const Directive& directive);
    Output compareAndAppendBatches(const Directive& directive);
    Output applyMergeRes(const Directive& directive);
    Output registerLeased(const Directive& directive);
    Output registerCritical(const Directive& directive);
    Output downgrade(const Directive& directive);
    Output heartbeat(const Directive& directive);
    Output compareAndDowngrade(const Directive& directive);
    Output expireLeased(const Directive& directive);
    Output expireCritical(const Directive& directive);
    Output expireOneWriter(const Directive& directive);
    Output registerListen(const Directive& directive);
    Output listenThrough(const Directive& directive);
    Output snapshot(const Directive& directive);
    Output shardDesc(const Directive& directive);
    Output writeOneRollup(const Directive& directive);
    Output addOneRollup(const Directive& directive);
    Output collect(const Directive& directive);
    Output consensusScan(const Directive& directive);
    Output consensusTruncate(const Directive& directive);
    Output blobScanBatches(const Directive& directive);
    Output clearBlob(const Directive& directive);
    Output restoreBlob(const Directive& directive);
    Output dyncfg(const Directive& directive);
    Output finalize(const Directive& directive);
    Output isFinalized(const Directive& directive);
    Output performMaintenance(const Directive& directive);

    /// Runs a command, queues what it assigned, and answers what it answered.
    template <typename Command>
    [[nodiscard]] auto command(CommandKind kind, Command bound);
    [[nodiscard]] std::string seqnoText() const;
    [[nodiscard]] Result<persist::BatchPtr> named(const Directive& directive,
                                                  std::string_view argument = "input") const;
    [[nodiscard]] Result<persist::BatchPtr> batchOfName(const std::string& name) const;
    /// Rows of one part as its batch registers them.
    struct Row
    {
        std::string key;
        std::uint64_t time = 0;
        std::int64_t diff = 0;
    };
    [[nodiscard]] Result<std::optional<std::vector<Row>>> rowsOf(const persist::HollowBatch& batch,
                                                                 const persist::BatchPart& part);
    [[nodiscard]] Result<persist::BatchPtr> flushed(const persist::HollowBatch& batch);
    [[nodiscard]] persist::BatchPtr stamped(const persist::HollowBatch& batch, const persist::State& state) const;
    [[nodiscard]] Result<std::variant<SeqNo, persist::Frontier>>
    append(persist::BatchPtr& batch, const std::string& writerId, const std::string& token, bool isRepeated);
    [[nodiscard]] Result<> ensureSchema();

    MemoryScene m_scene;
    std::unique_ptr<ShardMachine> m_machine;
    std::string m_opened; ///< why the shard could not be opened
    std::map<std::string, persist::BatchPtr> m_batches;
    std::map<std::string, WrittenRollup> m_rollups;
    std::map<std::string, Listen> m_listens;
    std::map<std::string, SharedBytes> m_deleted; ///< blobs that clear-blob took
    std::vector<Queued> m_queue;
    bool m_hasSchema = false;
};

} // namespace inspector::machine::test
