#pragma once

#include "core/catalog/pretty.h"
#include "core/catalog/typed_row.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace inspector::fuzz {

/// Ends the run when a promise is broken.
inline void hold(bool promise)
{
    if (!promise)
        std::abort();
}

/// What holds for a row of any bytes at all, in either form.
inline void checkRow(codec::StoredRow row)
{
    codec::JsonTape tape;
    const auto kind = codec::kindOf(row);
    if (!tape.parse(row).has_value()) {
        hold(tape.nodes().empty());
        return;
    }
    if (!kind.empty()) {
        const auto& nodes = tape.nodes();
        bool isThere = false;
        for (auto child = std::uint32_t {1}; child < nodes[0].next; child = nodes[child].next)
            isThere = isThere || (nodes[child].name == "kind" && nodes[child].text == kind);
        hold(isThere);
    }
    // Canonical JSON is a fixed point, and so are the bytes of what was encoded once.
    std::string json;
    tape.appendJson(0, json);
    codec::JsonTape again;
    hold(again.parseJson(json).has_value());
    std::string jsonAgain;
    again.appendJson(0, jsonAgain);
    hold(json == jsonAgain);
    const auto bytes = codec::sourceDataOf(tape);
    hold(bytes.has_value() == codec::datumBytesOf(tape).has_value());
    if (bytes.has_value()) {
        const auto text = textOf(*bytes);
        const codec::StoredRow encoded {text.data(), static_cast<std::uint32_t>(text.size()),
                                        codec::RowForm::SourceData};
        hold(again.parse(encoded).has_value());
        const auto bytesAgain = codec::sourceDataOf(again);
        hold(bytesAgain.has_value() && *bytesAgain == *bytes);
        hold(again.nodes().size() == tape.nodes().size());
    }
    std::string pretty;
    tape.appendPrettyJson(0, pretty);
    hold(again.parseJson(pretty).has_value());
}

/// What holds for a row that is read with the types of a version.
inline void checkTypedRow(codec::StoredRow row, catalog::RowTyper& typer)
{
    if (!typer.read(row).has_value())
        return;
    const auto misfits = typer.misfits();
    const bool isFatal =
        std::any_of(misfits.begin(), misfits.end(), [](const catalog::Misfit& misfit) { return misfit.isFatal; });
    const bool isExtra = std::any_of(misfits.begin(), misfits.end(), [](const catalog::Misfit& misfit) {
        return misfit.kind == catalog::MisfitKind::ExtraField;
    });
    catalog::TextBuffer text;
    const bool isWritten = typer.appendTraceLine(1, -1, text);
    hold(isWritten == typer.appendDumpEntry(1, -1, text));
    hold(isWritten || text.size() == 0);
    if (typer.collection() != nullptr) {
        hold(!(isWritten && isFatal) || typer.hasExtraFields()); // a repeated field beside key and value is kept
        hold(isWritten || isFatal);
        hold(!isWritten || !isExtra || typer.hasExtraFields());
    }
    if (isWritten) {
        codec::JsonTape line;
        const auto end = text.text().find('\n');
        hold(line.parseJson(text.text().substr(0, end)).has_value());
    }
    const auto hidden = catalog::rowJson(typer, catalog::Reveal::No);
    codec::JsonTape tape;
    hold(tape.parseJson(hidden).has_value());
    hold(tape.parseJson(catalog::prettyRowJson(typer, catalog::Reveal::No)).has_value());
    static_cast<void>(catalog::titleOf(typer, {}));
    static_cast<void>(catalog::decodedTree(typer, {}, catalog::Reveal::No));
}

/// Both of the above, with types of either shape.
inline void checkAll(const std::uint8_t* data, std::size_t size, codec::RowForm form)
{
    static catalog::RowTyper proto(catalog::RowSchema::nearest(72));
    static catalog::RowTyper serde(catalog::RowSchema::nearest(92));
    const codec::StoredRow row {reinterpret_cast<const char*>(data), static_cast<std::uint32_t>(size), form};
    checkRow(row);
    checkTypedRow(row, proto);
    checkTypedRow(row, serde);
}

} // namespace inspector::fuzz
