// Opening a serial line or named pipes for a device. In: a place. Out: descriptors that never block, or why
// there are none.
#pragma once

#include "base/file_descriptor.h"
#include "base/result.h"
#include "place.h"

namespace marmoset::websocket_module {

/// What a device is read from and written to; either may be missing (-1). A tty has one descriptor for both:
/// `input` alone.
struct DeviceFiles {
    FileDescriptor input, output;
};

/// `place` is Tty or Fifo. A tty is set to raw mode and to its baud rate; a pipe to write to needs its reader
/// (ENXIO), one to read from outlives its writers. Locked (flock), so that no other worker takes part of what
/// comes: EWOULDBLOCK. The error's code is the errno.
Result<DeviceFiles> open_device(const Place& place);

/// Whether a serial line can be set to `baud` bits a second.
bool is_baud_rate(unsigned baud);

}  // namespace marmoset::websocket_module
