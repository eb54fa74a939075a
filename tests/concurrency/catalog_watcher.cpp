#include "core/edit/durable_catalog.h"
#include "core/store/location.h"
#include "tests/concurrency/ledger.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

using namespace inspector;
using namespace inspector::races;

// A process that looks at a catalog while others write to it, in two ways: each time anew, by nothing of the writing
// core, and with a read-only handle that follows. Arguments: consensus URL, blob URL, catalog version, a file whose
// appearance says that it is enough, and whether writers are killed ("patient") or not ("strict"). It ends with 1, and
// words, as soon as something is not right. Otherwise a line a look:
//   saw anew|following BEGUN ENDED UPPER COUNTER        (UPPER 0: there is no book yet)

namespace {

const Job kJob;

void tell(const char* how, std::int64_t begun, const std::optional<Ledger>& ledger)
{
    std::printf("saw %s %lld %lld %llu %llu\n", how, static_cast<long long>(begun),
                static_cast<long long>(monotonicNs()), static_cast<unsigned long long>(ledger ? ledger->upper : 0),
                static_cast<unsigned long long>(ledger ? ledger->counter : 0));
}

/// A handle that follows until somebody takes over; nothing while the catalog has no contents.
Result<std::unique_ptr<edit::DurableCatalog>> follow(const store::Stores& stores, const ShardId& shard,
                                                     const catalog::Build& build)
{
    edit::HandleOptions options;
    options.build = build;
    auto unopened = edit::OpenableCatalog::construct(*stores.consensus, *stores.blob, shard, options, kJob);
    const auto isEarly = [](const Error& error) {
        return error.code == ErrorCode::NotFound || error.code == ErrorCode::ReadOnly;
    };
    if (!unopened && isEarly(unopened.error()))
        return nullptr;
    if (!unopened)
        return tl::unexpected(unopened.error());
    catalog::BootstrapArguments arguments;
    arguments.contentVersion = "0.0.0";
    auto opened = std::move(**unopened).openReadOnly(arguments, kJob);
    if (!opened && (isEarly(opened.error()) || opened.error().code == ErrorCode::Fenced))
        return nullptr;
    return opened;
}

/// What the follower knows now.
Result<std::optional<Ledger>> lookAgain(edit::DurableCatalog& follower)
{
    INSPECTOR_CHECK(follower.syncToCurrentUpdates(kJob).during("following"));
    INSPECTOR_TRY(const auto snapshot, follower.snapshot(kJob).during("taking a snapshot of the follower"));
    if (const auto problems = follower.problems(); !problems.empty())
        return fail(ErrorCode::Corrupt, "the follower says: " + problems.front());
    return Ledger::of(snapshot, follower.upper()).during("what was followed");
}

class Watcher
{
public:
    Watcher(const store::Stores& stores, catalog::SchemaPtr schema, catalog::Build build)
        : m_stores(stores)
        , m_schema(std::move(schema))
        , m_build(std::move(build))
        , m_shard(wellKnownShard("00000000-0000-0000-0000-000000000000", WellKnownShard::Catalog))
    {
    }

    /// Looks in both ways. Errors are what is wrong.
    Result<> look()
    {
        auto begun = monotonicNs();
        persist::ShardReader reader(*m_stores.consensus, *m_stores.blob, m_shard);
        INSPECTOR_TRY(const auto anew, Ledger::read(reader, m_schema, kJob).during("reading anew"));
        tell("anew", begun, anew);

        begun = monotonicNs();
        if (!m_follower) {
            INSPECTOR_TRY(m_follower, follow(m_stores, m_shard, m_build).during("opening a follower"));
            if (!m_follower)
                return {};
        }
        const auto followed = lookAgain(*m_follower);
        if (!followed && followed.error().code == ErrorCode::Fenced) {
            m_follower.reset(); // as the reference: whoever observes is fenced like everybody else
            return {};
        }
        INSPECTOR_CHECK(followed);
        tell("following", begun, *followed);
        if (*followed && anew && (*followed)->upper == anew->upper) {
            ++m_compared;
            if ((*followed)->rows != anew->rows)
                return fail(ErrorCode::Corrupt, "the two ways of reading differ at " + std::to_string(anew->upper));
        }
        return {};
    }

    /// How often both ways came to the same time.
    [[nodiscard]] std::size_t compared() const { return m_compared; }

private:
    const store::Stores& m_stores;
    catalog::SchemaPtr m_schema;
    catalog::Build m_build;
    ShardId m_shard;
    std::unique_ptr<edit::DurableCatalog> m_follower;
    std::size_t m_compared = 0;
};

/// `isPatient`: a catalog file may be in the middle of a write whose writer was killed, until the next one takes it
/// back.
Result<> watch(const store::Location& location, std::uint64_t version, const std::string& enough, bool isPatient)
{
    INSPECTOR_TRY(auto schema, catalog::RowSchema::load(version));
    INSPECTOR_TRY(auto build, catalog::buildOfCatalogVersion(version));
    INSPECTOR_TRY(const auto stores, store::openStores(location, {}, kJob));
    Watcher watcher(stores, std::move(schema), std::move(build));
    for (bool isLast = false; !isLast;) {
        isLast = ::access(enough.c_str(), F_OK) == 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
        const auto looked = watcher.look();
        if (!looked && (!isPatient || looked.error().code != ErrorCode::Unavailable))
            return looked;
    }
    if (watcher.compared() == 0)
        return fail(ErrorCode::Internal, "the two ways of reading were never compared");
    return {};
}

} // namespace

int main(int count, char** words)
{
    if (count != 6)
        return 2;
    const auto watched =
        watch({words[1], words[2]}, std::strtoull(words[3], nullptr, 10), words[4], std::string(words[5]) == "patient");
    if (watched)
        return 0;
    std::printf("wrong %s\n", watched.error().describe().c_str());
    return 1;
}
