// Headers of the PROXY protocol: the specification's own examples, and what must be refused.
#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

#include "net/proxy_transport.h"
#include "net/socket_transport.h"

namespace marmoset::net {
namespace {

using State = ProxyHeader::State;
using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string big16(size_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string version2(uint8_t command, uint8_t family, const std::string& rest) {
    return kSignature + static_cast<char>(command) + static_cast<char>(family) + big16(rest.size()) + rest;
}

std::string field(uint8_t type, const std::string& value) {
    return static_cast<char>(type) + big16(value.size()) + value;
}

const std::string kIp4 = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x12\x34\x01\xbb"s;  // 192.0.2.1:4660 to …:443

ProxyHeader parse(const std::string& bytes) {
    return parse_proxy_header(as_bytes(bytes));
}

/// The header is read to its end, and everything shorter only lets us wait.
void expect_client(const std::string& header, const char* client) {
    const ProxyHeader whole = parse(header + "GET / HTTP/1.1\r\n");
    ASSERT_EQ(State::Complete, whole.state) << header;
    EXPECT_EQ(header.size(), whole.size);
    EXPECT_EQ(client != nullptr, whole.names_client);
    if (client) {
        EXPECT_EQ(client, whole.client.text());
    }
    for (size_t size = 0; size < header.size(); ++size) {
        const ProxyHeader part = parse(header.substr(0, size));
        ASSERT_EQ(State::Incomplete, part.state) << size << " of " << header;
        EXPECT_GT(part.size, size);
    }
}

// proxy-protocol.txt 2.1
TEST(ProxyHeaderTest, ExamplesOfVersion1) {
    expect_client("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535");
    expect_client(
        "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
        "65535\r\n",
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    expect_client("PROXY UNKNOWN\r\n", nullptr);
    expect_client(
        "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
        "65535\r\n",
        nullptr);
    expect_client("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324");
    expect_client("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 1\r\n", "192.0.2.1:0");
}

TEST(ProxyHeaderTest, MalformedLinesOfVersion1) {
    const std::string good = "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n";
    for (const std::string& line : {
             "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\n"s,
             "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 \r\n"s,
             "PROXY  TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"s,
             "PROXY TCP4  192.168.0.1 192.168.0.11 56324 443\r\n"s,
             "PROXY TCP4 192.168.0.1 192.168.0.11 56324\r\n"s,
             "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 1\r\n"s,
             "PROXY TCP4 192.168.0.1 192.168.0.11 056324 443\r\n"s,
             "PROXY TCP4 192.168.0.1 192.168.0.11 65536 443\r\n"s,
             "PROXY TCP4 192.168.0.1 192.168.0.11 -1 443\r\n"s,
             "PROXY TCP4 192.168.0.1 192.168.0.11 56324 0x1bb\r\n"s,
             "PROXY TCP4 192.168.0.01 192.168.0.11 56324 443\r\n"s,
             "PROXY TCP4 192.168.0 192.168.0.11 56324 443\r\n"s,
             "PROXY TCP4 ::1 ::1 56324 443\r\n"s,
             "PROXY TCP6 192.168.0.1 192.168.0.11 56324 443\r\n"s,
             "PROXY TCP6 ::1 192.168.0.11 56324 443\r\n"s,
             "PROXY UDP4 192.168.0.1 192.168.0.11 56324 443\r\n"s,
             "PROXY tcp4 192.168.0.1 192.168.0.11 56324 443\r\n"s,
             "PROXY UNKNOWNX\r\n"s,
             "PROXY \r\n\r\n\r\n\r\n"s,
             "proxy TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"s,
             "PROXYTCP4 192.168.0.1 192.168.0.11 56324 443\r\n"s,
             "PROXY TCP4 localhost 192.168.0.11 56324 443\r\n"s,
             "PROXY TCP4\t192.168.0.1 192.168.0.11 56324 443\r\n"s,
             "PROXY UNKNOWN "s + std::string(92, 'x') + "\r\n",
             "GET / HTTP/1.1\r\n\r\n"s,
             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00"s,
         }) {
        EXPECT_EQ(State::Malformed, parse(line).state) << line;
    }
    EXPECT_EQ(State::Complete, parse(good).state);
    EXPECT_EQ(State::Complete, parse("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n").state);
    // No line feed where the longest line has its own.
    EXPECT_EQ(State::Incomplete, parse("PROXY TCP4 " + std::string(95, '1')).state);
    EXPECT_EQ(State::Malformed, parse("PROXY TCP4 " + std::string(96, '1')).state);
}

// proxy-protocol.txt 2.2
TEST(ProxyHeaderTest, Version2) {
    expect_client(version2(0x21, 0x11, kIp4), "192.0.2.1:4660");
    expect_client(version2(0x21, 0x21,
                           "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01" + std::string(16, '\xfe') +
                               "\x12\x34\x01\xbb"),
                  "[2001:db8::1]:4660");
    expect_client(version2(0x21, 0x31, std::string(216, 'x')), "unix");
    expect_client(version2(0x21, 0x00, ""), nullptr);
    expect_client(version2(0x21, 0x00, "whatever"), nullptr);
    // LOCAL: the rest is to be ignored, whatever it is.
    expect_client(version2(0x20, 0x00, ""), nullptr);
    expect_client(version2(0x20, 0x11, kIp4), nullptr);
    expect_client(version2(0x20, 0xff, "rest"), nullptr);
}

TEST(ProxyHeaderTest, MalformedHeadersOfVersion2) {
    for (const std::string& header : {
             version2(0x11, 0x11, kIp4),                        // version 1 in binary
             version2(0x22, 0x11, kIp4),                        // no such command
             version2(0x21, 0x12, kIp4),                        // UDP
             version2(0x21, 0x22, std::string(36, '\0')),       // UDP
             version2(0x21, 0x32, std::string(216, '\0')),      // datagrams
             version2(0x21, 0x10, kIp4),                        // of no protocol
             version2(0x21, 0x41, kIp4),                        // no such family
             version2(0x21, 0x11, kIp4.substr(0, 11)),          // shorter than its addresses
             version2(0x21, 0x21, std::string(35, '\0')),       //
             version2(0x21, 0x31, std::string(215, '\0')),      //
             version2(0x21, 0x11, kIp4 + "\x04"s),              // half a field
             version2(0x21, 0x11, kIp4 + "\x04\x00"s),          //
             version2(0x21, 0x11, kIp4 + "\x04\x00\x02\x00"s),  // a field beyond the header
             version2(0x21, 0x11, kIp4 + field(0x20, "\x01\0\0\0"s)),
             version2(0x21, 0x11, kIp4 + field(0x03, "\0\0\0"s)),
         }) {
        EXPECT_EQ(State::Malformed, parse(header).state) << testing::PrintToString(header);
    }
    // Refused as soon as its length is there, not when as much has come.
    EXPECT_EQ(State::Malformed, parse(kSignature + "\x21\x11" + big16(kMaxProxyHeader - 15)).state);
    EXPECT_EQ(State::Incomplete, parse(kSignature + "\x21\x11" + big16(kMaxProxyHeader - 16)).state);
}

TEST(ProxyHeaderTest, FurtherFields) {
    const std::string authority = field(0x02, "example.com");
    expect_client(version2(0x21, 0x11, kIp4 + authority + field(0x04, "") + field(0xee, "own")),
                  "192.0.2.1:4660");
    const std::string plain = field(0x20, "\x00\0\0\0\x01"s), encrypted = field(0x20, "\x01\0\0\0\0"s);
    EXPECT_FALSE(parse(version2(0x21, 0x11, kIp4)).secure);
    EXPECT_FALSE(parse(version2(0x21, 0x11, kIp4 + plain)).secure);
    EXPECT_TRUE(parse(version2(0x21, 0x11, kIp4 + authority + encrypted)).secure);
    EXPECT_FALSE(parse(version2(0x20, 0x11, kIp4 + encrypted)).secure);
}

// PP2_TYPE_CRC32C: a sum that does not fit drops the connection.
TEST(ProxyHeaderTest, ChecksumsAreChecked) {
    std::string header = version2(0x21, 0x11, kIp4 + field(0x03, "\0\0\0\0"s));
    uint32_t table_free = UINT32_MAX;  // CRC-32c, one bit after the other from the top: another way than ours
    for (const char c : header) {
        for (int bit = 0; bit < 8; ++bit) {
            const uint32_t in = (static_cast<uint8_t>(c) >> bit & 1) ^ (table_free >> 31);
            table_free = table_free << 1 ^ (in ? 0x1edc6f41u : 0);
        }
    }
    uint32_t reflected = 0;
    for (int bit = 0; bit < 32; ++bit)
        reflected |= (~table_free >> bit & 1) << (31 - bit);
    store_big<uint32_t>(reinterpret_cast<uint8_t*>(header.data()) + header.size() - 4, reflected);
    EXPECT_EQ(State::Complete, parse(header).state);
    for (size_t at = 14; at < header.size(); ++at) {
        if (at == header.size() - 7) continue;  // the field's type: it is another field then
        std::string changed = header;
        changed[at] = static_cast<char>(changed[at] ^ 0x10);
        EXPECT_NE(State::Complete, parse(changed).state) << at;
    }
}

// ---- the transport ---------------------------------------------------------------------------------------

/// A transport and the proxy at its other end.
struct Pair {
    Pair() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        peer_ = FileDescriptor(ends[0]);
        ours_ = ends[1];
        transport_ = std::make_unique<ProxyTransport>(
            std::make_unique<SocketTransport>(FileDescriptor(ends[1])), 5000);
        EXPECT_EQ(Transport::Handshake::WantsRead, transport_->handshake());
    }
    void say(const std::string& bytes) {
        ASSERT_EQ(static_cast<ssize_t>(bytes.size()), send(peer_.get(), bytes.data(), bytes.size(), 0));
    }
    /// What is left in the socket.
    std::string rest() {
        char bytes[64];
        const ssize_t size = recv(ours_, bytes, sizeof bytes, MSG_DONTWAIT);
        return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : "";
    }

    FileDescriptor peer_;
    int ours_;
    std::unique_ptr<ProxyTransport> transport_;
};

class ProxyTransportTest : public testing::Test, protected Pair {};

TEST(ProxyTransportPairTest, TakesNothingOfWhatFollows) {
    for (const std::string& header :
         {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"s, version2(0x21, 0x11, kIp4)}) {
        Pair other;
        other.say(header + "GET /\n");
        EXPECT_EQ(Transport::Handshake::Done, other.transport_->handshake());
        EXPECT_EQ("192.0.2.1", other.transport_->header().client.host());
        EXPECT_EQ("GET /\n", other.rest());
    }
}

TEST_F(ProxyTransportTest, ByteByByte) {
    const std::string header = "PROXY TCP6 2001:db8::1 ::1 1 2\r\n";
    for (size_t i = 0; i < header.size(); ++i) {
        EXPECT_EQ(Transport::Handshake::WantsRead, transport_->handshake());
        say(header.substr(i, 1));
    }
    say("next");
    EXPECT_EQ(Transport::Handshake::Done, transport_->handshake());
    EXPECT_EQ("next", rest());
}

TEST_F(ProxyTransportTest, EndsWithoutAWordOrWithin) {
    peer_ = FileDescriptor();
    EXPECT_EQ(Transport::Handshake::Closed, transport_->handshake());
    Pair other;
    other.say("PROXY TCP4 192.0");
    other.peer_ = FileDescriptor();
    EXPECT_EQ(Transport::Handshake::Failed, other.transport_->handshake());
    EXPECT_NE("", other.transport_->error());
}

TEST_F(ProxyTransportTest, WhatIsNoHeaderFails) {
    say("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(Transport::Handshake::Failed, transport_->handshake());
}

}  // namespace
}  // namespace marmoset::net
