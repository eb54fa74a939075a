// The changes of a version of a shard's state, for a person who must agree to them.

#include "core/edit/repair.h"
#include "core/persist/decode.h"

#include <utility>

namespace inspector::edit {

namespace {

using persist::ChangeType;
using persist::FieldDiff;
using persist::StateField;

std::string verbOf(ChangeType type)
{
    switch (type) {
    case ChangeType::Insert:
        return "insert ";
    case ChangeType::Update:
        return "update ";
    case ChangeType::Delete:
        break;
    }
    return "delete ";
}

template <typename Decoded, typename Describe>
std::string describe(const Result<Decoded>& decoded, const Describe& text)
{
    return decoded ? text(*decoded) : "(" + decoded.error().message + ")";
}

std::string textOfText(const Result<std::string>& text)
{
    return describe(text, [](const std::string& value) { return "'" + value + "'"; });
}

std::string textOfBatch(const SharedBytes& slice)
{
    return describe(persist::decodeBatch(slice), [](const persist::BatchPtr& batch) {
        auto text = persist::textOf(batch->description) + ", " + std::to_string(batch->length) + " updates";
        for (const auto& part : batch->parts) {
            const auto* inlined = std::get_if<persist::InlinePart>(&part.content);
            text += ", "
                + (inlined != nullptr ? "inline, " + std::to_string(inlined->bytes.size()) + " bytes" : part.name());
        }
        return text;
    });
}

std::string textOfId(const SharedBytes& slice)
{
    return describe(persist::decodeSpineId(slice), [](persist::SpineId id) { return persist::textOf(id); });
}

std::string textOfPlace(const SharedBytes& slice)
{
    return describe(persist::decodeSpineBatch(slice), [](const persist::SpineBatch& place) {
        return "level " + std::to_string(place.level) + ", " + persist::textOf(place.description) + ", "
            + std::to_string(place.parts.size()) + (place.parts.size() == 1 ? " batch" : " batches");
    });
}

std::string textOfMerge(const SharedBytes& slice)
{
    return describe(persist::decodeMerge(slice), [](const persist::Merge& merge) {
        return std::to_string(merge.remainingWork) + " updates left to merge";
    });
}

std::string textOfWriter(const SharedBytes& slice)
{
    return describe(persist::decodeWriter(slice), [](const persist::Writer& writer) {
        return writer.debug ? writer.debug->hostname + ", " + writer.debug->purpose : std::string("unnamed");
    });
}

/// "insert NAME KEY: VALUE"; an update shows both values.
template <typename TextOf>
std::string valued(const FieldDiff& change, const std::string& name, const std::string& key, const TextOf& textOf)
{
    auto text = verbOf(change.type) + name + (key.empty() ? "" : " " + key) + ": ";
    if (change.type != ChangeType::Insert)
        text += textOf(change.oldValue);
    if (change.type == ChangeType::Update)
        text += " becomes ";
    if (change.type != ChangeType::Delete)
        text += textOf(change.newValue);
    return text;
}

std::string textOf(const FieldDiff& change)
{
    switch (change.field) {
    case StateField::Hostname:
        return valued(change, "host name", {},
                      [](const SharedBytes& slice) { return textOfText(persist::decodeTextSlice(slice)); });
    case StateField::Writers:
        return valued(change, "writer",
                      describe(persist::decodeTextSlice(change.key), [](const std::string& id) { return id; }),
                      textOfWriter);
    case StateField::LegacyBatches:
        return verbOf(change.type) + "batch " + textOfBatch(change.key);
    case StateField::HollowBatches:
        return valued(change, "hollow batch", textOfId(change.key), textOfBatch);
    case StateField::SpineBatches:
        return valued(change, "spine batch", textOfId(change.key), textOfPlace);
    case StateField::SpineMerges:
        return valued(change, "merge", textOfId(change.key), textOfMerge);
    default:
        break;
    }
    return verbOf(change.type) + "field " + std::to_string(static_cast<int>(change.field));
}

} // namespace

std::vector<std::string> describeChanges(const persist::StateDiff& version)
{
    std::vector<std::string> lines;
    lines.reserve(version.changes.size());
    for (const auto& change : version.changes)
        lines.push_back(textOf(change));
    return lines;
}

} // namespace inspector::edit
