#include "views/support/settings.h"

#include <utility>

namespace inspector::views {

Settings::Settings()
    : m_store(std::make_unique<QSettings>(QSettings::IniFormat, QSettings::UserScope,
                                          QStringLiteral("catalog-inspector"), QStringLiteral("window")))
{
}

Settings::Settings(const QString& file)
    : m_store(std::make_unique<QSettings>(file, QSettings::IniFormat))
{
}

Settings::~Settings()
{
    save();
}

std::function<void()> Settings::takeSaving()
{
    if (m_unsaved.isEmpty())
        return {};
    QHash<QString, QVariant> values;
    for (const auto& name : std::as_const(m_unsaved))
        values.insert(name, m_changed.value(name));
    m_unsaved.clear();
    return [file = m_store->fileName(), values] {
        QSettings store(file, QSettings::IniFormat);
        for (auto value = values.begin(); value != values.end(); ++value)
            store.setValue(value.key(), value.value());
        store.sync();
    };
}

void Settings::save()
{
    if (const auto saving = takeSaving())
        saving();
}

QString Settings::nameOf(const char* name, const QString& part)
{
    const QString text = QString::fromLatin1(name);
    return text.contains(QLatin1String("%1")) ? text.arg(part) : text;
}

} // namespace inspector::views
