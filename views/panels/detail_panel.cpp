#include "views/panels/detail_panel.h"

#include "views/delegates/row_delegate.h"
#include "views/models/detail_model.h"
#include "views/support/format.h"
#include "views/support/job_runner.h"
#include "views/support/theme.h"
#include "views/widgets/busy_bar.h"
#include "views/widgets/elided_label.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/json_view.h"
#include "views/widgets/moment_label.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QSplitter>
#include <QStackedLayout>
#include <QTabWidget>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

#include <utility>

namespace inspector::views {

DetailPanel::DetailPanel(JobRunner& computing, QWidget* parent)
    : QWidget(parent)
    , m_load(new JobSlot(computing, this))
    , m_model(new DetailModel(this))
    , m_title(new ElidedLabel(Qt::ElideMiddle, this))
    , m_facts(new QLabel(this))
    , m_problem(new QLabel(this))
    , m_moment(new MomentLabel(this))
    , m_reveal(new QToolButton(this))
    , m_copy(new QToolButton(this))
    , m_tabs(new QTabWidget(this))
    , m_tree(new QTreeView(this))
    , m_json(new JsonView(JsonView::Language::Json, this))
    , m_hex(new JsonView(JsonView::Language::Plain, this))
    , m_bytesPage(new QWidget(this))
    , m_bytesHidden(new EmptyState(this))
    , m_showBytes(new QToolButton(this))
    , m_origin(new QLabel(this))
    , m_empty(new EmptyState(this))
    , m_busy(new BusyBar(this))
{
    setObjectName(QStringLiteral("detailPanel"));
    buildLayout();
    m_busy->watch(m_load);
    connect(m_reveal, &QToolButton::clicked, this, [this] { setRevealed(!m_revealed); });
    connect(m_copy, &QToolButton::clicked, this, [this] {
        if (m_detail)
            QApplication::clipboard()->setText(textOf(m_detail->json));
    });
    connect(m_showBytes, &QToolButton::clicked, this, [this] {
        m_bytesAsked = true;
        showBytes();
    });
    clear(tr("No entry is chosen"), tr("Choose a row in Entries or Trace."));
}

DetailPanel::~DetailPanel() = default;

void DetailPanel::buildLayout()
{
    m_title->setObjectName(QStringLiteral("detailTitle"));
    QFont bold = m_title->font();
    bold.setPointSizeF(bold.pointSizeF() * 1.15);
    bold.setWeight(QFont::DemiBold);
    m_title->setFont(bold);
    for (auto* label : {m_facts, m_problem, m_origin}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    }
    m_facts->setForegroundRole(QPalette::PlaceholderText);
    m_facts->setObjectName(QStringLiteral("detailFacts"));
    m_problem->setObjectName(QStringLiteral("detailProblem"));
    m_origin->setForegroundRole(QPalette::PlaceholderText);
    m_origin->setContentsMargins(8, 4, 8, 4);
    m_reveal->setObjectName(QStringLiteral("revealButton"));
    m_reveal->setIcon(themedIcon("reveal"));
    m_reveal->setAutoRaise(true);
    m_reveal->setCheckable(true);
    m_reveal->setToolTip(tr("Show what is masked, until another entry is chosen"));
    m_reveal->setAccessibleName(tr("Reveal secrets"));
    m_copy->setObjectName(QStringLiteral("copyJsonButton"));
    m_copy->setIcon(themedIcon("copy"));
    m_copy->setAutoRaise(true);
    m_copy->setToolTip(tr("Copy the canonical JSON"));
    m_copy->setAccessibleName(tr("Copy JSON"));

    m_tree->setObjectName(QStringLiteral("detailTree"));
    m_tree->setAccessibleName(tr("Decoded fields"));
    m_tree->setModel(m_model);
    m_tree->setItemDelegate(new RowDelegate(m_tree));
    m_tree->setFrameShape(QFrame::NoFrame);
    m_tree->setUniformRowHeights(true);
    m_tree->setAlternatingRowColors(true);
    m_tree->header()->setStretchLastSection(true);
    m_json->setObjectName(QStringLiteral("detailJson"));
    m_json->setAccessibleName(tr("JSON"));
    m_hex->setObjectName(QStringLiteral("detailHex"));
    m_hex->setAccessibleName(tr("Stored bytes"));
    m_showBytes->setObjectName(QStringLiteral("showBytesButton"));
    m_showBytes->setText(tr("Show Stored Bytes"));
    m_showBytes->setIcon(themedIcon("reveal"));
    m_showBytes->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);

    auto* hidden = new QWidget(this);
    hidden->setAutoFillBackground(true);
    hidden->setBackgroundRole(QPalette::Base);
    auto* hiddenLayout = new QVBoxLayout(hidden);
    hiddenLayout->setContentsMargins(0, 0, 0, 16);
    hiddenLayout->addWidget(m_bytesHidden, 1);
    hiddenLayout->addWidget(m_showBytes, 0, Qt::AlignHCenter);
    m_bytesHidden->say(QStringLiteral("lock"), tr("Bytes are not masked"),
                       tr("This entry holds a secret. Its stored bytes show it as it is."));
    m_byteStack = new QStackedLayout;
    m_byteStack->addWidget(m_hex);
    m_byteStack->addWidget(hidden);
    auto* bytesLayout = new QVBoxLayout(m_bytesPage);
    bytesLayout->setContentsMargins(0, 0, 0, 0);
    bytesLayout->setSpacing(0);
    bytesLayout->addWidget(m_origin);
    bytesLayout->addLayout(m_byteStack, 1);

