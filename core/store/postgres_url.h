#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inspector::store {

/// The parameters of a consensus URL, ready for libpq.
struct PostgresParameters
{
    /// One list per host, to be tried in this order; (keyword, value) each.
    std::vector<std::vector<std::pair<std::string, std::string>>> attempts;
    int connectTimeoutSeconds = 5; ///< per host
    bool namesDatabase = false;    ///< false: libpq takes the user's name, which is not to be shown
    std::string user;              ///< never to be shown
    std::string password;          ///< never to be shown
};

/// What a session is for. Reading: transactions are read-only from the first statement on, at READ COMMITTED. Writing:
/// they are SERIALIZABLE (persist-write-protocol §15.1), and a statement that waits for a minute is broken off.
enum class SessionUse { Reading, Writing };

/// Takes a `postgres://` URL apart with libpq's own parser, so that every parameter that libpq knows works, and adds
/// what makes the session one for `use`. Without `options` the search path is `consensus` (persist-format §1.1).
/// InvalidInput, naming the parameter but never a value, when libpq would refuse the URL.
[[nodiscard]] Result<PostgresParameters> parsePostgresUrl(const std::string& url, SessionUse use = SessionUse::Reading);

/// `text`, a message of the server or of libpq, on one line and without the names that are not to be shown.
[[nodiscard]] std::string withoutSecrets(std::string_view text, const std::vector<std::string>& secrets);

} // namespace inspector::store
