#pragma once

#include "core/demo/ddl.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::demo {

/// How large a demo becomes.
struct Size
{
    std::uint64_t items = 0;     ///< live ones at the end
    std::uint64_t auditRows = 0; ///< at the end
};

/// Where a day's work has to come to.
struct Target
{
    std::uint64_t items = 0;
    std::uint64_t auditRows = 0;
    std::uint64_t changesPercent = 0; ///< of the statements that create nothing; the others are scheduled refreshes
    std::uint64_t fromMs = 0;
    std::uint64_t toMs = 0; ///< events lie in (from, to]
};

/// What happens in the demo's environment from day to day: who creates, changes and drops what. Chosen by dice, with
/// regard to what is there.
class Routine
{
public:
    Routine(Environment& environment, Dice& dice);

    // The beginnings, one transaction each.
    [[nodiscard]] Result<> firstStart(Ddl& ddl);
    [[nodiscard]] Result<> hirePeople(Ddl& ddl);
    [[nodiscard]] Result<> buildClusters(Ddl& ddl);
    [[nodiscard]] Result<> buildSchemas(Ddl& ddl);
    [[nodiscard]] Result<> connect(Ddl& ddl);

    /// Works until the target is reached.
    [[nodiscard]] Result<> work(Ddl& ddl, const Target& target);
    /// The same with nothing but statements of one event each: comes out exactly.
    [[nodiscard]] Result<> settle(Ddl& ddl, const Target& target);

    /// Builds a schema's successor beside it, swaps the two and drops the old one.
    [[nodiscard]] Result<> deployBlueGreen(Ddl& ddl);
    /// Somebody came for three weeks and left.
    [[nodiscard]] Result<> contractorCame(Ddl& ddl);
    [[nodiscard]] Result<> contractorLeft(Ddl& ddl);
    /// A database for an experiment, and its end.
    [[nodiscard]] Result<> beginExperiment(Ddl& ddl);
    [[nodiscard]] Result<> endExperiment(Ddl& ddl);
    /// Somebody looks into a replica, with a view of a session in versions that keep such things.
    [[nodiscard]] Result<> lookAround(Ddl& ddl);

private:
    [[nodiscard]] RoleRef somebody();
    [[nodiscard]] RoleRef someGroup();
    [[nodiscard]] Slot someSchema();
    [[nodiscard]] Slot someCluster();
    [[nodiscard]] Slot someRelation();
    /// A relation whose columns are those of a table; kNone when luck does not find one.
    [[nodiscard]] Slot somePlainRelation();
    [[nodiscard]] Slot someItem();
    [[nodiscard]] std::string freeName(Slot schema, const std::string& wanted);
    [[nodiscard]] RoleRef roleOf(Slot role) const { return userRole(m_environment.roles[role].id); }

    [[nodiscard]] Result<> create(Ddl& ddl, std::uint64_t room);
    [[nodiscard]] Result<> createSchema(Ddl& ddl);
    [[nodiscard]] Result<> createTable(Ddl& ddl, Slot schema);
    [[nodiscard]] Result<> createView(Ddl& ddl, Slot schema, ItemKind kind);
    [[nodiscard]] Result<> createIndex(Ddl& ddl);
    [[nodiscard]] Result<> createSink(Ddl& ddl);
    [[nodiscard]] Result<> createType(Ddl& ddl, Slot schema);
    [[nodiscard]] Result<> createSecretAndConnection(Ddl& ddl, Slot schema, Flavour flavour);
    [[nodiscard]] Result<> createSource(Ddl& ddl, Slot schema, Flavour flavour, std::uint64_t tables);
    [[nodiscard]] Result<> addSourceTable(Ddl& ddl, Slot source);

    [[nodiscard]] Result<> change(Ddl& ddl);
    /// A statement of one event that changes no count.
    [[nodiscard]] Result<> changeSlightly(Ddl& ddl);
    [[nodiscard]] Result<> changeItem(Ddl& ddl);
    /// Nothing but indexes uses what the source feeds.
    [[nodiscard]] bool mayGoAlone(const Item& source) const;
    [[nodiscard]] Result<> dropSomething(Ddl& ddl);
    [[nodiscard]] Result<> tendClusters(Ddl& ddl);
    [[nodiscard]] Result<> tendRoles(Ddl& ddl);
    [[nodiscard]] Result<> refresh(Ddl& ddl, std::uint64_t untilMs);

    Environment& m_environment;
    Dice& m_dice;
    std::vector<Slot> m_people;
    std::vector<Slot> m_groups;
    std::vector<Slot> m_workClusters;
    std::vector<Slot> m_refreshed; ///< clusters that run for refreshes only
    std::vector<Slot> m_workSchemas;
    std::vector<Slot> m_connections[8]; ///< by flavour
    Slot m_database = kNone;            ///< where the next schema goes
    Slot m_burst = kNone;
    Slot m_blueGreen = kNone;
    Slot m_contractor = kNone;
    Slot m_experiment = kNone;
    std::uint64_t m_number = 0;  ///< counts up, for names
    std::uint64_t m_untilMs = 0; ///< of the transaction in hand
};

} // namespace inspector::demo
