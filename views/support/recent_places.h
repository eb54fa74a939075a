#pragma once

#include "core/inspect/inspector.h"

#include <QString>

#include <vector>

namespace inspector::views {

class Settings;
struct Place;

/// A place that was open lately, without user, password or query string: what is safe to keep in a file.
struct RecentPlace
{
    QString name;
    QString consensusUrl;
    QString blobUrl;
    inspect::ShardChoice shard;
    bool isFile = false; ///< a catalog file: `consensusUrl` is its path

    friend bool operator==(const RecentPlace& a, const RecentPlace& b)
    {
        return a.consensusUrl == b.consensusUrl && a.blobUrl == b.blobUrl && a.shard.by == b.shard.by
            && a.shard.text == b.shard.text;
    }
};

/// Newest first, at most ten.
[[nodiscard]] std::vector<RecentPlace> recentPlaces(const Settings& settings);
/// Puts `place` first. Credentials are cut off here, whatever was passed in.
void rememberPlace(Settings& settings, const RecentPlace& place);

} // namespace inspector::views
