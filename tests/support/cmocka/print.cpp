// print_message and its kin. Standard output is flushed before standard error is written, so that both read
// in order.
#include <cstdarg>
#include <cstdio>

#include "interface.h"

void vprint_message(const char* format, va_list args) {
    std::vprintf(format, args);
}

void vprint_error(const char* format, va_list args) {
    std::fflush(stdout);
    std::vfprintf(stderr, format, args);
}

void print_message(const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    vprint_message(format, arguments);
    va_end(arguments);
}

void print_error(const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    vprint_error(format, arguments);
    va_end(arguments);
}
