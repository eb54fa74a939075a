#pragma once

#include <QByteArray>
#include <QSettings>
#include <QString>
#include <QStringList>
#include <QVariant>

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

/// What is remembered between runs. Losing it loses comfort, never work; connection secrets are no settings.
class Settings
{
public:
    /// The user's own file.
    Settings();
    /// A file of the caller's, for tests and for runs that leave nothing behind.
    explicit Settings(const QString& file);

    template <typename T>
    [[nodiscard]] T value(const SettingKey<T>& key, const QString& part = {}) const
    {
        return m_store->value(nameOf(key.name, part), QVariant::fromValue(key.fallback)).template value<T>();
    }

    template <typename T>
    void setValue(const SettingKey<T>& key, const T& value, const QString& part = {})
    {
        m_store->setValue(nameOf(key.name, part), QVariant::fromValue(value));
    }

private:
    [[nodiscard]] static QString nameOf(const char* name, const QString& part);

    std::unique_ptr<QSettings> m_store;
};

} // namespace inspector::views
