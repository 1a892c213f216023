// Where a system server is, and what its byte stream means: what a name or an entry of `links` is resolved
// to.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <string>

namespace marmoset::websocket_module {

/// How a server is spoken to: how messages lie in the bytes of a SOCK_STREAM server (conf/link-protocol.md,
/// "framing"), and whether it gets its clients' own connections.
struct Dialect {
    enum class Framing : uint8_t { Bytes, Lines, Records };
    enum class Type : uint8_t { Text, Binary, Auto };
    Framing framing = Framing::Bytes;
    Type type = Type::Text;  ///< of bytes; Auto: text if it is UTF-8
    bool direct = false;     ///< options "direct"; SEQPACKET servers and framing "bytes" only
};

struct Place {
    enum class Kind : uint8_t {
        Unix,  ///< a socket; SEQPACKET or STREAM, as found
        Tcp,   ///< always a stream
        Tty,   ///< a character device, shared by its clients
        Fifo,  ///< one or two named pipes, shared by their clients
    };
    Kind kind = Kind::Unix;
    std::string name;          ///< for logs: "echo", "/run/app.sock", "127.0.0.1:4000"
    std::string path;          ///< Unix: below `directory`; Tty; Fifo: what clients say goes there; or empty
    int directory = AT_FDCWD;  ///< Unix: a descriptor that outlives the place
    std::string source;        ///< Fifo: what the server says comes from there; or empty
    std::string host, port;    ///< Tcp: name or literal, number or service
    unsigned baud = 0;         ///< Tty: bits a second; 0: as the device is set
};

}  // namespace marmoset::websocket_module
