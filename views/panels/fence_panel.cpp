#include "views/panels/fence_panel.h"

#include "views/delegates/row_delegate.h"
#include "views/panels/fence_verdict.h"
#include "views/support/format.h"
#include "views/support/session.h"
#include "views/widgets/busy_bar.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/moment_label.h"
#include "views/widgets/problem_bar.h"
#include "views/widgets/row_view.h"

#include <QHBoxLayout>
#include <QIntValidator>
#include <QLabel>
#include <QLineEdit>
#include <QStackedLayout>
#include <QVBoxLayout>

namespace inspector::views {

namespace {

bool isLive(const inspect::FenceRecord& record)
{
    return record.supersededBy.empty() && record.diff > 0;
}

} // namespace

FencePanel::FencePanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_load(new JobSlot(session.reading(), this))
    , m_model(new ListTableModel<inspect::FenceRecord>(this))
    , m_moment(new MomentLabel(this))
    , m_problem(new ProblemBar(this))
    , m_view(new RowView(this))
    , m_generation(new QLineEdit(this))
    , m_epoch(new QLineEdit(this))
    , m_verdict(new QLabel(this))
    , m_empty(new EmptyState(this))
    , m_busy(new BusyBar(this))
{
    setObjectName(QStringLiteral("fencePanel"));
    m_model->setColumns({
        {tr("Deploy generation"), [](const auto& record) { return QString::number(record.deployGeneration); }, true},
        {tr("Epoch"), [](const auto& record) { return QString::number(record.epoch); }, true},
        {tr("Time"),
         [](const auto& record) {
             return (record.certainty == persist::Certainty::Rounded ? QStringLiteral("≤ ") : QString())
                 + formatShortTime(record.time);
         },
         true},
        {tr("Diff"), [](const auto& record) { return formatDiff(record.diff); }, true},
        {tr("First seen"),
         [](const auto& record) { return record.seqno ? formatSeqno(*record.seqno) : tr("state is gone"); }},
        {tr("Superseded by"),
         [](const auto& record) {
             return isLive(record) ? tr("none: this one is live") : textOf(record.supersededBy);
         }},
        {tr("Certainty"), [](const auto& record) { return formatCertainty(record.certainty); }},
    });
    m_model->setMarks([](const auto& record) { return isLive(record); }, {});
    buildLayout();
    m_busy->watch(m_load);
    connect(&m_session, &Session::overviewChanged, this, &FencePanel::invalidate);
    connect(&m_session, &Session::closed, this, &FencePanel::invalidate);
    connect(m_problem, &ProblemBar::offerAccepted, this, [this](Presentation::Offer offer) {
        if (offer != Presentation::Offer::CopyReport)
            invalidate();
    });
    connect(m_generation, &QLineEdit::textChanged, this, &FencePanel::judge);
    connect(m_epoch, &QLineEdit::textChanged, this, &FencePanel::judge);
    invalidate();
}

void FencePanel::buildLayout()
{
    m_view->setObjectName(QStringLiteral("fenceView"));
    m_view->setAccessibleName(tr("Fence tokens"));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setModel(m_model);
    m_view->setItemDelegate(new RowDelegate(m_view));
    for (auto* edit : {m_generation, m_epoch}) {
        edit->setValidator(new QIntValidator(0, 2'000'000'000, edit));
        edit->setFixedWidth(80);
    }
    m_generation->setObjectName(QStringLiteral("generationEdit"));
    m_generation->setAccessibleName(tr("Deploy generation to judge"));
    m_generation->setPlaceholderText(tr("generation"));
    m_epoch->setObjectName(QStringLiteral("epochEdit"));
    m_epoch->setAccessibleName(tr("Epoch to judge"));
    m_epoch->setPlaceholderText(tr("epoch"));
    m_verdict->setObjectName(QStringLiteral("fenceVerdict"));
    m_verdict->setTextFormat(Qt::PlainText);
    m_verdict->setWordWrap(true);
    m_verdict->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    auto* label = new QLabel(tr("&What would this token do:"), this);
    label->setBuddy(m_generation);

    auto* top = new QHBoxLayout;
    top->setContentsMargins(8, 6, 8, 6);
    top->setSpacing(6);
    top->addWidget(m_moment);
    top->addSpacing(8);
    top->addWidget(label);
    top->addWidget(m_generation);
    top->addWidget(m_epoch);
    top->addWidget(m_verdict, 1);
    m_stack = new QStackedLayout;
    m_stack->addWidget(m_view);
    m_stack->addWidget(m_empty);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(top);
    layout->addWidget(m_problem);
    layout->addLayout(m_stack, 1);
    layout->addWidget(m_busy);
    setFocusProxy(m_view);
}

void FencePanel::setSeen(bool seen)
{
    m_isSeen = seen;
    readIfSeen();
}

void FencePanel::invalidate()
{
    m_isStale = true;
    judge();
    if (!m_session.isOpen()) {
        m_load->cancel();
        m_model->setRows({});
        m_problem->clear();
        m_moment->setMoment({}, {}, true);
        m_empty->say(QStringLiteral("fence"), tr("Nothing is open"), tr("Open a catalog file or an environment."));
        m_stack->setCurrentIndex(1);
        return;
    }
    readIfSeen();
}

void FencePanel::readIfSeen()
{
    if (!m_isStale || !m_isSeen || !m_session.isOpen())
        return;
    m_isStale = false;
    m_load->ask(
        tr("Looking for fence tokens"),
        [inspector = m_session.inspector()](const Job& job) { return inspector->fences(job); },
        [this](Result<std::vector<inspect::FenceRecord>>&& answer) {
            if (!answer) {
                m_problem->show(answer.error());
                if (m_model->rows().empty()) {
                    m_empty->say(QStringLiteral("problem"), problemTitle(answer.error().code),
                                 problemText(answer.error()));
                    m_stack->setCurrentIndex(1);
                }
                return;
            }
            m_problem->clear();
            const bool isEmpty = answer->empty();
            m_model->setRows(*std::move(answer));
            m_view->fitColumns();
            m_moment->setMoment(tr("All states and times that are left"),
                                tr("Tokens that some update or some older state still shows. Older ones are gone."),
                                true);
            if (isEmpty)
                m_empty->say(QStringLiteral("fence"), tr("No fence token"),
                             tr("Nobody has opened this catalog for writing yet, or it is not initialized."));
            m_stack->setCurrentIndex(isEmpty ? 1 : 0);
        });
}

bool FencePanel::isBusy() const
{
    return m_load->isBusy();
}

void FencePanel::judge()
{
    const auto& overview = m_session.overview();
    bool hasGeneration = false;
    bool hasEpoch = false;
    const FencePair token {m_generation->text().toULongLong(&hasGeneration), m_epoch->text().toLongLong(&hasEpoch)};
    if (!hasGeneration || !hasEpoch) {
        m_verdict->clear();
        return;
    }
    if (!overview.deployGeneration || !overview.epoch) {
        m_verdict->setText(tr("There is no live token to compare with."));
        return;
    }
    const FencePair live {*overview.deployGeneration, *overview.epoch};
    const FenceVerdict verdict = fenceVerdict(token, live);
    switch (verdict.kind) {
    case FenceVerdict::Kind::Same:
        m_verdict->setText(tr("It is the live token: nobody is fenced."));
        break;
    case FenceVerdict::Kind::Fences:
        m_verdict->setText(tr("It fences the live one, whose process stops with: %1").arg(verdict.message));
        break;
    case FenceVerdict::Kind::IsFenced:
        m_verdict->setText(tr("It is fenced and refused with: %1").arg(verdict.message));
        break;
    }
}

} // namespace inspector::views
