// One connection of a STREAM server, Framing::Bytes or Lines. Of bytes what one read gives is one message. It
// is Text if it is valid UTF-8, else Binary; an unfinished UTF-8 sequence at its end waits a moment for the
// next read, and comes alone as Binary when nothing follows. The first bytes that are no UTF-8 make all that
// follows Binary.
#pragma once

#include <memory>
#include <vector>

#include "libwebsocket/client_base.h"
#include "libwebsocket/stream_server.h"
#include "link/line_reader.h"
#include "net/connection.h"

namespace marmoset::libwebsocket {

class StreamClient final : public ClientBase, public net::Protocol, public net::TurnEnd {
  public:
    /// `server`, `context` and `connection` outlive the client.
    StreamClient(StreamServer& server, Context& context, net::Connection& connection,
                 std::unique_ptr<ClientInfo> info);

    void begin();
    void shut_down();
    bool joined(const Topic* topic) const { return subscriptions_.contains(topic); }

    size_t buffered_amount() const override { return connection().blocked() ? connection().unsent() : 0; }
    uint64_t credit() const override;
    void join(std::string_view topic) override;
    void leave(std::string_view topic) override;
    void pause() override { connection().pause(net::ReadPause::Credit); }
    void resume() override;

  private:
    size_t read_limit() const override;
    void on_bytes(MutableBytes data) override;
    void on_end_of_stream() override;
    void on_output_progress() override;
    void on_deadline() override;
    void on_closed(CloseReason reason) override;
    void on_shutdown() override { shut_down(); }
    void on_turn_end() override;

    void do_accept(std::string_view subprotocol) override;
    void do_reject(uint16_t http_status, std::string_view reason) override;
    void do_close(uint16_t code, std::string_view reason) override;
    bool do_send(Bytes data, Part part) override;
    void do_publish(Bytes data, Type type) override;
    void fail(uint16_t code, const char* reason) override;
    void take_bytes(MutableBytes data);
    void take_lines(Bytes data);
    void flush_tail();

    StreamServer& server_;
    Subscriptions subscriptions_;
    std::unique_ptr<link::LineReader> lines_;  // null: Framing::Bytes
    std::vector<uint8_t> held_;                // lines that were read before a pause
    uint8_t tail_[4] = {};                     // an unfinished UTF-8 sequence
    uint8_t tail_size_ = 0;
    bool tail_is_late_ = false;  // its time is over; the socket is looked at once more
    bool binary_ = false;        // bytes that are no UTF-8 have come
    uint16_t fail_code_ = 1006;  // RFC 6455 7.1.5: gone without a close frame
};

}  // namespace marmoset::libwebsocket
