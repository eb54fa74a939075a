#pragma once

#include <QByteArray>
#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QProcess>
#include <QString>
#include <QStringList>

namespace inspector::tests {

/// The shards that the real system wrote, and what it answered about them.
class FixtureShards
{
public:
    static QStringList names() { return QDir(root()).entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name); }

    /// The catalog file of a shard; a compressed one is unpacked into the build folder once.
    static QString catalogFile(const QString& shard)
    {
        const auto plain = root() + "/" + shard + "/catalog.mzcat";
        if (QFile::exists(plain))
            return plain;
        const QDir folder(QStringLiteral(INSPECTOR_BUILD) + "/fixture_shards");
        folder.mkpath(".");
        const auto unpacked = folder.filePath(shard + ".mzcat");
        if (!QFile::exists(unpacked)) {
            const auto half = unpacked + "." + QString::number(QCoreApplication::applicationPid());
            QProcess xz;
            xz.setStandardOutputFile(half);
            xz.start("xz", {"-dc", plain + ".xz"});
            if (!xz.waitForFinished(120'000) || xz.exitCode() != 0)
                return {};
            QFile::rename(half, unpacked);
        }
        return unpacked;
    }

    /// The expected files of a shard whose names match, such as "raw.*.as_of.*".
    static QStringList expectedFiles(const QString& shard, const QString& pattern)
    {
        return QDir(root() + "/" + shard + "/expected").entryList({pattern}, QDir::Files, QDir::Name);
    }

    /// The content of an expected file, unpacked where it is compressed; null when there is none. The name is given
    /// without .gz or .xz.
    static QByteArray expected(const QString& shard, const QString& name)
    {
        const auto path = root() + "/" + shard + "/expected/" + name;
        QFile plain(path);
        if (plain.open(QIODevice::ReadOnly))
            return plain.readAll();
        for (const auto& [ending, program] : {std::pair {".gz", "gzip"}, std::pair {".xz", "xz"}}) {
            if (!QFile::exists(path + ending))
                continue;
            QProcess unpack;
            unpack.start(program, {"-dc", path + ending});
            if (unpack.waitForFinished(120'000) && unpack.exitCode() == 0)
                return unpack.readAllStandardOutput();
        }
        return {};
    }

    /// `name` without .gz or .xz.
    static QString withoutPacking(QString name)
    {
        for (const auto* ending : {".gz", ".xz"}) {
            if (name.endsWith(ending))
                name.chop(3);
        }
        return name;
    }

private:
    static QString root() { return QStringLiteral(INSPECTOR_FIXTURES) + "/shards"; }
};

} // namespace inspector::tests
