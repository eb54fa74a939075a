#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>

namespace inspector::inspect {

/// Where results go, piece by piece: a file, a pipe, a string in tests. One thread at a time.
class Sink
{
public:
    virtual ~Sink() = default;

    /// Takes all of `text`. Unavailable names the target and the reason (a full disk); Cancelled when nobody reads the
    /// other end any more.
    [[nodiscard]] virtual Result<> write(std::string_view text) = 0;
    /// Hands on what was kept back for larger pieces. Errors as write().
    [[nodiscard]] virtual Result<> flush() { return {}; }
};

/// Keeps everything in memory.
class StringSink final : public Sink
{
public:
    [[nodiscard]] Result<> write(std::string_view text) override
    {
        m_text += text;
        return {};
    }

    [[nodiscard]] const std::string& text() const { return m_text; }

private:
    std::string m_text;
};

} // namespace inspector::inspect
