#include "app/cli/command_table.h"
#include "app/cli/output.h"
#include "core/inspect/thread_crew.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <thread>

using namespace inspector;

namespace {

/// Two threads: what the larger readings gain from a third is lost to memory bandwidth.
constexpr unsigned kMostThreads = 2;
constexpr std::size_t kOutputBufferBytes = 1U << 20U;

int interruptPipe[2] {-1, -1};

/// A signal handler may do next to nothing: it wakes the thread that asks the job to stop.
void onInterrupt(int /*signal*/)
{
    const char byte = 's';
    static_cast<void>(!::write(interruptPipe[1], &byte, 1));
}

/// Turns the first SIGINT or SIGTERM into a request to stop, and the second into the end.
class InterruptWatch
{
public:
    InterruptWatch()
    {
        if (::pipe2(interruptPipe, O_CLOEXEC) != 0)
            return; // without descriptors to spare, an interrupt ends the program the hard way
        struct sigaction action
        {
        };
        action.sa_handler = onInterrupt;
        action.sa_flags = SA_RESTART; // the signal may be delivered to the watching thread itself, in its read()
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, nullptr);
        sigaction(SIGTERM, &action, nullptr);
        m_thread = std::jthread([this] {
            char byte = 0;
            for (int signals = 0; ::read(interruptPipe[0], &byte, 1) == 1 && byte == 's'; ++signals) {
                if (signals > 0)
                    ::_exit(cli::kCancelled);
                m_stop.request_stop();
            }
        });
    }

    ~InterruptWatch()
    {
        const char byte = 'q';
        static_cast<void>(!::write(interruptPipe[1], &byte, 1));
    }

    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;

    [[nodiscard]] std::stop_token token() const { return m_stop.get_token(); }

private:
    std::stop_source m_stop;
    std::jthread m_thread;
};

} // namespace

int main(int count, char** values)
{
    std::signal(SIGPIPE, SIG_IGN); // a closed pipe is an answer of write()
    const InterruptWatch interrupts;
    const std::vector<std::string> words(values + 1, values + count);
    cli::DescriptorSink out(STDOUT_FILENO, "standard output", kOutputBufferBytes);
    cli::DescriptorSink remarks(STDERR_FILENO, "standard error", 0);
    inspect::ThreadCrew crew(kMostThreads);
    const auto environment = [](const char* name) -> std::optional<std::string> {
        const auto* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets variables here
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };

    const int code = cli::run(words, environment, out, remarks, crew, Job(interrupts.token()));
    const auto flushed = out.flush();
    if (out.isClosedByReader()) {
        // Whoever reads has seen enough; what became of the command counts nevertheless.
        const bool isInterrupted = interrupts.token().stop_requested();
        return code == cli::kCancelled && !isInterrupted ? cli::kDone : code;
    }
    if (!flushed) {
        static_cast<void>(remarks.write("catalog-inspector-cli: " + flushed.error().describe() + "\n"));
        return cli::exitCodeOf(flushed.error());
    }
    return code;
}
