#pragma once

#include "core/inspect/inspector.h"

#include <QDialog>

#include <optional>

class QComboBox;
class QDialogButtonBox;
class QLabel;
class QLineEdit;

namespace inspector::views {

/// Collects where a catalog is: consensus, blob, and which shard. Judges every keystroke beside the field; Open is open
/// exactly while all of it makes sense. Connects to nothing and stores nothing.
class OpenUrlDialog : public QDialog
{
    Q_OBJECT
public:
    explicit OpenUrlDialog(const inspect::OpenOptions& initial, QWidget* parent = nullptr);

    /// What the person agreed to; empty until the dialog was accepted.
    [[nodiscard]] const std::optional<inspect::OpenOptions>& acceptedOptions() const { return m_accepted; }

    void accept() override;

private:
    void buildForm(const inspect::OpenOptions& initial);
    void judge();
    [[nodiscard]] inspect::OpenOptions options() const;

    QLineEdit* m_consensus = nullptr;
    QLineEdit* m_blob = nullptr;
    QComboBox* m_by = nullptr;
    QLineEdit* m_shard = nullptr;
    QLabel* m_consensusProblem = nullptr;
    QLabel* m_blobProblem = nullptr;
    QLabel* m_shardProblem = nullptr;
    QDialogButtonBox* m_buttons = nullptr;
    std::optional<inspect::OpenOptions> m_accepted;
};

/// Why a text is no consensus URL, blob URL or shard, as a sentence; empty when it is one. "Find it" needs no text.
[[nodiscard]] QString consensusProblem(const QString& url);
[[nodiscard]] QString blobProblem(const QString& url);
[[nodiscard]] QString shardProblem(const inspect::ShardChoice& choice);

/// What to call a place in the title: the environment, the organization, the shard, or the store. No credentials.
[[nodiscard]] QString placeName(const inspect::OpenOptions& options);

} // namespace inspector::views
