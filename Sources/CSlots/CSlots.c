#include "CSlots.h"

_Thread_local struct slots_own slots_own;
