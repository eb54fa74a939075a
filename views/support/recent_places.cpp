#include "views/support/recent_places.h"

#include "views/support/format.h"
#include "views/support/settings.h"

#include <algorithm>

namespace inspector::views {

namespace {

constexpr std::size_t kMostPlaces = 10;
const QChar kSeparator(0x1f); // stands in no URL and no file name that a person types

QString withoutCredentials(const QString& url)
{
    return textOf(store::withoutCredentials(utf8Of(url)));
}

QString encode(const RecentPlace& place)
{
    return QStringList {place.isFile ? QStringLiteral("file") : QStringLiteral("urls"),
                        place.name,
                        place.consensusUrl,
                        place.blobUrl,
                        QString::number(static_cast<int>(place.shard.by)),
                        textOf(place.shard.text)}
        .join(kSeparator);
}

RecentPlace decode(const QString& line)
{
    const QStringList parts = line.split(kSeparator);
    RecentPlace place;
    place.isFile = parts.value(0) == QLatin1String("file");
    place.name = parts.value(1);
    place.consensusUrl = parts.value(2);
    place.blobUrl = parts.value(3);
    const int by = std::clamp(parts.value(4).toInt(), 0, static_cast<int>(inspect::ShardChoice::By::ShardId));
    place.shard.by = static_cast<inspect::ShardChoice::By>(by);
    place.shard.text = utf8Of(parts.value(5));
    return place;
}

} // namespace

std::vector<RecentPlace> recentPlaces(const Settings& settings)
{
    std::vector<RecentPlace> places;
    for (const auto& line : settings.value(settings::kRecentPlaces)) {
        RecentPlace place = decode(line);
        if (!place.consensusUrl.isEmpty() && places.size() < kMostPlaces)
            places.push_back(std::move(place));
    }
    return places;
}

void rememberPlace(Settings& settings, const RecentPlace& place)
{
    RecentPlace safe = place;
    if (!safe.isFile) {
        safe.consensusUrl = withoutCredentials(safe.consensusUrl);
        safe.blobUrl = withoutCredentials(safe.blobUrl);
    }
    QStringList lines {encode(safe)};
    for (const auto& other : recentPlaces(settings)) {
        if (!(other == safe) && static_cast<std::size_t>(lines.size()) < kMostPlaces)
            lines << encode(other);
    }
    settings.setValue(settings::kRecentPlaces, lines);
}

} // namespace inspector::views
