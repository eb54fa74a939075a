// A handle on stores that only read cannot be opened for writing.
#include "core/edit/durable_catalog.h"

using namespace inspector;

bool open(edit::OpenableCatalog& reading, edit::WritableOpenableCatalog& writing)
{
    const Job job;
    const auto observed = std::move(reading).openReadOnly({}, job);
#ifdef FORBIDDEN
    const auto opened = std::move(reading).open({}, job);
#else
    const auto opened = std::move(writing).open({}, job);
#endif
    return observed.has_value() && opened.has_value();
}
