#include "core/store/catalog_file.h"
#include "core/store/file_blob.h"
#include "tests/core/store/store_contract.h"

#include <QTemporaryDir>
#include <QtTest>

#include <set>

using namespace inspector;
using namespace inspector::store;

/// The contract on maps, on a folder, and on a catalog file.
class TestStoreContract : public StoreContract
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    std::set<std::string> m_prepared;

    [[nodiscard]] std::string path(const std::string& name) const { return m_folder.path().toStdString() + "/" + name; }

protected:
    [[nodiscard]] std::vector<std::string> pairs() const override { return {"memory", "folder", "catalog file"}; }

    [[nodiscard]] Result<Stores> open(const std::string& pair, const std::string& name, const Content& content,
                                      std::shared_ptr<ActivityLog> log) override
    {
        const bool isNew = m_prepared.insert(pair + name).second;
        if (pair == "catalog file") {
            const auto file = path(name + ".mzcat");
            if (isNew)
                INSPECTOR_CHECK(test::writeCatalogFile(file, *content));
            return openStores(Location::ofCatalogFile(file), std::move(log), Job());
        }
        Stores stores;
        stores.consensus = std::make_unique<MemoryConsensus>(content, log);
        if (pair == "memory") {
            stores.blob = std::make_unique<MemoryBlob>(content, log);
            return stores;
        }
        const auto folder = path(name);
        if (isNew)
            INSPECTOR_CHECK(test::writeBlobFolder(folder, *content));
        INSPECTOR_TRY(stores.blob, FileBlob::open("file://" + folder, log));
        return stores;
    }
};

QTEST_GUILESS_MAIN(TestStoreContract)
#include "tst_store_contract.moc"
