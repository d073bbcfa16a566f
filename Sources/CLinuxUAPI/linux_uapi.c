#include "linux_uapi.h"
