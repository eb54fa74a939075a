#include "core/persist/updates.h"
