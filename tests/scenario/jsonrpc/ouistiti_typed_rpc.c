/* The later layout: each row begins with its type. */
#define TYPED
#include "ouistiti_rpc.c"
