// A byte echo on a UNIX stream socket: the system server behind raw_relay and behind lighttpd's mod_wstunnel.
// Usage: raw_unix_echo PATH; prints "listening".
#include "raw_server.h"

int main(int argc, char** argv) {
    using namespace marmoset::bench;
    return guarded("raw_unix_echo", [&] {
        if (argc != 2) throw std::runtime_error("usage: raw_unix_echo PATH");
        serve_echo(listen_unix(argv[1]));
    });
}
