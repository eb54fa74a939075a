#pragma once

#include "core/inspect/inspector.h"
#include "views/support/job_runner.h"

#include <QObject>
#include <QString>

#include <functional>
#include <memory>
#include <optional>

namespace inspector::views {

/// Where a catalog is, for a person, and how to open it again.
struct Place
{
    inspect::OpenOptions options;
    QString name;             ///< "catalog.mzcat", an environment id: title of the window; no credentials
    QString filePath;         ///< of a catalog file; empty otherwise
    bool isTemporary = false; ///< a copy that is gone after this run: not worth remembering
};

/// The catalog that the window has open, and the moment that it shows. Everything here is an immutable answer of the
/// Inspector; nothing half-loaded is ever visible. GUI thread only.
class Session : public QObject
{
    Q_OBJECT
public:
    using Opener = std::function<Result<std::unique_ptr<inspect::Inspector>>(const inspect::OpenOptions&, const Job&)>;

    /// `reading` runs what asks the Inspector (which serves one call at a time), `computing` what works on rows that
    /// are in memory already, so that a filter never waits behind a read. Both outlive the session.
    Session(Opener opener, JobRunner& reading, JobRunner& computing, QObject* parent = nullptr);
    ~Session() override;

    [[nodiscard]] bool isOpen() const { return m_inspector != nullptr; }
    [[nodiscard]] const Place& place() const { return m_place; }
    /// Shared, so that a job may keep it while the window closes it; nothing before opened().
    [[nodiscard]] const std::shared_ptr<inspect::Inspector>& inspector() const { return m_inspector; }
    [[nodiscard]] const inspect::Overview& overview() const { return m_overview; }
    [[nodiscard]] const inspect::SnapshotPtr& snapshot() const { return m_snapshot; }
    [[nodiscard]] const std::shared_ptr<const inspect::Timeline>& timeline() const { return m_timeline; }
    /// The moment that is on screen: of the snapshot, not of a question that still runs.
    [[nodiscard]] inspect::Moment moment() const;
    /// The moment that was asked for last, whatever became of it.
    [[nodiscard]] const inspect::Moment& askedMoment() const { return m_asked; }
    /// Where the last opening went, whatever became of it; holds credentials.
    [[nodiscard]] const Place& tried() const { return m_tried; }
    /// The head's seqno when the catalog was opened, for the receipt.
    [[nodiscard]] SeqNo openedAtSeqno() const { return m_openedAt; }
    /// Of the overview and of the snapshot.
    [[nodiscard]] std::vector<std::string> warnings() const;

    /// The moment one step earlier or later on the time clock, or on the seqno clock while the window shows a seqno;
    /// nothing at the ends and before the timeline is known. The step after the last is Latest.
    [[nodiscard]] std::optional<inspect::Moment> earlier() const;
    [[nodiscard]] std::optional<inspect::Moment> later() const;
    /// The readable time next to what was asked for.
    [[nodiscard]] inspect::Moment nearestReadable(const inspect::Moment& moment) const;

    [[nodiscard]] JobRunner& reading() const { return m_reading; }
    [[nodiscard]] JobRunner& computing() const { return m_computing; }
    [[nodiscard]] JobSlot& openSlot() const { return *m_open; }
    [[nodiscard]] JobSlot& snapshotSlot() const { return *m_travel; }
    [[nodiscard]] JobSlot& refreshSlot() const { return *m_refresh; }
    [[nodiscard]] JobSlot& timelineSlot() const { return *m_timelineSlot; }

    /// Opens another catalog, at `first`. What is open stays until the answer is there.
    void open(const Place& place, const inspect::Moment& first = inspect::Moment::latest());
    /// Opens once more what did not open.
    void retryOpen();
    void close();
    /// Reads the catalog at `moment`; what is shown stays until the answer is there.
    void travel(const inspect::Moment& moment);
    /// Reads the newest state again; when the window shows the latest moment it moves along.
    void refresh();
    void stop();
    [[nodiscard]] bool isBusy() const;

signals:
    void opening(const QString& name);
    void opened();
    void openFailed(const inspector::Error& error);
    void closed();
    void overviewChanged();
    void refreshFailed(const inspector::Error& error);
    void snapshotChanged();
    /// Problems are counted and names are known in the snapshot that is shown.
    void snapshotCompleted();
    void travelFailed(const inspector::Error& error);
    void timelineChanged();
    void timelineFailed(const inspector::Error& error);
    void busyChanged();

private:
    void forget();
    void readTimeline();
    void completeSnapshot();

    Opener m_opener;
    JobRunner& m_reading;
    JobRunner& m_computing;
    JobSlot* m_open;
    JobSlot* m_travel;
    JobSlot* m_refresh;
    JobSlot* m_timelineSlot;
    JobSlot* m_completing;
    Place m_place;
    std::shared_ptr<inspect::Inspector> m_inspector;
    inspect::Overview m_overview;
    inspect::SnapshotPtr m_snapshot;
    inspect::SnapshotPtr m_latest; ///< kept while the past is shown: the way back takes no time
    std::shared_ptr<const inspect::Timeline> m_timeline;
    SeqNo m_openedAt;
    inspect::Moment m_asked;
    Place m_tried;
    inspect::Moment m_triedMoment;
};

} // namespace inspector::views
