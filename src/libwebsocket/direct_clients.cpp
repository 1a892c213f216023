#include "libwebsocket/direct_clients.h"

#include <vector>

#include "libwebsocket/direct_client.h"
#include "websocket/utf8.h"

namespace marmoset::libwebsocket {

DirectClients::DirectClients(Context& context) : frames_(context.loop) {}

void DirectClients::keep(const Ref<DirectSettings>& settings) {
    std::erase_if(settings_, [](const auto& each) { return !each->shared(); });
    settings_.push_back(settings);
}

void DirectClients::add(DirectClient& client) {
    client.list_next = first_;
    if (first_) first_->list_previous = &client;
    first_ = &client;
}

void DirectClients::remove(DirectClient& client) {
    if (client.list_previous) client.list_previous->list_next = client.list_next;
    if (client.list_next) client.list_next->list_previous = client.list_previous;
    if (first_ == &client) first_ = client.list_next;
    client.list_next = client.list_previous = nullptr;
}

template <typename Visit>
void DirectClients::for_each(Visit visit) {
    std::vector<DirectClient*> clients;  // freed only after this turn
    for (DirectClient* client = first_; client; client = client->list_next)
        clients.push_back(client);
    for (DirectClient* client : clients)
        visit(*client);
}

void DirectClients::publish(std::string_view name, std::string_view data, Type type, const Client* except) {
    const Topic* topic = topics_.find(name);
    if (!topic) return;
    const Bytes message = as_bytes(data);
    if (type == Type::Text && !websocket::is_valid_utf8(message)) {
        log::error("publish to {}: text that is not UTF-8", name);
        return;
    }
    const SharedFrame frame = make_frame(message, type);
    for_each([&](DirectClient& client) {
        if (&client != except && client.joined(topic)) client.publish(frame, message, type);
    });
}

SharedFrame DirectClients::make_frame(Bytes message, Type type) {
    return frames_.encode(type == Type::Binary ? websocket::Opcode::Binary : websocket::Opcode::Text,
                          message);
}

void DirectClients::shut_down() {
    for_each([](DirectClient& client) { client.shut_down(); });
}

bool DirectClients::idle() const {
    for (const DirectClient* client = first_; client; client = client->list_next) {
        if (client->has_output()) return false;
    }
    return true;
}

void DirectClients::abandon() {
    for_each([](DirectClient& client) { client.abandon(); });
    frames_.clear();
}

}  // namespace marmoset::libwebsocket
