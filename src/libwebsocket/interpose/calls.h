// Declares a function that stands in front of the C library's: visible to the program, and called by its
// name.
#pragma once

#define INTERPOSED extern "C" __attribute__((visibility("default")))
