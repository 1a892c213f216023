// The ceiling of a server without a gateway: TCP echo, one recv and one send a message. Usage: raw_tcp;
// prints "port N".
#include "raw_server.h"

int main() {
    using namespace marmoset::bench;
    return guarded("raw_tcp", [] { serve_echo(listen_tcp()); });
}
