#pragma once

#include <tl/expected.hpp>

#include <string>
#include <utility>
#include <vector>

namespace inspector {

/// What a caller can do about a failure. A new code needs a caller that acts on it differently;
/// everything else is a better message.
enum class ErrorCode {
    Cancelled,    ///< the caller asked to stop: say nothing
    InvalidInput, ///< the request is wrong: show it next to the field
    NotFound,     ///< the thing asked for is not there: offer to refresh
    Unavailable,  ///< may work later, unchanged: offer to retry
    OutOfRange,   ///< as_of lies outside [since, upper): offer the nearest readable time
    Corrupt,      ///< bytes do not decode: show where, keep the rest readable
    Unsupported,  ///< bytes are from a version this build does not know: name both versions
    ReadOnly,     ///< opened without the right to write: explain how to get it
    Fenced,       ///< a newer writer took over: close for writing, stay open for reading
    Conflict,     ///< the shard moved since the plan was made: re-read and plan again
    Internal,     ///< a bug here: show the whole trail and ask for a report
};

/// Why something failed, for a person and for code.
struct Error
{
    ErrorCode code = ErrorCode::Internal;
    std::string message;            ///< one clause, lower case, no full stop; names the thing and the next step
    std::vector<std::string> trail; ///< what was being done, innermost first
    bool outcomeUnknown = false;    ///< a write may have landed: re-read before trying again

    /// Outermost step first: "opening shard s1: decoding rollup v12: 3 bytes are missing".
    [[nodiscard]] std::string describe() const;
};

/// A value, or why there is none. Never ignored: dropping one is a compile error in CI.
template <typename T = void>
class [[nodiscard]] Result : public tl::expected<T, Error>
{
public:
    using tl::expected<T, Error>::expected;
    Result(tl::expected<T, Error> other) // NOLINT(google-explicit-constructor): same thing
        : tl::expected<T, Error>(std::move(other))
    {
    }

    /// Adds `step` to the trail of a failure; a success passes through untouched.
    [[nodiscard]] Result&& during(std::string step) &&
    {
        if (!this->has_value())
            this->error().trail.push_back(std::move(step));
        return std::move(*this);
    }
};

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message)
{
    return tl::unexpected<Error>(Error {code, std::move(message), {}, false});
}

} // namespace inspector

#define INSPECTOR_JOIN_(a, b) a##b
#define INSPECTOR_JOIN(a, b) INSPECTOR_JOIN_(a, b)
#define INSPECTOR_TRY_(tmp, decl, expr)                                                                                \
    auto tmp = (expr);                                                                                                 \
    if (!tmp.has_value())                                                                                              \
        return tl::unexpected<inspector::Error>(std::move(tmp).error());                                               \
    decl = *std::move(tmp)

/// `INSPECTOR_TRY(const auto head, consensus.head(key));` binds the value or returns the error.
#define INSPECTOR_TRY(decl, expr) INSPECTOR_TRY_(INSPECTOR_JOIN(tried_, __LINE__), decl, expr)

/// `INSPECTOR_CHECK(job.step(done, total));` returns the error of a Result<> that has no value to bind.
#define INSPECTOR_CHECK(expr)                                                                                          \
    do {                                                                                                               \
        auto checked_ = (expr);                                                                                        \
        if (!checked_.has_value())                                                                                     \
            return tl::unexpected<inspector::Error>(std::move(checked_).error());                                      \
    } while (false)
