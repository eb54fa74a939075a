#pragma once

#include <qnamespace.h>

namespace inspector::views {

/// What a delegate or a copy action asks of any model here, besides Qt's own roles.
enum ItemRole : int {
    FullTextRole = Qt::UserRole, ///< QString: the whole cell, line breaks and all; without it DisplayRole is whole
    DiffRole,                    ///< qint64
    CertaintyRole,               ///< int: persist::Certainty
    NumericRole,                 ///< bool: a number, in digits of one width
    SecretRole,                  ///< bool: masked
    UpdateRole,                  ///< bool: tells about the update, not about the row
    EmphasisRole,                ///< bool: stands out: the live one, the one that the window stands on
    ProblemRole,                 ///< bool: something is wrong with it
    FaintRole,                   ///< bool: of second rank, such as an empty collection
    FirstModelRole = Qt::UserRole + 100, ///< from here on a model's own
};

} // namespace inspector::views
