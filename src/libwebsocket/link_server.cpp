#include "libwebsocket/link_server.h"

#include <algorithm>

#include "libwebsocket/link_client.h"

namespace marmoset::libwebsocket {

LinkServer::LinkServer(Context& context, int socket)
    : context_(context),
      direct_clients_(context),
      listener_(new net::Listener(context.loop, socket, [this](FileDescriptor accepted, const net::Address&) {
          on_accept(std::move(accepted));
      })) {
    listener_->start();
}

LinkServer::~LinkServer() {
    abandon();
}

void LinkServer::on_accept(FileDescriptor socket) {
    auto link = std::make_unique<Link>(*this, context_, std::move(socket));
    if (!link->start()) {
        log::error("accept: the new link can't be polled");
        return;
    }
    links_.push_back(std::move(link));
}

void LinkServer::publish(std::string_view topic, std::string_view data, Type type, Client* except) {
    const auto* client = static_cast<ClientBase*>(except);  // this server makes no other kind
    const auto* linked = client && !client->direct() ? static_cast<const LinkClient*>(client) : nullptr;
    for (const auto& link : links_)
        link->publish(topic, data, type, linked);
    direct_clients_.publish(topic, data, type, client);
}

void LinkServer::shut_down() {
    if (listener_) listener_->close();
    listener_ = nullptr;
    for (const auto& link : links_)
        link->shut_down();
    direct_clients_.shut_down();
}

bool LinkServer::idle() const {
    return direct_clients_.idle() &&
           std::all_of(links_.begin(), links_.end(), [](const auto& link) { return link->idle(); });
}

void LinkServer::abandon() {
    if (listener_) listener_->close();
    listener_ = nullptr;
    for (auto& link : links_) {
        link->abandon();
        context_.loop.retire(std::move(link));
    }
    links_.clear();
    direct_clients_.abandon();
}

void LinkServer::forget(Link& link) {
    const auto found =
        std::find_if(links_.begin(), links_.end(), [&](const auto& each) { return each.get() == &link; });
    if (found == links_.end()) return;
    context_.loop.retire(std::move(*found));
    links_.erase(found);
}

}  // namespace marmoset::libwebsocket
