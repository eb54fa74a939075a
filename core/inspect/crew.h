#pragma once

#include <functional>
#include <memory>
#include <mutex>

namespace inspector::inspect {

/// Threads that the caller brings: the core spawns none of its own.
class Crew
{
public:
    virtual ~Crew() = default;

    /// How many workers run() has; at least 1.
    [[nodiscard]] virtual unsigned size() const = 0;

    /// Runs `work(0)` … `work(size() - 1)` at the same time and returns when all are done.
    virtual void run(const std::function<void(unsigned worker)>& work) = 0;
};

/// The calling thread alone.
class SoloCrew final : public Crew
{
public:
    [[nodiscard]] unsigned size() const override { return 1; }
    void run(const std::function<void(unsigned worker)>& work) override { work(0); }
};

/// A crew that several may ask for work, one after the other.
struct SharedCrew
{
    explicit SharedCrew(std::shared_ptr<Crew> workers)
        : crew(std::move(workers))
    {
    }

    std::mutex mutex; ///< held by whoever lets it work
    std::shared_ptr<Crew> crew;
};

} // namespace inspector::inspect
