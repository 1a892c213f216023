// One link: a gateway worker and its clients. In: records. Out: the clients' callbacks; records of what the
// clients and publish() send. A peer that breaks a rule of the link ends it, with a line in the log.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libwebsocket/client_table.h"
#include "libwebsocket/context.h"
#include "libwebsocket/direct_settings.h"
#include "libwebsocket/topics.h"
#include "link/channel.h"
#include "link/metadata.h"

namespace marmoset::libwebsocket {

class DirectClient;
class LinkClient;
class LinkServer;

class Link final : public link::Channel::Handler, public net::TurnEnd, public net::Retired {
  public:
    /// Unsent bytes beyond which what the gateway sends waits: neither a message is delivered nor a client
    /// opened until it has read what it was sent.
    static constexpr size_t kHoldBack = 4u << 20;
    /// Unsent bytes beyond which a gateway that does not read loses its link: after kMostStalledMs, or at
    /// once when what waits in the process has reached its limit (net::Loop::memory_exhausted).
    static constexpr size_t kMaxUnsent = 16u << 20;
    static constexpr uint64_t kMostStalledMs = 5000;

    /// `server` owns the link and outlives it.
    Link(LinkServer& server, Context& context, FileDescriptor socket);
    ~Link() override;
    /// Sends HELLO and begins reading; false if the socket can't be polled.
    bool start();

    void publish(std::string_view topic, std::string_view data, Type type, const LinkClient* except);
    void shut_down();
    bool idle() const;
    /// Closes the socket; nobody is told any more.
    void abandon() { channel_.close(); }

    // For its clients.
    void append(link::RecordHeader header, Bytes first = {}, Bytes second = {});
    /// What the gateway's HELLO says.
    const link::Hello& peer() const { return peer_; }
    Topics& topics() { return topics_; }
    bool ended() const { return ended_; }
    /// `client` has sent its final record. `answered`: the gateway has sent its own before.
    void remove(LinkClient& client, bool answered);
    /// The final record of a directly served client that was accepted, or was not. `answered`: the gateway
    /// has sent its own before.
    void end_direct(uint32_t id, uint16_t code, bool answered);
    void reject_direct(uint32_t id, uint16_t http_status, std::string_view reason);
    /// on_turn_end() will call client.run_deferred().
    void defer(LinkClient& client);
    /// True while so much is unsent that the programs are given nothing that may make it more.
    bool congested() const { return channel_.congested() && channel_.unsent() > kHoldBack; }
    /// client.run_deferred() will be called when the gateway has read.
    void wait_for_gateway(LinkClient& client) { held_back_.push_back(&client); }
    /// Ends the link, for a reason that is logged; its clients are told at the end of the turn.
    void end(const std::string& reason, log::Level level = log::Level::Warning);

  private:
    void on_record(const link::Record& record) override;
    void on_handover(uint32_t id, Bytes early, FileDescriptor descriptor) override;
    bool takes_handover() const override { return true; }
    void on_packet_end() override {}
    void on_drained() override;
    void on_end(const std::string& reason) override;
    void on_turn_end() override;

    void on_hello(Bytes payload);
    void on_open(uint32_t id, Bytes payload);
    bool is_held(uint32_t id) const;
    void open(uint32_t id, Bytes payload);
    void on_close(const link::Record& record);
    LinkClient* client_of(const link::Record& record);
    void open_direct(uint32_t id, link::OpenMetadata& open);
    void refuse(uint32_t id, uint16_t http_status, std::string_view reason);

    LinkServer& server_;
    Context& context_;
    link::Channel channel_;
    link::Hello peer_;
    ClientTable clients_;
    std::unordered_map<uint32_t, DirectClient*> direct_;  // by id; they outlive the link
    Ref<DirectSettings> direct_settings_;                 // made for the first of them
    Topics topics_;
    std::vector<LinkClient*> deferred_;  // nullptr: was removed meanwhile
    // While the gateway does not read: who has messages to deliver then (nullptr: was removed), and OPENs.
    std::vector<LinkClient*> held_back_;
    std::deque<std::pair<uint32_t, std::vector<uint8_t>>> held_opens_;
    bool greeted_ = false;  // the gateway's HELLO has come
    bool ended_ = false;
};

}  // namespace marmoset::libwebsocket
