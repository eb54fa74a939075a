#include "core/base/result.h"

namespace inspector {

std::string Error::describe() const
{
    std::string text;
    for (auto step = trail.rbegin(); step != trail.rend(); ++step)
        text += *step + ": ";
    return text + message;
}

} // namespace inspector
