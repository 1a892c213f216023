// What the library proper says to the calls that its shared form puts in front of the C library's
// (interpose/).
#pragma once

namespace marmoset::interpose {

/// Clients of listening socket `fd` come by the library's own protocols: accept() waits for no handover. Null
/// in programs that link the archive, where nothing is in front of accept().
__attribute__((weak)) void accept_plainly(int fd);

}  // namespace marmoset::interpose