    m_tabs->setDocumentMode(true);
    m_tabs->setObjectName(QStringLiteral("detailTabs"));
    m_tabs->addTab(m_json, tr("JSON"));
    m_tabs->addTab(m_bytesPage, tr("Stored Bytes"));
    auto* splitter = new QSplitter(Qt::Vertical, this);
    splitter->setObjectName(QStringLiteral("detailSplitter"));
    splitter->addWidget(m_tree);
    splitter->addWidget(m_tabs);
    splitter->setChildrenCollapsible(false);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);

    auto* head = new QHBoxLayout;
    head->setContentsMargins(10, 8, 6, 0);
    head->addWidget(m_title, 1);
    head->addWidget(m_reveal, 0, Qt::AlignTop);
    head->addWidget(m_copy, 0, Qt::AlignTop);
    auto* momentRow = new QHBoxLayout;
    momentRow->setContentsMargins(10, 4, 8, 6);
    momentRow->addWidget(m_moment);
    momentRow->addStretch();
    m_facts->setContentsMargins(10, 2, 8, 0);
    m_problem->setContentsMargins(10, 2, 8, 2);
    auto* page = new QWidget(this);
    auto* pageLayout = new QVBoxLayout(page);
    pageLayout->setContentsMargins(0, 0, 0, 0);
    pageLayout->setSpacing(0);
    pageLayout->addLayout(head);
    pageLayout->addWidget(m_facts);
    pageLayout->addWidget(m_problem);
    pageLayout->addLayout(momentRow);
    pageLayout->addWidget(splitter, 1);

    m_stack = new QStackedLayout;
    m_stack->addWidget(page);
    m_stack->addWidget(m_empty);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(m_stack, 1);
    layout->addWidget(m_busy);
    setFocusProxy(m_tree);
}

void DetailPanel::show(Of of, const inspect::TablePtr& table, std::uint32_t row, const QString& moment, bool isLatest)
{
    std::string identity = table->identity(row);
    if (identity != m_identity) {
        m_revealed = false; // what was revealed was another entry
        m_bytesAsked = false;
    }
    m_identity = std::move(identity);
    m_load->runner().discard(std::exchange(m_table, table));
    m_row = row;
    m_of = of;
    m_momentText = moment;
    m_isLatest = isLatest;
    ask();
}

void DetailPanel::ask()
{
    m_load->ask(
        tr("Decoding the entry"),
        [table = m_table, row = m_row, reveal = m_revealed](const Job& job) -> Result<inspect::EntryDetail> {
            INSPECTOR_CHECK(job.step(0, 0));
            return table->detail(row, reveal);
        },
        [this](Result<inspect::EntryDetail>&& answer) {
            if (answer)
                display(*std::move(answer));
        });
}

void DetailPanel::clear(const QString& title, const QString& explanation)
{
    m_load->cancel();
    m_load->runner().discard(std::exchange(m_table, nullptr));
    m_detail.reset();
    m_identity.clear();
    m_revealed = false;
    m_empty->say(QStringLiteral("detail"), title, explanation);
    m_stack->setCurrentWidget(m_empty);
    emit detailChanged();
}

bool DetailPanel::isBusy() const
{
    return m_load->isBusy();
}

void DetailPanel::setRevealed(bool revealed)
{
    m_reveal->setChecked(revealed);
    if (!m_table || revealed == m_revealed)
        return;
    m_revealed = revealed;
    m_bytesAsked = m_bytesAsked || revealed;
    ask();
}

void DetailPanel::display(inspect::EntryDetail detail)
{
    m_detail = std::move(detail);
    m_title->setText(oneLine(std::string_view(m_detail->title.empty() ? m_detail->kind : m_detail->title), 200));
    QStringList facts;
    facts << textOf(m_detail->kind);
    if (m_of == Of::Trace)
        facts << tr("time %1, %2").arg(formatTime(m_detail->time), formatCertainty(m_detail->certainty));
    facts << tr("diff %1").arg(formatDiff(m_detail->diff));
    m_facts->setText(facts.join(QStringLiteral(" · ")));
    m_problem->setText(m_detail->problem.empty() ? QString()
                                                 : tr("Does not decode: %1").arg(textOf(m_detail->problem)));
    m_problem->setVisible(!m_detail->problem.empty());
    QPalette red = m_problem->palette();
    red.setColor(QPalette::WindowText, shadesOf(palette()).danger);
    m_problem->setPalette(red);
    m_moment->setMoment(m_momentText, {}, m_isLatest);
    m_reveal->setEnabled(m_detail->hasSecret);
    m_reveal->setVisible(m_detail->hasSecret);
    m_reveal->setChecked(m_revealed);
    m_model->setLines(std::move(m_detail->tree));
    m_tree->expandAll();
    m_tree->resizeColumnToContents(DetailModel::NameColumn);
    m_tree->setColumnWidth(DetailModel::NameColumn, std::min(220, m_tree->columnWidth(DetailModel::NameColumn) + 12));
    m_tree->setColumnWidth(DetailModel::ValueColumn, 150);
    m_json->setContent(textOf(m_detail->prettyJson.empty() ? m_detail->json : m_detail->prettyJson));
    showBytes();
    m_stack->setCurrentIndex(0);
    emit detailChanged();
}

void DetailPanel::showBytes()
{
    const bool hidden = m_detail->hasSecret && !m_bytesAsked;
    m_byteStack->setCurrentIndex(hidden ? 1 : 0);
    m_hex->setContent(hidden ? QString() : hexDump(m_detail->storedBytes));
    m_origin->setText(tr("%1 stored as %2 in %3")
                          .arg(formatSize(m_detail->storedBytes.size()),
                               m_detail->storedForm.empty() ? tr("bytes") : textOf(m_detail->storedForm),
                               m_detail->origin.empty() ? tr("an unknown part") : textOf(m_detail->origin)));
}

} // namespace inspector::views
