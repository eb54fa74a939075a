#include "core/machine/layered_spine.h"
#include "tests/core/machine/spine_text.h"
#include "tests/support/datadriven.h"

#include <QTest>

#include <charconv>
#include <sstream>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::tests;
using inspector::persist::BatchPtr;
using inspector::persist::Description;
using inspector::persist::HollowBatch;
using inspector::persist::SpineId;
using inspector::test::bracketed;
using inspector::test::Directive;

namespace {

std::string bracketed3(const Description& description)
{
    return bracketed(description.lower) + bracketed(description.upper) + bracketed(description.since);
}

/// "[3]" or "[]" off the front of `line`; false when neither is there.
bool takeFrontier(std::string_view& line, persist::Frontier& frontier)
{
    const auto close = line.find(']');
    if (!line.starts_with('[') || close == std::string_view::npos)
        return false;
    const auto number = line.substr(1, close - 1);
    std::uint64_t time = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), time);
    if (!number.empty() && (error != std::errc() || end != number.data() + number.size()))
        return false;
    frontier = number.empty() ? persist::Frontier() : Timestamp(time);
    line.remove_prefix(close + 1);
    return true;
}

/// `[lower][upper][since] len key…` as a batch of one run.
Result<BatchPtr> batchIn(const std::string& text)
{
    auto batch = std::make_shared<HollowBatch>();
    std::string_view line = text;
    auto& bounds = batch->description;
    if (!takeFrontier(line, bounds.lower) || !takeFrontier(line, bounds.upper) || !takeFrontier(line, bounds.since))
        return fail(ErrorCode::InvalidInput, "no batch [lower][upper][since] len key…: " + text);
    std::istringstream words {std::string(line)};
    if (!(words >> batch->length))
        return fail(ErrorCode::InvalidInput, "the batch has no length: " + text);
    for (std::string key; words >> key;) {
        persist::BatchPart part;
        part.content = persist::BlobPart {key};
        batch->parts.push_back(std::move(part));
    }
    if (!batch->parts.empty())
        batch->runMeta.emplace_back();
    return BatchPtr(std::move(batch));
}

std::string keysOf(const std::vector<std::pair<SpineId, BatchPtr>>& members)
{
    std::string keys;
    for (const auto& [id, member] : members)
        for (const auto& part : member->parts)
            keys += " " + part.name();
    return keys;
}

std::string orEmpty(const std::string& output)
{
    return output.empty() ? "<empty>\n" : output;
}

/// The directives of persist-write-protocol §20.2, and a few of our own (tests/data/datadriven/trace/README.md).
class TraceScript
{
public:
    enum class Loading { Never, AfterEachDirective };

    explicit TraceScript(Loading loading)
        : m_loading(loading)
    {
    }

    Result<std::string> run(const Directive& directive)
    {
        INSPECTOR_TRY(auto output, outputOf(directive));
        if (m_loading == Loading::AfterEachDirective)
            INSPECTOR_CHECK(load(Era::New));
        return output;
    }

private:
    Result<std::string> outputOf(const Directive& directive)
    {
        if (directive.name == "push-batch")
            return pushBatch(directive);
        if (directive.name == "spine-batches")
            return spineBatches();
        if (directive.name == "since-upper")
            return bracketed(m_spine.since()) + bracketed(m_spine.upper()) + "\n";
        if (directive.name == "downgrade-since")
            return downgradeSince(directive);
        if (directive.name == "take-merge-reqs")
            return takeMergeReqs();
        if (directive.name == "apply-merge-res")
            return applyMergeRes(directive);
        if (directive.name == "levels")
            return levels();
        if (directive.name == "exert")
            return exert(directive);
        if (directive.name == "claim")
            return claim(directive);
        if (directive.name == "reload")
            return reload(directive);
        return fail(ErrorCode::InvalidInput, "no such directive");
    }

    Result<std::string> pushBatch(const Directive& directive)
    {
        for (const auto& line : directive.input) {
            INSPECTOR_TRY(auto batch, batchIn(line));
            const auto before = m_spine;
            auto requests = m_spine.insert(std::move(batch));
            if (!requests) {
                m_spine = before;
                return "error: " + requests.error().message + "\n";
            }
            keep(*std::move(requests));
        }
        return std::string("ok\n");
    }

    Result<std::string> spineBatches() const
    {
        std::string output;
        for (const auto* batch : m_spine.oldestFirst()) {
            output += "[" + shortId(batch->id) + "]" + bracketed3(batch->description) + " "
                + std::to_string(batch->members.size()) + "/" + std::to_string(batch->length) + keysOf(batch->members);
            if (batch->compactionStartMs)
                output += " (c@" + std::to_string(*batch->compactionStartMs) + ")";
            output += "\n";
        }
        return orEmpty(output);
    }

