#include "core/inspect/typed_rows.h"

#include "core/catalog/consolidate.h"
#include "core/catalog/unopened_catalog.h"

#include <algorithm>

namespace inspector::inspect {

namespace {

/// Some of the updates, as updates of their own.
persist::UpdateList select(const persist::Updates& updates, const std::vector<std::uint32_t>& indices)
{
    auto selected = std::make_shared<persist::Updates>();
    selected->commonTime = updates.commonTime;
    selected->owners = updates.owners;
    for (const auto i : indices) {
        selected->rows.push_back(updates.rows[i]);
        selected->diffs.push_back(updates.diffOf(i));
    }
    return selected;
}

/// The sums of some of the updates. Names and versions are a help for reading: what cannot be summed has none.
persist::UpdateList sumsOf(const persist::Updates& updates, const std::vector<std::uint32_t>& indices)
{
    auto sums = catalog::consolidate(select(updates, indices), Job());
    return sums ? *std::move(sums) : std::make_shared<const persist::Updates>();
}

} // namespace

Result<std::shared_ptr<const TypedRows>> TypedRows::make(persist::UpdateList updates, const Job& job,
                                                         std::optional<std::uint64_t> version)
{
    const std::shared_ptr<TypedRows> rows(new TypedRows());
    INSPECTOR_TRY(rows->m_groups, catalog::groupByCollection(std::move(updates), job));
    const auto& configs = rows->m_groups.of(catalog::CollectionType::Config);
    rows->m_catalogVersion = catalog::UnopenedCatalog(*sumsOf(rows->updates(), configs)).userVersion();
    if (!rows->m_catalogVersion)
        rows->m_catalogVersion = version;
    rows->m_schemas.push_back(catalog::RowSchema::nearest(rows->m_catalogVersion.value_or(catalog::kNewestVersion)));
    for (const auto config : configs) {
        // Every version that a row of this history was written in stood in a Config row of its own.
        if (rows->updates().diffOf(config) == 1)
            continue;
        auto one = std::make_shared<persist::Updates>();
        one->rows.push_back(rows->updates().rows[config]);
        const auto before = catalog::UnopenedCatalog(*one).userVersion();
        if (!before)
            continue;
        auto schema = catalog::RowSchema::nearest(*before);
        const bool isNew = std::none_of(rows->m_schemas.begin(), rows->m_schemas.end(),
                                        [&](const auto& known) { return known->version() == schema->version(); });
        if (isNew)
            rows->m_schemas.push_back(std::move(schema));
    }
    return std::shared_ptr<const TypedRows>(rows);
}

const catalog::NameIndex& TypedRows::names() const
{
    std::call_once(m_namesOnce, [this] {
        std::vector<std::uint32_t> named;
        for (const auto& collection : catalog::collections()) {
            if (collection.isLarge)
                continue;
            const auto& indices = m_groups.of(collection.type);
            named.insert(named.end(), indices.begin(), indices.end());
        }
        m_names = catalog::NameIndex(*sumsOf(updates(), named), m_schemas.front());
        m_hasNames.store(true, std::memory_order_release);
    });
    return m_names;
}

const catalog::NameIndex& TypedRows::namesSoFar() const
{
    return m_hasNames.load(std::memory_order_acquire) ? m_names : m_noNames;
}

VersionedTyper::VersionedTyper(const TypedRows& rows)
{
    for (const auto& schema : rows.schemas())
        m_typers.push_back(std::make_unique<catalog::RowTyper>(schema));
}

Result<catalog::RowTyper*> VersionedTyper::read(codec::StoredRow row)
{
    INSPECTOR_CHECK(m_typers.front()->read(row));
    return m_typers.front().get();
}

} // namespace inspector::inspect
