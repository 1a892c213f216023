// All directly served clients of one server, whatever link they came by: some outlive it.
#pragma once

#include <string_view>
#include <vector>

#include "libwebsocket/context.h"
#include "libwebsocket/direct_settings.h"
#include "libwebsocket/topics.h"
#include "websocket/shared_frames.h"

namespace marmoset::libwebsocket {

class DirectClient;

using SharedFrame = websocket::SharedFrames::Frame;

class DirectClients {
  public:
    /// `context` outlives it.
    explicit DirectClients(Context& context);

    void add(DirectClient& client);
    void remove(DirectClient& client);

    /// To every client that has joined, but `except`: the frame is encoded once.
    void publish(std::string_view topic, std::string_view data, Type type, const Client* except);
    /// The frame of a message.
    SharedFrame make_frame(Bytes message, Type type);
    void shut_down();
    bool idle() const;
    /// Closes all connections now.
    void abandon();

    Topics& topics() { return topics_; }
    /// Keeps what the clients of one more link are served by until the last of them is gone, its connection
    /// too.
    void keep(const Ref<DirectSettings>& settings);

  private:
    template <typename Visit>
    void for_each(Visit visit);

    websocket::SharedFrames frames_;
    Topics topics_;
    std::vector<Ref<DirectSettings>> settings_;
    DirectClient* first_ = nullptr;
};

}  // namespace marmoset::libwebsocket
