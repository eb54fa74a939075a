#include "core/machine/part_encoder.h"
#include "core/machine/shard_writer.h"
#include "core/machine/state_encoder.h"
