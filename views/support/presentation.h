#pragma once

#include "core/base/result.h"

#include <QString>

namespace inspector::views {

/// Where a failure is shown and what is offered (house-style, Errors).
struct Presentation
{
    enum class Place { Nowhere, BesideField, Panel, Banner };
    enum class Offer { Nothing, Reread, Retry, NearestTime, CopyReport };

    Place place = Place::Panel;
    Offer offer = Offer::Nothing;

    friend bool operator==(const Presentation&, const Presentation&) = default;
};

/// Follows from the code alone; `outcomeUnknown` goes before it.
[[nodiscard]] Presentation presentationOf(ErrorCode code, bool outcomeUnknown = false);
[[nodiscard]] Presentation presentationOf(const Error& error);

/// What the button that makes the offer says; empty for Nothing.
[[nodiscard]] QString offerText(Presentation::Offer offer);

/// One or two words for the kind of failure: "Not found", "Unavailable", "Outside the readable range".
[[nodiscard]] QString problemTitle(ErrorCode code);

/// The clause as a sentence for a person: first letter large, a full stop.
[[nodiscard]] QString problemText(const Error& error);

/// All of it, for a report: code, trail and message.
[[nodiscard]] QString problemReport(const Error& error);

} // namespace inspector::views