    Result<std::string> downgradeSince(const Directive& directive)
    {
        INSPECTOR_TRY(const auto since, directive.number("since"));
        m_spine.setSince(Timestamp(since));
        return std::string("ok\n");
    }

    Result<std::string> takeMergeReqs()
    {
        std::string output;
        for (const auto& request : std::exchange(m_requests, {}))
            output += bracketed3(request.description) + keysOf(request.inputs) + "\n";
        return orEmpty(output);
    }

    Result<std::string> applyMergeRes(const Directive& directive)
    {
        if (directive.input.size() != 1)
            return fail(ErrorCode::InvalidInput, "one batch line is needed");
        INSPECTOR_TRY(const auto batch, batchIn(directive.input.front()));
        INSPECTOR_TRY(const auto outcome, m_spine.applyMergeResult(*batch));
        switch (outcome) {
        case MergeOutcome::AppliedExact:
            return std::string("applied exact\n");
        case MergeOutcome::AppliedSubset:
            return std::string("applied subset\n");
        case MergeOutcome::NoOp:
            return std::string("no-op\n");
        case MergeOutcome::NoOpTooManyUpdates:
            return std::string("no-op too many updates\n");
        }
        return fail(ErrorCode::Internal, "an outcome without a name");
    }

    Result<std::string> levels() const
    {
        std::string output;
        for (std::size_t number = m_spine.levels().size(); number-- > 0;) {
            const auto& [batches, merge] = m_spine.levels()[number];
            output += "L" + std::to_string(number);
            for (const auto& batch : batches)
                output += " " + shortId(batch.id) + "/" + std::to_string(batch.length);
            if (merge)
                output += " merging " + std::to_string(merge->remainingWork) + " " + bracketed(merge->since);
            output += "\n";
        }
        return orEmpty(output);
    }

    Result<std::string> exert(const Directive& directive)
    {
        INSPECTOR_TRY(const auto effort, directive.number("effort"));
        INSPECTOR_TRY(const auto era, eraIn(directive));
        std::vector<MergeRequest> requests;
        INSPECTOR_TRY(const auto worked, m_spine.exert(effort, era, requests));
        keep(std::move(requests));
        return std::string(worked ? "worked\n" : "no work\n");
    }

    Result<std::string> claim(const Directive& directive)
    {
        INSPECTOR_TRY(const auto lo, directive.number("lo"));
        INSPECTOR_TRY(const auto hi, directive.number("hi"));
        INSPECTOR_TRY(const auto startMs, directive.number("start_ms"));
        m_spine.claim({lo, hi}, startMs);
        return std::string("ok\n");
    }

    Result<std::string> reload(const Directive& directive)
    {
        INSPECTOR_TRY(const auto era, eraIn(directive));
        INSPECTOR_CHECK(load(era));
        return std::string("ok\n");
    }

    Result<> load(Era era)
    {
        INSPECTOR_TRY(m_spine, LayeredSpine::unflatten(m_spine.flatten(), era));
        return {};
    }

    static Result<Era> eraIn(const Directive& directive)
    {
        INSPECTOR_TRY(const auto era, directive.text("era", "new"));
        if (era != "new" && era != "old")
            return fail(ErrorCode::InvalidInput, "the era is old or new");
        return era == "old" ? Era::Old : Era::New;
    }

    void keep(std::vector<MergeRequest> requests)
    {
        for (auto& request : withoutCovered(std::move(requests)))
            m_requests.push_back(std::move(request));
    }

    Loading m_loading;
    LayeredSpine m_spine;
    std::vector<MergeRequest> m_requests;
};

const std::string kFolder = std::string(SOURCE_ROOT) + "/tests/data/datadriven/trace";

} // namespace

/// The stories of the trace, each told twice: by a spine that lives on, and by one that is stored and loaded again
/// after each directive, as by another process.
class TestTraceScenarios : public QObject
{
    Q_OBJECT

private slots:
    void theSpineGoesAsTold_data() { addFiles(); }
    void theSpineGoesAsTold() { tell(TraceScript::Loading::Never); }

    void theSpineGoesAsToldByWhoeverLoadsIt_data() { addFiles(); }
    void theSpineGoesAsToldByWhoeverLoadsIt() { tell(TraceScript::Loading::AfterEachDirective); }

private:
    static void addFiles()
    {
        QTest::addColumn<QString>("file");
        for (const auto& file : test::dataDrivenFiles(kFolder))
            QTest::newRow(file.c_str()) << QString::fromStdString(kFolder + "/" + file);
    }

    static void tell(TraceScript::Loading loading)
    {
        QFETCH(const QString, file);
        TraceScript script(loading);
        const auto told =
            test::runDataDriven(file.toStdString(), [&](const Directive& directive) { return script.run(directive); });
        QVERIFY2(told.has_value(), told ? "" : told.error().describe().c_str());
    }
};

QTEST_GUILESS_MAIN(TestTraceScenarios)
#include "tst_trace_scenarios.moc"
