// A program that makes one repair and may be told to die in the middle of it. For tst_kill_repair.

#include "core/edit/repair.h"
#include "core/store/faulty_store.h"
#include "core/store/writable_location.h"

#include <sys/time.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace inspector;

namespace {

const Job kJob;

struct Orders
{
    store::Location location;
    std::string shard;
    std::string journal;
    std::string key;   ///< of a system parameter
    std::string value; ///< JSON
    std::string how;   ///< "count", "before", "after" a call, or "timer"
    std::size_t number = 0;
};

/// The calls that a repair makes of all four stores, in one count.
std::shared_ptr<store::FaultPlan> planOf(const Orders& orders)
{
    auto plan = std::make_shared<store::FaultPlan>();
    const auto die = [number = orders.number](std::size_t call) {
        if (call == number)
            ::raise(SIGKILL);
    };
    if (orders.how == "before")
        plan->beforeCall = die;
    if (orders.how == "after")
        plan->afterCall = die;
    return plan;
}

Result<std::size_t> repair(const Orders& orders)
{
    const auto faults = planOf(orders);
    INSPECTOR_TRY(const auto shard, ShardId::parse(orders.shard));
    INSPECTOR_TRY(auto writing, store::openWritableStores(orders.location, nullptr, kJob));
    INSPECTOR_TRY(auto reading, store::openStores(orders.location, nullptr, kJob));
    store::FaultyConsensusWriter consensus(std::move(writing.consensus), faults);
    store::FaultyBlobWriter blob(std::move(writing.blob), faults);
    store::FaultyConsensus readConsensus(std::move(reading.consensus), faults);
    store::FaultyBlob readBlob(std::move(reading.blob), faults);
    if (orders.how == "timer") { // the signal's default ends the program where it is
        const auto us = static_cast<suseconds_t>(orders.number);
        const itimerval moment {{0, 0}, {us / 1'000'000, us % 1'000'000 + 1}};
        ::setitimer(ITIMER_REAL, &moment, nullptr);
    }
    INSPECTOR_TRY(const auto base, edit::readEditBase(readConsensus, readBlob, shard, kJob));
    edit::EditDraft draft;
    draft.collection = "system_configuration";
    draft.key = orders.key;
    draft.value = orders.value;
    INSPECTOR_TRY(const auto plan, edit::planEdit(draft, base));
    edit::RepairOptions options;
    options.journalPath = orders.journal;
    INSPECTOR_TRY(const auto rehearsal, edit::rehearse(plan, readConsensus, readBlob, options, kJob));
    static_cast<void>(rehearsal);
    INSPECTOR_TRY(const auto receipt,
                  edit::commitRepair(plan, {consensus, blob, readConsensus, readBlob}, options, kJob));
    if (receipt.proof != edit::Proof::ReadBack)
        return fail(ErrorCode::Internal, receipt.proofText);
    return faults->calls;
}

} // namespace

int main(int count, char** words)
{
    if (count != 9)
        return 2;
    const Orders orders {
        {words[1], words[2]}, words[3], words[4], words[5], words[6], words[7], std::strtoull(words[8], nullptr, 10)};
    const auto calls = repair(orders);
    if (!calls) {
        std::fprintf(stderr, "%s\n", calls.error().describe().c_str());
        return 1;
    }
    std::printf("%zu\n", *calls);
    return 0;
}
