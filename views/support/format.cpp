#include "views/support/format.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <array>

namespace inspector::views {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("Format", text);
}

constexpr std::uint64_t kFirstWallClock = 1'000'000'000'000;
constexpr std::int64_t kLastPrintableMs = 253'402'300'799'999; // 9999-12-31 23:59:59.999

} // namespace

QString textOf(std::string_view utf8)
{
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

std::string utf8Of(const QString& text)
{
    const QByteArray utf8 = text.toUtf8();
    return {utf8.constData(), static_cast<std::size_t>(utf8.size())};
}

QString formatCount(std::uint64_t count)
{
    QString digits = QString::number(count);
    for (qsizetype i = digits.size() - 3; i > 0; i -= 3)
        digits.insert(i, QLatin1Char(','));
    return digits;
}

QString formatRows(std::uint64_t count)
{
    return count == 1 ? tr("1 row") : tr("%1 rows").arg(formatCount(count));
}

QString formatSize(std::uint64_t bytes)
{
    if (bytes < 1024)
        return tr("%1 B").arg(bytes);
    static constexpr std::array kUnits {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = static_cast<double>(bytes) / 1024.0;
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < kUnits.size()) {
        value /= 1024.0;
        ++unit;
    }
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return QStringLiteral("%1 %2").arg(QString::number(value, 'f', decimals), QLatin1String(kUnits.at(unit)));
}

QString formatUtc(std::int64_t walltimeMs)
{
    if (walltimeMs < 0 || walltimeMs > kLastPrintableMs)
        return {};
    return QDateTime::fromMSecsSinceEpoch(walltimeMs, Qt::UTC).toString(QStringLiteral("yyyy-MM-dd HH:mm:ss.zzz"))
        + QStringLiteral(" UTC");
}

bool isWallClock(Timestamp time)
{
    return time.value() >= kFirstWallClock && time.value() <= static_cast<std::uint64_t>(kLastPrintableMs);
}

QString formatTime(Timestamp time)
{
    if (!isWallClock(time))
        return QString::number(time.value());
    return QStringLiteral("%1 (%2)").arg(QString::number(time.value()),
                                         formatUtc(static_cast<std::int64_t>(time.value())));
}

QString formatShortTime(Timestamp time)
{
    if (!isWallClock(time))
        return QString::number(time.value());
    return formatUtc(static_cast<std::int64_t>(time.value())).remove(QStringLiteral(".000"));
}

QString formatTime(const std::optional<Timestamp>& time)
{
    return time ? formatTime(*time) : tr("none");
}

QString formatSeqno(SeqNo seqno)
{
    return QStringLiteral("v%1").arg(seqno.value());
}

QString formatDiff(std::int64_t diff)
{
    return diff > 0 ? QStringLiteral("+%1").arg(diff) : QString::number(diff);
}

QString formatDuration(std::int64_t microseconds)
{
    if (microseconds < 1000)
        return tr("%1 µs").arg(microseconds);
    if (microseconds < 1'000'000)
        return tr("%1 ms").arg(
            QString::number(static_cast<double>(microseconds) / 1000.0, 'f', microseconds < 10'000 ? 1 : 0));
    const std::int64_t seconds = microseconds / 1'000'000;
    if (seconds < 60)
        return tr("%1 s").arg(QString::number(static_cast<double>(microseconds) / 1e6, 'f', 1));
    return tr("%1 min %2 s").arg(seconds / 60).arg(seconds % 60);
}

QString formatAge(std::int64_t milliseconds)
{
    const std::int64_t seconds = milliseconds / 1000;
    if (seconds < 1)
        return tr("just now");
    if (seconds < 60)
        return tr("%1 s").arg(seconds);
    if (seconds < 3600)
        return tr("%1 min").arg(seconds / 60);
    if (seconds < 48 * 3600)
        return tr("%1 h").arg(seconds / 3600);
    return tr("%1 days").arg(formatCount(static_cast<std::uint64_t>(seconds / 86400)));
}

QString formatMoment(const inspect::Moment& moment)
{
    switch (moment.kind) {
    case inspect::Moment::Kind::Latest:
        return tr("Latest");
    case inspect::Moment::Kind::AsOf:
        return tr("As of %1").arg(formatShortTime(Timestamp(moment.value)));
    case inspect::Moment::Kind::AtSeqno:
        return tr("At v%1").arg(moment.value);
    }
    return {};
}

QString formatCertainty(persist::Certainty certainty)
{
    switch (certainty) {
    case persist::Certainty::Exact:
        return tr("exact");
    case persist::Certainty::Rounded:
        return tr("rounded up by compaction");
    }
    return {};
}

QString oneLine(const QString& text, int limit)
{
    QString line = text.left(limit + 1);
    const bool cut = line.size() > limit;
    if (cut)
        line.truncate(limit);
    for (auto& character : line) {
        if (character == QLatin1Char('\n') || character == QLatin1Char('\r') || character == QLatin1Char('\t')
            || character == QChar::LineSeparator || character == QChar::ParagraphSeparator)
            character = QLatin1Char(' ');
    }
    if (cut)
        line.append(QChar(0x2026));
    return line;
}

QString oneLine(std::string_view utf8, int limit)
{
    const auto most = static_cast<std::size_t>(limit) * 4 + 4; // bytes that `limit` characters may take
    return oneLine(textOf(utf8.substr(0, most)), limit);
}

QString hexDump(BytesView bytes, std::size_t limitBytes)
{
    constexpr std::size_t kPerLine = 16;
    static constexpr char kDigits[] = "0123456789abcdef";
    const BytesView shown = bytes.first(std::min(bytes.size(), limitBytes));
    std::string dump;
    dump.reserve((shown.size() / kPerLine + 2) * 80);
    for (std::size_t offset = 0; offset < shown.size(); offset += kPerLine) {
        for (int shift = 28; shift >= 0; shift -= 4)
            dump.push_back(kDigits[(offset >> shift) & 0xfU]);
        dump.append("  ");
        for (std::size_t i = 0; i < kPerLine; ++i) {
            if (offset + i < shown.size()) {
                const auto byte = std::to_integer<unsigned>(shown[offset + i]);
                dump.push_back(kDigits[byte >> 4U]);
                dump.push_back(kDigits[byte & 0xfU]);
                dump.push_back(' ');
            } else {
                dump.append("   ");
            }
            if (i == kPerLine / 2 - 1)
                dump.push_back(' ');
        }
        dump.append(" |");
        for (std::size_t i = 0; i < kPerLine && offset + i < shown.size(); ++i) {
            const auto byte = std::to_integer<unsigned char>(shown[offset + i]);
            dump.push_back(byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.');
        }
        dump.append("|\n");
    }
    QString text = QString::fromLatin1(dump.data(), static_cast<qsizetype>(dump.size()));
    if (shown.size() < bytes.size())
        text += tr("… and %1 more").arg(formatSize(bytes.size() - shown.size()));
    return text;
}

} // namespace inspector::views
