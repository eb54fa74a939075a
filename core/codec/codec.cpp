#include "core/codec/decoded_part.h"
