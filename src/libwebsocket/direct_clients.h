// All directly served clients of one server, whatever link they came by: some outlive it.
#pragma once

#include <string_view>

#include "libwebsocket/context.h"
#include "libwebsocket/topics.h"
#include "websocket/message_deflate.h"
#include "websocket/session.h"

namespace marmoset::libwebsocket {

class DirectClient;

class DirectClients {
  public:
    /// `context` outlives it.
    explicit DirectClients(Context& context);

    void add(DirectClient& client);
    void remove(DirectClient& client);

    /// To every client that has joined, but `except`: the frame is encoded once.
    void publish(std::string_view topic, std::string_view data, Type type, const Client* except);
    void shut_down();
    bool idle() const;
    /// Closes all connections now.
    void abandon();

    Topics& topics() { return topics_; }
    const websocket::SessionSettings& settings() const { return settings_; }
    websocket::DeflateContexts& deflate_contexts() { return deflate_contexts_; }

  private:
    template <typename Visit>
    void for_each(Visit visit);

    Context& context_;
    Topics topics_;
    websocket::SessionSettings settings_;
    websocket::DeflateContexts deflate_contexts_;
    DirectClient* first_ = nullptr;
};

}  // namespace marmoset::libwebsocket
