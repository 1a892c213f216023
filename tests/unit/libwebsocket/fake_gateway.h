// The other end of the link, driven by hand: what a gateway worker does, one record at a time, right or
// wrong. Waits are bounded by poll; nothing sleeps.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "link/metadata.h"
#include "link/record.h"

namespace marmoset::libwebsocket {

inline constexpr int kPatienceMs = 20000;

/// A record that came from the server.
struct Received {
    link::RecordType type;
    uint32_t client;
    uint8_t flags;
    uint16_t code;
    std::string payload;
};

/// A record as bytes.
std::string record(link::RecordType type, uint32_t client, std::string_view payload = {}, uint8_t flags = 0,
                   uint16_t code = 0);
std::string message(uint32_t client, std::string_view payload, uint8_t flags = link::kFirst | link::kLast);
std::string credit(uint32_t client, uint32_t bytes);
/// OPEN with this JSON.
std::string open(uint32_t client, std::string_view json = "{\"id\":\"c\"}");
std::string close(uint32_t client, uint16_t code = 1005, std::string_view reason = {});

FileDescriptor connect_to(const std::string& path, int type);

class FakeGateway {
  public:
    /// Connects; `greet`: reads the server's HELLO and sends ours.
    explicit FakeGateway(const std::string& path, bool greet = true, uint64_t window = 262144,
                         uint64_t max_message = 16u << 20);

    void hello(uint64_t window, uint64_t max_message,
               const std::optional<link::DirectRules>& direct = std::nullopt);
    /// One packet.
    void send(std::string_view packet);
    /// One packet with descriptors beside it, which stay the caller's.
    void send(std::string_view packet, std::initializer_list<int> descriptors);
    /// OPEN, and the ACCEPT that answers it.
    void open_client(uint32_t client, std::string_view json = "{\"id\":\"c\"}");

    /// The next record; type Ping with client 999 and a failure when none comes.
    Received next();
    /// The next record, which must be of this type and for this client.
    Received expect(link::RecordType type, uint32_t client);
    /// A whole message for this client: its MESSAGE records until LAST. CREDIT for it is counted in granted,
    /// and its own cost given back at once if `give_back`.
    std::string expect_message(uint32_t client, bool give_back = false, bool* binary = nullptr);
    /// Sends a message as the protocol wants it: in records within `granted`, waiting for CREDIT. Echoes that
    /// come meanwhile are collected in `echo`, their cost given back.
    void send_message(uint32_t client, std::string_view payload, bool binary, std::string* echo);

    /// Everything the server had to say until now: it answers PING behind it.
    void barrier();
    /// No record is waiting after a barrier.
    void expect_nothing();
    /// The server ends the link; what it sent before is thrown away.
    void expect_end();
    void disconnect() { socket_.reset(); }
    int descriptor() const { return socket_.get(); }

    uint64_t server_window = 0;
    uint64_t server_max_message = 0;
    std::string server_software;
    std::map<uint32_t, int64_t> granted;      ///< what we may still send, per client
    std::map<uint32_t, int64_t> credit_left;  ///< what the server may still send; below 0 is a failure

  private:
    bool receive();
    void account(const Received& received);

    FileDescriptor socket_;
    std::deque<Received> pending_;
    uint64_t window_ = 0;
};

}  // namespace marmoset::libwebsocket
