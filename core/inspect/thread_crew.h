#pragma once

#include "core/inspect/crew.h"

namespace inspector::inspect {

/// A crew for callers to bring: the core makes none by itself. As many threads as the machine has processors, but no
/// more than `most`; made anew for every run.
class ThreadCrew final : public Crew
{
public:
    explicit ThreadCrew(unsigned most);

    [[nodiscard]] unsigned size() const override { return m_size; }
    void run(const std::function<void(unsigned worker)>& work) override;

private:
    unsigned m_size;
};

} // namespace inspector::inspect
