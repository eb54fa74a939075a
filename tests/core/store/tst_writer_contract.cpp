#include "core/store/catalog_file_writer.h"
#include "core/store/file_blob_writer.h"
#include "core/store/memory_writer.h"
#include "tests/core/store/writer_contract.h"

#include <QDir>
#include <QTemporaryDir>
#include <QtTest>

#include <map>
#include <mutex>

using namespace inspector;
using namespace inspector::store;

/// The contract on maps, on a folder, and on a catalog file.
class TestWriterContract : public WriterContract
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    std::mutex m_mutex; ///< guards what is below
    std::map<std::string, std::shared_ptr<MemoryContent>> m_contents;

protected:
    [[nodiscard]] std::vector<std::string> pairs() const override { return {"memory", "folder", "catalog file"}; }

    [[nodiscard]] Result<WritableStores> open(const std::string& pair, const std::string& name,
                                              std::shared_ptr<ActivityLog> log) override
    {
        const auto path = m_folder.path().toStdString() + "/" + name;
        if (pair == "catalog file")
            return openWritableStores(Location::ofCatalogFile(path + ".mzcat"), std::move(log), Job(), {true});
        std::shared_ptr<MemoryContent> content;
        {
            const std::lock_guard lock(m_mutex);
            auto& slot = m_contents[pair + name];
            if (!slot)
                slot = std::make_shared<MemoryContent>();
            content = slot;
        }
        auto stores = openWritableMemory(content, log);
        if (pair == "memory")
            return stores;
        QDir().mkpath(QString::fromStdString(path));
        INSPECTOR_TRY(stores.blob, FileBlobWriter::open("file://" + path, std::move(log)));
        return stores;
    }
};

QTEST_GUILESS_MAIN(TestWriterContract)
#include "tst_writer_contract.moc"
