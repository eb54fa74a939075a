#include "views/dialogs/open_url_dialog.h"

#include "core/base/ids.h"
#include "views/support/format.h"
#include "views/support/presentation.h"
#include "views/support/theme.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>
#include <initializer_list>

namespace inspector::views {

namespace {

using By = inspect::ShardChoice::By;

QString tr(const char* text)
{
    return OpenUrlDialog::tr(text);
}

bool startsWithOneOf(const QString& url, std::initializer_list<const char*> schemes)
{
    return std::any_of(schemes.begin(), schemes.end(),
                       [&](const char* scheme) { return url.startsWith(QLatin1String(scheme), Qt::CaseInsensitive); });
}

QWidget* withProblem(QWidget* field, QLabel* problem)
{
    auto* holder = new QWidget(field->parentWidget());
    auto* layout = new QVBoxLayout(holder);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    layout->addWidget(field);
    layout->addWidget(problem);
    return holder;
}

void showProblem(QLineEdit* edit, QLabel* label, const QString& problem)
{
    // An empty field is not wrong yet, only missing.
    const QString shown = edit->text().trimmed().isEmpty() ? QString() : problem;
    label->setText(shown);
    label->setVisible(!shown.isEmpty());
    edit->setProperty("wrong", !shown.isEmpty());
    edit->setAccessibleDescription(shown);
    edit->update();
}

} // namespace

QString consensusProblem(const QString& url)
{
    const QString text = url.trimmed();
    if (text.isEmpty())
        return tr("The consensus URL is missing.");
    if (startsWithOneOf(text, {"mem:"}))
        return {};
    if (!startsWithOneOf(text, {"postgres://", "postgresql://", "sqlite://"}))
        return tr("A consensus URL begins with postgres://, postgresql:// or sqlite://.");
    return text.section(QStringLiteral("://"), 1).isEmpty() ? tr("Something must follow the scheme.") : QString();
}

QString blobProblem(const QString& url)
{
    const QString text = url.trimmed();
    if (text.isEmpty())
        return tr("The blob URL is missing.");
    if (startsWithOneOf(text, {"mem:"}))
        return {};
    if (!startsWithOneOf(text, {"file://", "sqlite://", "s3://"}))
        return tr("A blob URL begins with file://, s3:// or sqlite://.");
    const QString rest = text.section(QStringLiteral("://"), 1);
    if (rest.isEmpty())
        return tr("Something must follow the scheme.");
    if (startsWithOneOf(text, {"file://", "sqlite://"}) && !rest.startsWith(QLatin1Char('/')))
        return tr("The path must be absolute: three slashes after the scheme.");
    return {};
}

QString shardProblem(const inspect::ShardChoice& choice)
{
    const auto problem = [](const auto& parsed) { return parsed ? QString() : problemText(parsed.error()); };
    switch (choice.by) {
    case By::Content:
        return {};
    case By::EnvironmentId:
        return problem(organizationOfEnvironment(choice.text));
    case By::OrganizationId:
        return problem(parseOrganizationId(choice.text));
    case By::ShardId:
        return problem(ShardId::parse(choice.text));
    }
    return {};
}

QString placeName(const inspect::OpenOptions& options)
{
    if (!options.shard.text.empty())
        return textOf(options.shard.text);
    return textOf(store::withoutCredentials(options.location.consensusUrl));
}

OpenUrlDialog::OpenUrlDialog(const inspect::OpenOptions& initial, QWidget* parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("openUrlDialog"));
    setWindowTitle(tr("Open by URL"));
    buildForm(initial);
    judge();
}

