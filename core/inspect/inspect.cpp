#include "core/inspect/inspector.h"
