// RFC 6455 5.3, 10.3: the key that a client masks a frame with. No script in a browser, and nobody who sees
// earlier ones, may foretell it.
#pragma once

#include <cstdint>

namespace marmoset::websocket {

/// Writes a fresh key. Its bytes are the system's random ones, fetched for many frames at a time; each thread
/// has its own.
void make_masking_key(uint8_t key[4]);

}  // namespace marmoset::websocket
