#pragma once

#include <QByteArray>
#include <QHash>
#include <QSet>
#include <QSettings>
#include <QString>
#include <QStringList>
#include <QVariant>

#include <functional>
#include <memory>

namespace inspector::views {

/// A setting's name, type and default in one place. Nothing else reads QSettings by string.
template <typename T>
struct SettingKey
{
    const char* name;
    T fallback;
};

namespace settings {

inline const SettingKey<QByteArray> kWindowGeometry {"window/geometry", {}};
inline const SettingKey<QByteArray> kWindowLayout {"window/layout", {}};
inline const SettingKey<QString> kTheme {"window/theme", QStringLiteral("system")};
inline const SettingKey<QStringList> kRecentPlaces {"recent/places", {}};
inline const SettingKey<QString> kLastFolder {"recent/folder", {}};
inline const SettingKey<QString> kLastCollection {"entries/collection", QStringLiteral("item")};
/// One per table, `%1` is its name: visible order, width and visibility of its columns.
inline const SettingKey<QStringList> kColumns {"columns/%1", {}};

} // namespace settings

/// What is remembered between runs. Losing it loses comfort, never work; connection secrets are no settings. A change
/// is kept in memory until it is saved: writing a file waits for the disk, which the window does not.
class Settings
{
public:
    /// The user's own file.
    Settings();
    /// A file of the caller's, for tests and for runs that leave nothing behind.
    explicit Settings(const QString& file);
    /// Saves what was not saved.
    ~Settings();
    Settings(const Settings&) = delete;
    Settings& operator=(const Settings&) = delete;

    template <typename T>
    [[nodiscard]] T value(const SettingKey<T>& key, const QString& part = {}) const
    {
        const QString name = nameOf(key.name, part);
        const auto changed = m_changed.constFind(name);
        if (changed != m_changed.constEnd())
            return changed->template value<T>();
        return m_store->value(name, QVariant::fromValue(key.fallback)).template value<T>();
    }

    template <typename T>
    void setValue(const SettingKey<T>& key, const T& value, const QString& part = {})
    {
        const QString name = nameOf(key.name, part);
        m_changed.insert(name, QVariant::fromValue(value));
        m_unsaved.insert(name);
    }

    /// What writes the unsaved changes to the file, on whatever thread it is called; nothing when there are none.
    [[nodiscard]] std::function<void()> takeSaving();
    /// Writes them here and now.
    void save();

private:
    [[nodiscard]] static QString nameOf(const char* name, const QString& part);

    std::unique_ptr<QSettings> m_store; ///< as the file was at the start
    QHash<QString, QVariant> m_changed;
    QSet<QString> m_unsaved;
};

} // namespace inspector::views
