// What a system server publishes, on its way to the subscribers of one link. The frames of one packet are
// gathered as long as they are for the same topic: each subscriber's queue is then touched once, not once a
// message. In: PUBLISH records. Out: frames in the clients' queues, encoded once and shared by reference.
#pragma once

#include <string>
#include <vector>

#include "link/record.h"
#include "module/abi.h"
#include "net/loop.h"
#include "settings.h"
#include "topics.h"
#include "websocket/shared_frames.h"

namespace marmoset::websocket_module {

class LinkClient;

class Publications final : private net::TurnEnd {
  public:
    /// All outlive it.
    Publications(module::Worker& worker, const Settings& settings, Topics& topics)
        : worker_(worker), settings_(settings), topics_(topics), frames_(worker.loop) {}

    /// Returns nullptr, or what rule was broken.
    const char* take(const link::Record& record);
    /// Between the records of one PUBLISH no other may stand.
    bool unfinished() const { return unfinished_; }
    /// Gives the subscribers what has been gathered: before any other record that they notice, and at a
    /// link's end.
    void flush() {
        if (!gathered_.empty()) deliver_gathered();
    }
    /// The server has been sent a message, which it may answer with something to publish.
    void expect_answers() { answers_expected_ = true; }
    /// No more records for now. What has been gathered is delivered: to few at once, to many when the answers
    /// that are expected have come as well, or soon. `sending`: the server has not yet been sent all of what
    /// it is expected to answer.
    void on_packet_end(bool sending);
    /// Forgets a message of several records that was not finished.
    void drop_unfinished();

  private:
    struct Frame : websocket::SharedFrames::Frame {
        uint32_t except = 0;  // the client that is not to have it; 0: none
    };

    void publish(std::string_view topic, Bytes message, bool binary, uint32_t except);
    void publish_alone(std::string_view topic, Bytes message, bool binary, uint32_t except);
    Frame make_frame(Bytes payload, bool binary, bool compressed, uint32_t except);
    void deliver_gathered();
    void on_turn_end() override;

    module::Worker& worker_;
    const Settings& settings_;
    Topics& topics_;
    std::vector<Frame> gathered_;
    std::string gathered_topic_;
    bool answers_expected_ = false;
    uint64_t patience_ends_ = 0;  // of uv_hrtime(): then it is delivered; 0: nothing waits for answers
    std::vector<Frame> leaving_;  // what is being delivered; empty but for its memory, as the next
    std::vector<uint32_t> excepted_;
    std::vector<uint8_t> unfinished_message_;  // of a PUBLISH of several records
    std::string unfinished_topic_;
    bool unfinished_ = false;
    bool unfinished_binary_ = false;
    uint32_t unfinished_except_ = 0;
    websocket::SharedFrames frames_;
};

}  // namespace marmoset::websocket_module
