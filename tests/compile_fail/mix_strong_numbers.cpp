// A sequence number is no time.
#include "core/base/strong.h"

using namespace inspector;

bool isLater(SeqNo seqno, Timestamp time)
{
#ifdef FORBIDDEN
    return seqno < time;
#else
    return seqno < SeqNo(7) && time < Timestamp(7);
#endif
}
