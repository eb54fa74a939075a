#include "core/edit/durable_catalog.h"
#include "core/store/writable_location.h"
#include "tests/concurrency/ledger.h"
#include "tests/core/edit/catalog_story.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

using namespace inspector;
using namespace inspector::races;
using catalog::CollectionType;

// A process that opens one catalog for writing over and over, in competition with others of its kind, and keeps the
// book of ledger.h in it. Arguments: consensus URL, blob URL, catalog version, name of this process, a file whose
// appearance says that it is enough, seed, base and speed of the clock. A line is written before each call and one
// after it, so that a kill in between shows:
//   ask CALL KIND BEGUN WORDS…
//   told CALL OUTCOME ENDED WORDS…
// CALL is unique. OUTCOME is ok, fenced, conflict or failed, with a '?' behind it when something may have been written.
// Times are monotonicNs(). The words after KIND, and after ENDED when it is ok:
//   open                                    EPOCH UPPER      (of the open handle)
//   commit EPOCH EXPECTED ENTRY             NEXT
//   allocate EPOCH COUNT                    FIRST UPPER      (of the handle afterwards)
//   debug HANDLE                            PREVIOUS         (the call that edited before, or '-')

namespace {

const Job kJob;

class Worker
{
public:
    Worker(char** words)
        : m_location {words[1], words[2]}
        , m_version(std::strtoull(words[3], nullptr, 10))
        , m_name(words[4])
        , m_enough(words[5])
        , m_random(std::strtoull(words[6], nullptr, 10))
        , m_clock(std::strtoll(words[7], nullptr, 10), std::strtoll(words[8], nullptr, 10))
    {
    }

    /// The exit code.
    int run();

private:
    using Handle = std::unique_ptr<edit::WritableOpenableCatalog>;

    /// Starts a call; its name.
    std::string ask(const std::string& words)
    {
        const auto kindEnd = words.find(' ');
        auto call = m_name + "." + std::to_string(m_calls++);
        std::printf("ask %s %s %lld%s\n", call.c_str(), words.substr(0, kindEnd).c_str(),
                    static_cast<long long>(monotonicNs()),
                    kindEnd == std::string::npos ? "" : words.substr(kindEnd).c_str());
        std::fflush(stdout);
        return call;
    }
    void told(const std::string& call, const std::string& words)
    {
        std::printf("told %s ok %lld %s\n", call.c_str(), static_cast<long long>(monotonicNs()), words.c_str());
        std::fflush(stdout);
    }
    void told(const std::string& call, const Error& error)
    {
        const auto ended = monotonicNs();
        const bool isLoss = error.code == ErrorCode::Fenced || error.code == ErrorCode::Conflict;
        m_hasFailed = m_hasFailed || !isLoss;
        std::printf("told %s %s%s %lld %s\n", call.c_str(),
                    error.code == ErrorCode::Fenced ? "fenced"
                        : isLoss                    ? "conflict"
                                                    : "failed",
                    error.outcomeUnknown ? "?" : "", static_cast<long long>(ended), error.describe().c_str());
        std::fflush(stdout);
    }

    [[nodiscard]] bool isEnough() const { return ::access(m_enough.c_str(), F_OK) == 0; }
    std::uint64_t upTo(std::uint64_t bound) { return m_random() % (bound + 1); }
    void pause(std::uint64_t most) { std::this_thread::sleep_for(std::chrono::microseconds(upTo(most))); }

    Result<Handle> construct(store::WritableStores& stores)
    {
        edit::HandleOptions options;
        INSPECTOR_TRY(options.build, catalog::buildOfCatalogVersion(m_version));
        options.deployGeneration = DeployGeneration(0);
        options.hostname = m_name;
        options.clock = &m_clock;
        return edit::WritableOpenableCatalog::construct(
            *stores.consensus, *stores.blob,
            wellKnownShard("00000000-0000-0000-0000-000000000000", WellKnownShard::Catalog), options, kJob);
    }

    void work(store::WritableStores& stores);
    void edit(store::WritableStores& stores);
    bool commit(edit::DurableCatalog& catalog);
    bool allocate(edit::DurableCatalog& catalog);
    /// Fills a transaction; the entry that it makes.
    Result<Entry> fill(catalog::Transaction& transaction, const Entry& draft);

    /// Gives back what a handle holds, most of the time.
    template <typename Catalog>
    void part(Catalog& catalog)
    {
        if (upTo(3) == 0)
            return;
        const auto call = ask("expire");
        if (const auto expired = catalog.expire(kJob); expired)
            told(call, "");
        else
            told(call, expired.error());
    }

