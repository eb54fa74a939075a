#include "views/support/presentation.h"

#include "views/support/format.h"

#include <QCoreApplication>

#include <algorithm>

namespace inspector::views {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("Presentation", text);
}

} // namespace

Presentation presentationOf(ErrorCode code, bool outcomeUnknown)
{
    using Place = Presentation::Place;
    using Offer = Presentation::Offer;

    if (outcomeUnknown)
        return {Place::Banner, Offer::Reread};
    switch (code) {
    case ErrorCode::Cancelled:
        return {Place::Nowhere, Offer::Nothing};
    case ErrorCode::InvalidInput:
        return {Place::BesideField, Offer::Nothing};
    case ErrorCode::NotFound:
    case ErrorCode::Conflict:
        return {Place::Panel, Offer::Reread};
    case ErrorCode::Unavailable:
        return {Place::Panel, Offer::Retry};
    case ErrorCode::OutOfRange:
        return {Place::Panel, Offer::NearestTime};
    case ErrorCode::Corrupt:
    case ErrorCode::Unsupported:
        return {Place::Panel, Offer::Nothing};
    case ErrorCode::ReadOnly:
    case ErrorCode::Fenced:
        return {Place::Banner, Offer::Nothing};
    case ErrorCode::Internal:
        return {Place::Banner, Offer::CopyReport};
    }
    return {};
}

Presentation presentationOf(const Error& error)
{
    return presentationOf(error.code, error.outcomeUnknown);
}

QString offerText(Presentation::Offer offer)
{
    switch (offer) {
    case Presentation::Offer::Nothing:
        return {};
    case Presentation::Offer::Reread:
        return tr("Read again");
    case Presentation::Offer::Retry:
        return tr("Try again");
    case Presentation::Offer::NearestTime:
        return tr("Go to the nearest readable time");
    case Presentation::Offer::CopyReport:
        return tr("Copy report");
    }
    return {};
}

QString problemTitle(ErrorCode code)
{
    switch (code) {
    case ErrorCode::Cancelled:
        return tr("Stopped");
    case ErrorCode::InvalidInput:
        return tr("Not understood");
    case ErrorCode::NotFound:
        return tr("Not found");
    case ErrorCode::Unavailable:
        return tr("Unavailable");
    case ErrorCode::OutOfRange:
        return tr("Outside the readable range");
    case ErrorCode::Corrupt:
        return tr("Damaged");
    case ErrorCode::Unsupported:
        return tr("Not supported");
    case ErrorCode::ReadOnly:
        return tr("Read-only");
    case ErrorCode::Fenced:
        return tr("Fenced");
    case ErrorCode::Conflict:
        return tr("The shard moved");
    case ErrorCode::Internal:
        return tr("A fault in this program");
    }
    return {};
}

QString problemText(const Error& error)
{
    QString text = textOf(error.message);
    if (text.isEmpty())
        return problemTitle(error.code);
    // A word is capitalised; a name, a number or a host stays as it is written.
    const QString first = text.section(QLatin1Char(' '), 0, 0);
    if (std::all_of(first.begin(), first.end(), [](QChar character) { return character.isLower(); }))
        text[0] = text.at(0).toUpper();
    if (!text.endsWith(QLatin1Char('.')) && !text.endsWith(QLatin1Char('?')) && !text.endsWith(QLatin1Char('!')))
        text += QLatin1Char('.');
    return text;
}

QString problemReport(const Error& error)
{
    return QStringLiteral("%1: %2").arg(problemTitle(error.code), textOf(error.describe()));
}

} // namespace inspector::views
