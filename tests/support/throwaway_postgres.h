#pragma once

#include "core/base/result.h"
#include "core/store/memory_store.h"

#include <memory>
#include <string>
#include <vector>

namespace inspector::test {

/// A PostgreSQL server of a test's own: a fresh cluster in a temporary folder, on a free port and with its own socket
/// folder, that logs every statement it gets. Stopped and deleted at the end, and also when the test program dies.
class ThrowawayPostgres
{
public:
    /// About a second. Unavailable, with the server's own words, when it does not start.
    [[nodiscard]] static Result<std::unique_ptr<ThrowawayPostgres>> start();
    ~ThrowawayPostgres();
    ThrowawayPostgres(const ThrowawayPostgres&) = delete;
    ThrowawayPostgres& operator=(const ThrowawayPostgres&) = delete;

    /// The owner of everything, let in over the socket without a password.
    static constexpr const char* kOwner = "mz_owner";
    /// A role that may do no more than an inspector needs: CONNECT, USAGE on a schema, SELECT on its table.
    static constexpr const char* kReader = "mz_reader";
    static constexpr const char* kReaderPassword = "only-reads-7Q";

    /// A URL over TCP, where a password is asked for. `query` follows the '?' and may be empty.
    [[nodiscard]] std::string url(const std::string& user, const std::string& password,
                                  const std::string& query = "options=--search_path=consensus",
                                  const std::string& database = "environment") const;
    /// A URL over the Unix socket, without a password.
    [[nodiscard]] std::string socketUrl(const std::string& user,
                                        const std::string& query = "options=--search_path=consensus",
                                        const std::string& database = "environment") const;
    [[nodiscard]] int port() const { return m_port; }

    /// Runs SQL as the owner in database "environment"; the rows as text, NULL as an empty one.
    [[nodiscard]] Result<std::vector<std::vector<std::string>>> execute(const std::string& sql) const;

    /// Schema and table as the real system makes them (persist-format §1.2), and the reader's rights on them.
    [[nodiscard]] Result<> createTable(const std::string& schema = "consensus") const;
    /// Copies every version in, sentinels included.
    [[nodiscard]] Result<> fill(const store::MemoryContent& content, const std::string& schema = "consensus") const;

    /// What the server logged since clearLog(), a line per message: "application|user|message".
    [[nodiscard]] std::string log() const;
    /// The lines of log() with a statement that `application` sent.
    [[nodiscard]] std::vector<std::string> statementsOf(const std::string& application) const;
    void clearLog();

    /// Ends every session but its own, as an administrator would.
    [[nodiscard]] Result<> terminateSessions() const;
    /// Lets the server speak TLS, with a certificate for "localhost" that signs itself; started again for it. The
    /// certificate's file, to be trusted or not.
    [[nodiscard]] Result<std::string> enableTls();
    /// Stops the server at once, and starts it again on the same port.
    [[nodiscard]] Result<> stop();
    [[nodiscard]] Result<> launch();

private:
    ThrowawayPostgres() = default;

    std::string m_folder;
    int m_port = 0;
    int m_process = -1;
    std::size_t m_logStart = 0;
};

} // namespace inspector::test
