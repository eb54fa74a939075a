#include "core/demo/environment.h"

#include <algorithm>

namespace inspector::demo {

std::string Environment::databaseNameOf(const Item& item) const
{
    const auto database = schemas[item.schema].database;
    return database == kNone ? std::string() : databases[database].name;
}

Slot Environment::add(Item item)
{
    const auto index = static_cast<Slot>(items.size());
    for (const auto& use : item.uses)
        items[use.item].usedBy.push_back(index);
    if (item.cluster != kNone)
        ++clusters[item.cluster].items;
    schemas[item.schema].names.insert(item.name);
    auto& same = live(item.kind);
    item.place = static_cast<std::uint32_t>(same.size());
    same.push_back(index);
    items.push_back(std::move(item));
    ++liveItemCount;
    return index;
}

void Environment::drop(Slot index)
{
    auto& item = items[index];
    item.isLive = false;
    for (const auto& use : item.uses) {
        auto& users = items[use.item].usedBy;
        if (const auto found = std::find(users.begin(), users.end(), index); found != users.end())
            users.erase(found);
    }
    if (item.cluster != kNone)
        --clusters[item.cluster].items;
    schemas[item.schema].names.erase(item.name);
    auto& same = live(item.kind);
    same[item.place] = same.back();
    items[same[item.place]].place = item.place;
    same.pop_back();
    --liveItemCount;
    // Nobody asks for these again; a demo drops many.
    item.columns = {};
    item.uses = {};
    item.privileges = {};
    item.usedBy = {};
}

} // namespace inspector::demo
