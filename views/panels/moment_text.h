#pragma once

#include <QString>

namespace inspector::views {

class Session;

/// How the moment on screen is named everywhere.
struct MomentText
{
    QString text;        ///< "Latest · as of 41 · v72 · exact"
    QString explanation; ///< in sentences
    bool isLatest = true;
};

/// Empty while nothing was read.
[[nodiscard]] MomentText momentText(const Session& session);

} // namespace inspector::views
