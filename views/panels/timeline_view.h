#pragma once

#include "core/inspect/inspector.h"
#include "views/delegates/timeline_geometry.h"

#include <QWidget>

#include <memory>
#include <optional>

class QTimer;

namespace inspector::views {

/// Both clocks as lanes, one above the other: the versions of the state by seqno, the updates by catalog time, with
/// what can be read, what was rounded and what is gone drawn into them, and a handle on the moment that is shown.
class TimelineView : public QWidget
{
    Q_OBJECT
public:
    enum class Lane { Time, Seqno };

    explicit TimelineView(QWidget* parent = nullptr);

    void setTimeline(std::shared_ptr<const inspect::Timeline> timeline);
    /// The moment on screen; nothing while nothing was read.
    void setMoment(const inspect::Moment& moment, Timestamp asOf, SeqNo seqno);
    void clearMoment();

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;
    /// The axes as drawn, for tests that click.
    [[nodiscard]] TimelineGeometry timeAxis() const;
    [[nodiscard]] TimelineGeometry seqnoAxis() const;
    [[nodiscard]] QRect laneRect(Lane lane) const;

signals:
    void momentChosen(const inspector::inspect::Moment& moment); ///< by click, at most every 150 ms while dragging
    void stepped(bool later);                                    ///< by arrow key
    void latestChosen();                                         ///< by End

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    [[nodiscard]] TimelineGeometry wholeTimes() const;
    [[nodiscard]] std::optional<Lane> laneAt(const QPoint& at) const;
    [[nodiscard]] inspect::Moment momentAt(Lane lane, int x) const;
    [[nodiscard]] QString describe(Lane lane, int x) const;
    void drawTimeLane(QPainter& painter) const;
    void drawSeqnoLane(QPainter& painter) const;
    void drawAxis(QPainter& painter, const TimelineGeometry& axis, int y, bool isTime) const;
    void drawHandle(QPainter& painter, int x, const QRect& lane, bool isChosenClock) const;
    void point(Lane lane, int x);

    std::shared_ptr<const inspect::Timeline> m_timeline;
    std::vector<TimelineMark> m_times;
    std::vector<TimelineMark> m_seqnos;
    std::optional<inspect::Moment> m_moment;
    Timestamp m_asOf;
    SeqNo m_seqno;
    std::optional<std::pair<std::uint64_t, std::uint64_t>> m_zoom; ///< times at the edges
    std::optional<Lane> m_dragged;
    std::optional<std::pair<Lane, int>> m_hovered;
    QTimer* m_pause;
    std::optional<inspect::Moment> m_next;
};

} // namespace inspector::views