    store::Location m_location;
    std::uint64_t m_version;
    std::string m_name;
    std::string m_enough;
    std::mt19937_64 m_random;
    FastClock m_clock;
    std::uint64_t m_calls = 0;
    bool m_hasFailed = false;
};

Result<Entry> Worker::fill(catalog::Transaction& transaction, const Entry& draft)
{
    const auto set = [&](const char* name, const std::string& value) -> Result<> {
        INSPECTOR_CHECK(transaction.set(CollectionType::Setting, settingKey(name), settingValue(value)));
        return {};
    };
    const auto snapshot = transaction.currentSnapshot();
    auto entry = draft;
    entry.counter = std::strtoull(settingOf(snapshot, kCounter).value_or("0").c_str(), nullptr, 10) + 1;
    INSPECTOR_TRY(const auto roles, transaction.allocateIds("user_role", 1));
    entry.idCount = 1 + upTo(3);
    INSPECTOR_TRY(const auto ids, transaction.allocateIds("user", entry.idCount));
    entry.firstId = ids.front();

    const auto moved = static_cast<std::int64_t>(upTo(1000)) - 500;
    const auto left = std::strtoll(settingOf(snapshot, kLeft).value_or("0").c_str(), nullptr, 10) + moved;
    INSPECTOR_CHECK(set(kLeft, std::to_string(left)));
    INSPECTOR_CHECK(set(kRight, std::to_string(kSum - left)));
    INSPECTOR_CHECK(set(kCounter, std::to_string(entry.counter)));
    if (upTo(11) == 0)
        INSPECTOR_CHECK(set(kLarge, std::string(5000, static_cast<char>('a' + upTo(25)))));
    const auto role = test::sampleRole(snapshot, roles.front(), entry.text());
    INSPECTOR_CHECK(transaction.insert(CollectionType::Role, role.key, role.value));
    static_cast<void>(transaction.takeOpUpdates());
    return entry;
}

/// True when the handle may go on.
bool Worker::commit(edit::DurableCatalog& catalog)
{
    const auto lost = [this](const Error& error) {
        told(ask("begin"), error);
        return false;
    };
    if (const auto updates = catalog.syncToCurrentUpdates(kJob); !updates)
        return lost(updates.error());
    auto transaction = catalog.transaction(kJob);
    if (!transaction)
        return lost(transaction.error());
    Entry draft;
    draft.call = m_name + "." + std::to_string(m_calls); // as ask() will name it
    draft.expected = transaction->upper().value();
    draft.epoch = catalog.epoch().value();
    const auto entry = fill(*transaction, draft);
    if (!entry)
        return lost(entry.error());
    pause(1000);
    const auto call =
        ask("commit " + std::to_string(entry->epoch) + " " + std::to_string(entry->expected) + " " + entry->text());
    const auto next = catalog.commit(*std::move(transaction), std::nullopt, kJob);
    if (!next) {
        told(call, next.error());
        return false;
    }
    told(call, std::to_string(next->value()));
    return true;
}

bool Worker::allocate(edit::DurableCatalog& catalog)
{
    const auto count = 1 + upTo(4);
    const auto call = ask("allocate " + std::to_string(catalog.epoch().value()) + " " + std::to_string(count));
    const auto ids = catalog.allocateIds("user", count, std::nullopt, kJob);
    if (!ids) {
        told(call, ids.error());
        return false;
    }
    told(call, std::to_string(ids->front()) + " " + std::to_string(catalog.upper().value()));
    return true;
}

void Worker::work(store::WritableStores& stores)
{
    const auto call = ask("open");
    auto unopened = construct(stores);
    if (!unopened)
        return told(call, unopened.error());
    catalog::BootstrapArguments arguments;
    arguments.defaultReplicaSize = m_version == 72 ? "1" : "scale=1,workers=1";
    arguments.contentVersion = "0.0.0";
    auto opened = std::move(**unopened).open(arguments, kJob);
    if (!opened)
        return told(call, opened.error());
    auto& catalog = **opened;
    told(call, std::to_string(catalog.epoch().value()) + " " + std::to_string(catalog.upper().value()));
    bool mayGoOn = true;
    while (mayGoOn && !isEnough()) {
        mayGoOn = upTo(4) == 0 ? allocate(catalog) : commit(catalog);
        pause(3000);
    }
    part(catalog);
}

void Worker::edit(store::WritableStores& stores)
{
    auto unopened = construct(stores);
    if (!unopened)
        return told(ask("construct"), unopened.error());
    // A catalog without contents has no version whose types a row could have.
    const auto isInitialized = (*unopened)->isInitialized(kJob);
    if (!isInitialized || !*isInitialized)
        return;
    auto handle = std::move(**unopened).openDebug();
    const auto handleName = m_name + "." + std::to_string(m_calls);
    const auto edits = 1 + upTo(2);
    for (std::uint64_t i = 0; i < edits; ++i) {
        const auto call = ask("debug " + handleName);
        const auto previous = handle->edit(CollectionType::Setting, settingKey(kEdited), settingValue(call), kJob);
        if (!previous)
            return told(call, previous.error());
        auto text = previous->value_or("-");
        if (const auto quote = text.rfind(":\""); quote != std::string::npos)
            text = text.substr(quote + 2, text.size() - quote - 4); // {"value":"CALL"}
        told(call, text);
        pause(2000);
    }
    part(*handle);
}

int Worker::run()
{
    store::WritableOptions options;
    options.createCatalogFile = true;
    options.synced = false; // processes end here, machines do not
    constexpr std::uint64_t kRoundsBetweenEdits = 4;
    auto round = upTo(kRoundsBetweenEdits - 1);
    while (!isEnough() && !m_hasFailed) {
        auto stores = store::openWritableStores(m_location, {}, kJob, options);
        if (!stores) {
            told(ask("stores"), stores.error());
            break;
        }
        if (++round % kRoundsBetweenEdits == 0)
            edit(*stores);
        else
            work(*stores);
        pause(200'000);
    }
    return m_hasFailed ? 1 : 0;
}

} // namespace

int main(int count, char** words)
{
    return count == 9 ? Worker(words).run() : 2;
}
