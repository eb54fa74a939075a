#pragma once

#include "core/store/location.h"
#include "core/store/memory_store.h"
#include "tests/support/sample_content.h"

#include <QObject>

#include <memory>
#include <string>
#include <vector>

/// What every pair of stores promises, whatever lies behind it. A test program derives from it and says which pairs
/// there are; the claims below are then checked on each of them, with odd and with real content.
class StoreContract : public QObject
{
    Q_OBJECT

protected:
    using Content = std::shared_ptr<const inspector::store::MemoryContent>;

    /// The names of the pairs.
    [[nodiscard]] virtual std::vector<std::string> pairs() const = 0;
    /// Opens one of them on the content; `name` tells contents apart, so that one can be prepared once.
    [[nodiscard]] virtual inspector::Result<inspector::store::Stores>
    open(const std::string& pair, const std::string& name, const Content& content,
         std::shared_ptr<inspector::store::ActivityLog> log) = 0;

private slots:
    void keysAreListedInBytewiseOrder_data();
    void keysAreListedInBytewiseOrder();
    void theHeadIsTheNewestVersion_data();
    void theHeadIsTheNewestVersion();
    void aScanBeginsAtItsLowerBoundAndEndsAtItsLimit_data();
    void aScanBeginsAtItsLowerBoundAndEndsAtItsLimit();
    void theSentinelRowIsNeverSeen_data();
    void theSentinelRowIsNeverSeen();
    void aBlobComesBackToTheByte_data();
    void aBlobComesBackToTheByte();
    void blobsAreListedByPrefixInBytewiseOrder_data();
    void blobsAreListedByPrefixInBytewiseOrder();
    void anUnknownKeyIsNothingAndNoError_data();
    void anUnknownKeyIsNothingAndNoError();
    void aStopEndsEveryCall_data();
    void aStopEndsEveryCall();
    void aStopDoesNotSpoilTheNextCall_data();
    void aStopDoesNotSpoilTheNextCall();
    void everyCallIsInTheActivityLog_data();
    void everyCallIsInTheActivityLog();

private:
    struct Subject
    {
        Content content;
        inspector::store::Stores stores;
        std::shared_ptr<inspector::store::ActivityLog> log;
    };
    void rows() const;
    [[nodiscard]] Subject subject();
    [[nodiscard]] Content contentNamed(const std::string& name);
};