void OpenUrlDialog::buildForm(const inspect::OpenOptions& initial)
{
    const auto makeEdit = [this](const QString& name, const QString& hint, const std::string& text) {
        auto* edit = new QLineEdit(this);
        edit->setObjectName(name);
        edit->setPlaceholderText(hint);
        edit->setText(textOf(text));
        edit->setMinimumWidth(460);
        connect(edit, &QLineEdit::textChanged, this, &OpenUrlDialog::judge);
        return edit;
    };
    const auto makeProblem = [this](const QString& name) {
        auto* label = new QLabel(this);
        label->setObjectName(name);
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        QPalette red = label->palette();
        red.setColor(QPalette::WindowText, shadesOf(palette()).danger);
        label->setPalette(red);
        return label;
    };
    m_consensus = makeEdit(QStringLiteral("consensusEdit"), QStringLiteral("postgres://user@host:26257/consensus"),
                           initial.location.consensusUrl);
    m_blob = makeEdit(QStringLiteral("blobEdit"), QStringLiteral("file:///var/lib/persist  or  s3://bucket/prefix"),
                      initial.location.blobUrl);
    m_shard = makeEdit(QStringLiteral("shardEdit"), {}, initial.shard.text);
    m_consensusProblem = makeProblem(QStringLiteral("consensusProblem"));
    m_blobProblem = makeProblem(QStringLiteral("blobProblem"));
    m_shardProblem = makeProblem(QStringLiteral("shardProblem"));
    m_by = new QComboBox(this);
    m_by->setObjectName(QStringLiteral("shardByCombo"));
    m_by->addItem(tr("Find it by its content"));
    m_by->addItem(tr("Environment id"));
    m_by->addItem(tr("Organization id"));
    m_by->addItem(tr("Shard id"));
    m_by->setCurrentIndex(static_cast<int>(initial.shard.by));
    connect(m_by, qOverload<int>(&QComboBox::currentIndexChanged), this, &OpenUrlDialog::judge);
    m_consensus->setAccessibleName(tr("Consensus URL"));
    m_blob->setAccessibleName(tr("Blob URL"));
    m_by->setAccessibleName(tr("How the shard is found"));
    m_shard->setAccessibleName(tr("Id"));

    auto* explanation = new QLabel(tr("Both stores are opened for reading only. Passwords are used for this connection "
                                      "and never stored; ~/.pgpass and service files work as usual."),
                                   this);
    explanation->setWordWrap(true);
    explanation->setForegroundRole(QPalette::PlaceholderText);

    auto* form = new QFormLayout;
    form->setVerticalSpacing(8);
    form->setHorizontalSpacing(12);
    form->addRow(tr("&Consensus:"), withProblem(m_consensus, m_consensusProblem));
    form->addRow(tr("&Blob:"), withProblem(m_blob, m_blobProblem));
    form->addRow(tr("Catalog &shard:"), m_by);
    form->addRow(tr("&Id:"), withProblem(m_shard, m_shardProblem));
    // The holders are no buddies; the fields are.
    qobject_cast<QLabel*>(form->labelForField(m_consensus->parentWidget()))->setBuddy(m_consensus);
    qobject_cast<QLabel*>(form->labelForField(m_blob->parentWidget()))->setBuddy(m_blob);
    qobject_cast<QLabel*>(form->labelForField(m_shard->parentWidget()))->setBuddy(m_shard);

    m_buttons = new QDialogButtonBox(QDialogButtonBox::Open | QDialogButtonBox::Cancel, this);
    m_buttons->button(QDialogButtonBox::Open)->setText(tr("Open Read-only"));
    m_buttons->button(QDialogButtonBox::Open)->setIcon(themedIcon("lock"));
    m_buttons->button(QDialogButtonBox::Open)->setDefault(true);
    connect(m_buttons, &QDialogButtonBox::accepted, this, &OpenUrlDialog::accept);
    connect(m_buttons, &QDialogButtonBox::rejected, this, &OpenUrlDialog::reject);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 16, 16, 14);
    layout->setSpacing(14);
    layout->addWidget(explanation);
    layout->addLayout(form);
    layout->addStretch(1);
    layout->addWidget(m_buttons);
}

inspect::OpenOptions OpenUrlDialog::options() const
{
    inspect::OpenOptions options;
    options.location.consensusUrl = utf8Of(m_consensus->text().trimmed());
    options.location.blobUrl = utf8Of(m_blob->text().trimmed());
    options.shard.by = static_cast<By>(m_by->currentIndex());
    if (options.shard.by != By::Content)
        options.shard.text = utf8Of(m_shard->text().trimmed());
    return options;
}

void OpenUrlDialog::judge()
{
    const inspect::OpenOptions typed = options();
    const bool needsId = typed.shard.by != By::Content;
    m_shard->setEnabled(needsId);
    switch (typed.shard.by) {
    case By::Content:
        m_shard->setPlaceholderText(tr("not needed: the one shard that holds a catalog is opened"));
        break;
    case By::EnvironmentId:
        m_shard->setPlaceholderText(QStringLiteral("aws-us-east-1-1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01-0"));
        break;
    case By::OrganizationId:
        m_shard->setPlaceholderText(QStringLiteral("1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01"));
        break;
    case By::ShardId:
        m_shard->setPlaceholderText(QStringLiteral("scc3717e5-3bea-1e28-2e8b-ec76cd7bfc6d"));
        break;
    }
    const QString consensus = consensusProblem(m_consensus->text());
    const QString blob = blobProblem(m_blob->text());
    const QString shard = shardProblem(typed.shard);
    showProblem(m_consensus, m_consensusProblem, consensus);
    showProblem(m_blob, m_blobProblem, blob);
    showProblem(m_shard, m_shardProblem, needsId ? shard : QString());
    m_buttons->button(QDialogButtonBox::Open)->setEnabled(consensus.isEmpty() && blob.isEmpty() && shard.isEmpty());
}

void OpenUrlDialog::accept()
{
    if (!m_buttons->button(QDialogButtonBox::Open)->isEnabled()) // Enter in a field
        return;
    m_accepted = options();
    QDialog::accept();
}

} // namespace inspector::views
