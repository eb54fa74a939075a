#include "core/inspect/block_writer.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace inspector::inspect {

namespace {

using Buffer = std::unique_ptr<catalog::TextBuffer>;

/// Hands out blocks to workers and puts their texts in order.
class BlockQueue
{
public:
    BlockQueue(std::size_t blocks, std::size_t window, Sink& out, const Job& job)
        : m_blocks(blocks)
        , m_window(window)
        , m_out(out)
        , m_job(job)
    {
    }

    /// The next block to format, into a buffer that may have room already; nothing when there is none.
    std::optional<std::size_t> take(Buffer& buffer)
    {
        std::unique_lock lock(m_mutex);
        m_progress.wait(lock, [&] { return m_error || m_next == m_blocks || m_next < m_written + m_window; });
        if (m_error || m_next == m_blocks)
            return std::nullopt;
        if (!m_spare.empty()) {
            buffer = std::move(m_spare.back());
            m_spare.pop_back();
        }
        if (!buffer)
            buffer = std::make_unique<catalog::TextBuffer>();
        buffer->clear();
        return m_next++;
    }

    /// Takes a finished text, and writes everything that is due unless another worker is at it.
    void give(std::size_t block, Buffer text)
    {
        std::unique_lock lock(m_mutex);
        m_ready.emplace(block, std::move(text));
        if (m_isWriting)
            return;
        m_isWriting = true;
        for (auto due = m_ready.find(m_written); due != m_ready.end() && !m_error; due = m_ready.find(m_written)) {
            auto piece = std::move(due->second);
            m_ready.erase(due);
            lock.unlock();
            auto outcome = m_job.step(m_written, m_blocks);
            if (outcome)
                outcome = m_out.write(piece->text());
            lock.lock();
            if (!outcome)
                m_error = std::move(outcome).error();
            m_spare.push_back(std::move(piece));
            ++m_written;
            m_progress.notify_all();
        }
        m_isWriting = false;
    }

    void fail(Error error)
    {
        const std::lock_guard lock(m_mutex);
        if (!m_error)
            m_error = std::move(error);
        m_progress.notify_all();
    }

    Result<> outcome()
    {
        if (m_error)
            return tl::unexpected<Error>(*std::move(m_error));
        return {};
    }

private:
    const std::size_t m_blocks;
    const std::size_t m_window; ///< how far formatting may run ahead of writing, in blocks
    Sink& m_out;                ///< used by one worker at a time: the one that set m_isWriting
    const Job& m_job;
    std::mutex m_mutex; ///< guards all below
    std::condition_variable m_progress;
    std::size_t m_next = 0;
    std::size_t m_written = 0; ///< changed only by the worker that writes
    bool m_isWriting = false;
    std::map<std::size_t, Buffer> m_ready;
    std::vector<Buffer> m_spare;
    std::optional<Error> m_error;
};

} // namespace

Result<> writeBlocks(std::size_t blocks, const FormatBlock& format, Sink& out, Crew& crew, const Job& job)
{
    BlockQueue queue(blocks, std::size_t {crew.size()} * 2 + 1, out, job);
    crew.run([&](unsigned worker) {
        Buffer buffer;
        while (const auto block = queue.take(buffer)) {
            if (auto outcome = format(*block, worker, *buffer); !outcome)
                return queue.fail(std::move(outcome).error());
            queue.give(*block, std::move(buffer));
        }
    });
    return queue.outcome();
}

} // namespace inspector::inspect
