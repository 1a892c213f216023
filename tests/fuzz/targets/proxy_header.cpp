// The header of the PROXY protocol. In: the first bytes of a connection. Whole and in every shorter part; a
// reader of some lines made from the specification; the way back; and the transport, which must leave what
// follows in the socket.
#include "net/proxy_header.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/proxy_transport.h"
#include "net/socket_transport.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

using State = net::ProxyHeader::State;

std::string outcome(const net::ProxyHeader& header) {
    if (header.state == State::Malformed) return "malformed";
    if (header.state == State::Incomplete) return "incomplete";
    return std::to_string(header.size) + (header.names_client ? " " + header.client.text() : "") +
           (header.secure ? " secure" : "");
}

// Version 1 by the C library's own reader of addresses.
void check_line(std::string_view text, const net::ProxyHeader& header) {
    require(header.size <= 107 && text[header.size - 1] == '\n', "a line ends with its line feed");
    require(text.substr(0, header.size).find('\n') == header.size - 1, "a line has one line feed");
    if (!header.names_client) {
        require(text.starts_with("PROXY UNKNOWN"), "who is not named is unknown");
        return;
    }
    char client[64], server[64], protocol[8];
    unsigned client_port = 0, server_port = 0;
    const std::string line(text.substr(0, header.size));
    require(std::sscanf(line.c_str(), "PROXY %7s %63s %63s %u %u\r\n", protocol, client, server, &client_port,
                        &server_port) == 5,
            "a line has its five words");
    sockaddr_in in{};
    sockaddr_in6 in6{};
    const bool version4 = inet_pton(AF_INET, client, &in.sin_addr) == 1;
    require(version4 || inet_pton(AF_INET6, client, &in6.sin6_addr) == 1, "a client has an address");
    require_equal(version4 ? "TCP4" : "TCP6", protocol, "the protocol of the address");
    require(header.client.port() == client_port && server_port <= 65535, "the port that stands there");
    const std::string again = "PROXY " + std::string(protocol) + " " + client + " " + server + " " +
                              std::to_string(client_port) + " " + std::to_string(server_port) + "\r\n";
    require_equal(line, again, "nothing else stands in a line");
}

void check_binary(Bytes bytes, const net::ProxyHeader& header) {
    require(header.size == 16u + load_big<uint16_t>(bytes.data() + 14), "a binary header tells its size");
    require(header.size <= net::kMaxProxyHeader, "a header has a limit");
    require(bytes[12] == 0x20 || bytes[12] == 0x21, "version 2, LOCAL or PROXY");
    require(header.names_client == (bytes[12] == 0x21 && bytes[13] != 0), "who is named");
    if (!header.names_client) return;
    sockaddr_storage storage{};
    const socklen_t size = header.client.to_sockaddr(storage);
    if (bytes[13] == 0x11) {
        require(
            size == sizeof(sockaddr_in) && std::memcmp(header.client.key() + 12, bytes.data() + 16, 4) == 0,
            "an IPv4 address");
    } else if (bytes[13] == 0x21) {
        require(std::memcmp(header.client.key(), bytes.data() + 16, 16) == 0, "an IPv6 address");
    } else {
        require(bytes[13] == 0x31 && header.client.family() == net::Address::Family::Unix, "a UNIX client");
    }
}

void check_transport(Bytes bytes, const net::ProxyHeader& whole) {
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "a socket pair");
    FileDescriptor peer(ends[0]);
    net::ProxyTransport transport(std::make_unique<net::SocketTransport>(FileDescriptor(ends[1])), 1000);
    require(transport.handshake() == net::Transport::Handshake::WantsRead, "the first call reads nothing");
    Pieces pieces(bytes);
    auto handshake = net::Transport::Handshake::WantsRead;
    size_t sent = 0;
    while (sent < bytes.size() && handshake == net::Transport::Handshake::WantsRead) {
        const size_t size = pieces.next(bytes.size() - sent);
        require(send(peer.get(), bytes.data() + sent, size, 0) == static_cast<ssize_t>(size), "room for it");
        sent += size;
        handshake = transport.handshake();
    }
    switch (whole.state) {
        case State::Complete: {
            require(handshake == net::Transport::Handshake::Done, "a complete header is read");
            require_equal(outcome(whole), outcome(transport.header()), "a header in pieces");
            std::vector<uint8_t> rest(bytes.size() + 1);
            const ssize_t left = recv(ends[1], rest.data(), rest.size(), 0);
            require((left < 0 ? 0 : static_cast<size_t>(left)) == sent - whole.size, "what follows is left");
            break;
        }
        case State::Malformed:
            require(handshake == net::Transport::Handshake::Failed, "a malformed header is refused");
            break;
        case State::Incomplete:
            require(handshake == net::Transport::Handshake::WantsRead, "half a header is waited for");
            peer = FileDescriptor();
            require(transport.handshake() == (bytes.empty() ? net::Transport::Handshake::Closed
                                                            : net::Transport::Handshake::Failed),
                    "half a header is none");
    }
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    if (size > 8192) return 0;
    const auto input = exact({data, size});
    const net::ProxyHeader whole = net::parse_proxy_header(input);
    // What a part says stands: more bytes only complete it. Single bytes at the start, where lines are, then
    // some places.
    for (size_t part = 0; part < size; part += part < 256 ? 1 : 97) {
        const auto bytes = exact(Bytes(input).first(part));
        const net::ProxyHeader header = net::parse_proxy_header(bytes);
        if (header.state == State::Incomplete) {
            require(header.size > part && header.size <= net::kMaxProxyHeader,
                    "more is wanted, and not too much");
        } else {
            require_equal(outcome(header), outcome(whole), "a part of the bytes was enough");
        }
    }
    if (whole.state == State::Complete) {
        require(whole.size <= size, "a header lies in what came");
        if (as_text(input).starts_with("PROXY ")) {
            check_line(as_text(input), whole);
        } else {
            check_binary(input, whole);
        }
    }
    check_transport(input, whole);
    return 0;
}
