#pragma once

#include "core/store/writable_location.h"

#include <QObject>

#include <memory>
#include <string>
#include <vector>

/// What every pair of stores that can be written promises, whatever lies behind it. A test program derives from it and
/// says which pairs there are.
class WriterContract : public QObject
{
    Q_OBJECT

protected:
    /// The names of the pairs.
    [[nodiscard]] virtual std::vector<std::string> pairs() const = 0;
    /// Opens another handle at the location `name` of one pair, which is made empty when it is not there. From any
    /// thread.
    [[nodiscard]] virtual inspector::Result<inspector::store::WritableStores>
    open(const std::string& pair, const std::string& name, std::shared_ptr<inspector::store::ActivityLog> log) = 0;

private slots:
    void aFirstVersionIsAddedToAnEmptyKey_data();
    void aFirstVersionIsAddedToAnEmptyKey();
    void aVersionFollowsTheHead_data();
    void aVersionFollowsTheHead();
    void aMismatchWritesNothing_data();
    void aMismatchWritesNothing();
    void aNumberThatDoesNotFollowIsRefused_data();
    void aNumberThatDoesNotFollowIsRefused();
    void bytesOfAnyKindComeBack_data();
    void bytesOfAnyKindComeBack();
    void keysDoNotTouchEachOther_data();
    void keysDoNotTouchEachOther();
    void truncatingKeepsTheHead_data();
    void truncatingKeepsTheHead();
    void truncatingNeverDeletesTheHead_data();
    void truncatingNeverDeletesTheHead();
    void aLogIsInsertedWholeOrNotAtAll_data();
    void aLogIsInsertedWholeOrNotAtAll();
    void aBlobIsStoredOnceAndForAll_data();
    void aBlobIsStoredOnceAndForAll();
    void aRemovedBlobIsGone_data();
    void aRemovedBlobIsGone();
    void whatIsNoKeyOfABlobIsRefused_data();
    void whatIsNoKeyOfABlobIsRefused();
    void aStopKeepsAWriteFromBeingSent_data();
    void aStopKeepsAWriteFromBeingSent();
    void everyWriteIsInTheActivityLog_data();
    void everyWriteIsInTheActivityLog();
    void threadsAtOneKeyLoseNothing_data();
    void threadsAtOneKeyLoseNothing();
    void threadsThatBeginAKeyAgreeOnOneFirstVersion_data();
    void threadsThatBeginAKeyAgreeOnOneFirstVersion();

private:
    void rows() const;
    [[nodiscard]] std::string pair() const;
    [[nodiscard]] inspector::store::WritableStores stores(std::shared_ptr<inspector::store::ActivityLog> log = {});
};
