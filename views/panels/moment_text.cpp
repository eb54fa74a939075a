#include "views/panels/moment_text.h"

#include "views/support/format.h"
#include "views/support/session.h"

#include <QCoreApplication>

namespace inspector::views {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("MomentText", text);
}

} // namespace

MomentText momentText(const Session& session)
{
    const auto& snapshot = session.snapshot();
    if (!snapshot)
        return {};
    using Kind = inspect::Moment::Kind;
    const QString asOf = formatShortTime(snapshot->asOf());
    const QString seqno = formatSeqno(snapshot->seqno());
    MomentText text;
    text.isLatest = snapshot->moment().kind == Kind::Latest;
    switch (snapshot->moment().kind) {
    case Kind::Latest:
        text.text = tr("Latest · as of %1 · %2 · exact").arg(asOf, seqno);
        text.explanation = tr("The newest moment when the state was last read: as of %1, in state %2.")
                               .arg(formatTime(snapshot->asOf()), seqno);
        break;
    case Kind::AsOf:
        text.text = tr("As of %1 · exact").arg(asOf);
        text.explanation = tr("The past: what the catalog held as of %1, read from state %2.")
                               .arg(formatTime(snapshot->asOf()), seqno);
        break;
    case Kind::AtSeqno:
        text.text = tr("At %1 · as of %2 · exact").arg(seqno, asOf);
        text.explanation =
            tr("The past: what a reader of state %1 saw, as of %2.").arg(seqno, formatTime(snapshot->asOf()));
        break;
    }
    text.explanation += QLatin1Char('\n') + tr("The rows are exact: the moment lies inside the readable range.");
    if (session.timeline() && session.timeline()->exactFrom > Timestamp(0))
        text.explanation += QLatin1Char('\n')
            + tr("When rows were written is exact from %1 on; earlier times were rounded up by compaction.")
                  .arg(formatTime(session.timeline()->exactFrom));
    return text;
}

} // namespace inspector::views
