#include "libwebsocket/link.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "libwebsocket/direct_client.h"
#include "libwebsocket/link_client.h"
#include "libwebsocket/link_server.h"
#include "websocket/close_code.h"

namespace marmoset::libwebsocket {

using link::RecordType;

namespace {

std::unique_ptr<ClientInfo> client_info(link::OpenMetadata& open) {
    auto info = std::make_unique<ClientInfo>();
    info->id = std::move(open.id);
    info->uri = std::move(open.uri);
    info->path_info = std::move(open.path_info);
    info->query = std::move(open.query);
    info->protocols = std::move(open.protocols);
    info->origin = std::move(open.origin);
    info->host = std::move(open.host);
    info->user = std::move(open.user);
    info->group = std::move(open.group);
    info->home = std::move(open.home);
    info->auth = std::move(open.auth);
    info->remote_address = std::move(open.remote.address);
    info->remote_port = open.remote.port;
    info->local_address = std::move(open.local.address);
    info->local_port = open.local.port;
    info->tls = open.has_tls;
    info->tls_version = std::move(open.tls.version);
    info->tls_cipher = std::move(open.tls.cipher);
    info->tls_client_subject = std::move(open.tls.subject);
    info->headers = std::move(open.headers);
    return info;
}

}  // namespace

Link::Link(LinkServer& server, Context& context, FileDescriptor socket)
    : server_(server), context_(context), channel_(context.loop, std::move(socket), *this) {}

Link::~Link() {
    for (LinkClient* client : clients_.clients())
        delete client;
}

bool Link::start() {
    if (!channel_.start()) return false;
    link::Hello hello;
    hello.software = context_.options.software;
    hello.pid = static_cast<uint64_t>(getpid());
    hello.window = context_.options.window;
    hello.max_message = context_.options.max_message;
    std::string text;
    link::append_hello(text, hello);
    append({0, 0, RecordType::Hello, 0, 0}, as_bytes(text));
    return true;
}

void Link::append(link::RecordHeader header, Bytes first, Bytes second) {
    if (ended_) return;
    channel_.append(header, first, second);
    if (channel_.unsent() > kMaxUnsent) [[unlikely]] {
        // What was produced in one turn can't have been read yet.
        if (channel_.stalled() > kMostStalledMs)
            end("the gateway does not read: more than 16 MiB wait for it");
        else if (context_.loop.memory_exhausted())
            end("out of memory for what the gateway has not read");
    }
}

void Link::end(const std::string& reason, log::Level level) {
    if (ended_) return;
    ended_ = true;
    channel_.close();
    if (log::enabled(level)) {
        log::write(level, greeted_
                              ? fmt::format("link of {}, process {}: {}", peer_.software, peer_.pid, reason)
                              : fmt::format("link of a stranger: {}", reason));
    }
    context_.loop.at_turn_end(*this);
}

// A gateway that stops leaves no clients behind; one that leaves before HELLO was only looking whether
// somebody listens.
void Link::on_end(const std::string& reason) {
    // Over a stream each client has a link of its own, whose end is nothing to tell of.
    const auto calm = greeted_ && !channel_.is_stream() ? log::Level::Info : log::Level::Debug;
    const bool loud = channel_.rule_broken() || !clients_.clients().empty();
    end(reason, loud ? log::Level::Warning : calm);
}

void Link::defer(LinkClient& client) {
    deferred_.push_back(&client);
    context_.loop.at_turn_end(*this);
}

void Link::on_drained() {
    if (held_back_.empty() && held_opens_.empty()) return;
    deferred_.insert(deferred_.end(), held_back_.begin(), held_back_.end());
    held_back_.clear();
    context_.loop.at_turn_end(*this);
}

void Link::on_turn_end() {
    while (!held_opens_.empty() && !congested() && !ended_) {
        const auto [id, payload] = std::move(held_opens_.front());
        held_opens_.pop_front();
        open(id, payload);
    }
    for (size_t i = 0; i < deferred_.size(); ++i) {  // running one may defer others
        if (deferred_[i]) deferred_[i]->run_deferred();
    }
    deferred_.clear();
    if (!ended_) return;
    for (LinkClient* client : clients_.clients())
        client->link_lost();
    for (const auto& [id, client] : std::exchange(direct_, {}))
        client->link_lost();
    server_.forget(*this);
}

void Link::remove(LinkClient& client, bool answered) {
    if (answered) {
        clients_.release(client.id());
    } else {
        clients_.set_awaiting(client.id());
    }
    for (auto* list : {&deferred_, &held_back_})
        std::replace(list->begin(), list->end(), &client, static_cast<LinkClient*>(nullptr));
    context_.loop.retire(std::unique_ptr<net::Retired>(&client));
}

void Link::shut_down() {
    for (const auto& [id, payload] : std::exchange(held_opens_, {}))
        refuse(id, 503, "the server is stopping");
    for (LinkClient* client : clients_.clients())
        client->shut_down();
}

bool Link::idle() const {
    if (channel_.unsent() != 0 && !ended_) return false;
    const auto clients = clients_.clients();
    return std::none_of(clients.begin(), clients.end(),
                        [](const LinkClient* client) { return client->has_output(); });
}

void Link::publish(std::string_view name, std::string_view data, Type type, const LinkClient* except) {
    const Topic* topic = topics_.find(name);
    if (!topic || ended_) return;
    uint32_t excluded = 0;
    if (except && except->on_link(*this) && except->subscriptions().contains(topic)) {
        if (topic->subscribers == 1) return;
        excluded = except->id();
    }
    if (data.size() > peer_.max_message) {
        log::warning("publish to {}: {} bytes are more than the {} the gateway takes", name, data.size(),
                     peer_.max_message);
        return;
    }
    uint8_t prefix[2 + link::kMaxTopic];
    store<uint16_t>(prefix, static_cast<uint16_t>(name.size()));
    std::copy(name.begin(), name.end(), prefix + 2);
    const Bytes head(prefix, 2 + name.size());
    const size_t room = link::kMaxRecordPayload - head.size();
    Bytes rest = as_bytes(data);
    uint8_t flags = static_cast<uint8_t>(link::kFirst | (type == Type::Binary ? link::kBinary : 0));
    do {
        const Bytes part = rest.first(std::min(rest.size(), room));
        rest = rest.subspan(part.size());
        if (rest.empty()) flags |= link::kLast;
        append({0, excluded, RecordType::Publish, flags, 0}, head, part);
        flags = static_cast<uint8_t>(flags & ~link::kFirst);
    } while (!rest.empty());
}

void Link::on_record(const link::Record& record) {
    const RecordType type = record.header.type;
    if (!greeted_ && type != RecordType::Hello) {
        end("its first record is not HELLO");
        return;
    }
    switch (type) {
        case RecordType::Message:
            if (LinkClient* client = client_of(record)) {
                const char* error = client->take_message(record.header.flags, record.payload);
                if (error) end(fmt::format("client {}: {}", record.header.client, error));
            }
            return;
        case RecordType::Credit: {
            uint32_t bytes = 0;
            if (!link::parse_credit(record.payload, bytes)) {
                end("malformed CREDIT");
            } else if (LinkClient* client = client_of(record)) {
                client->take_credit(bytes);
            }
            return;
        }
        case RecordType::Open:
            on_open(record.header.client, record.payload);
            return;
        case RecordType::Close:
            on_close(record);
            return;
        case RecordType::Hello:
            on_hello(record.payload);
            return;
        default:
            end(fmt::format("a record of type {} is not for a system server", static_cast<unsigned>(type)));
            return;
    }
}

// The client a record is for. nullptr: the record is late, or it has ended the link.
LinkClient* Link::client_of(const link::Record& record) {
    const uint32_t id = record.header.client;
    LinkClient* client = clients_.find(id);
    if (client) return client;
    if (direct_.count(id) != 0) {
        end(fmt::format("client {}: its messages do not come over the link", id));
    } else if (!clients_.was_opened(id)) {
        end(fmt::format("client {} was never opened", id));
    }
    return nullptr;
}

void Link::on_hello(Bytes payload) {
    if (greeted_) {
        end("a second HELLO");
        return;
    }
    auto hello = link::parse_hello(payload);
    if (!hello) {
        end(hello.error().text);
        return;
    }
    peer_ = hello.take();
    greeted_ = true;
    if (!channel_.is_stream()) log::info("link of {}, process {}: begins", peer_.software, peer_.pid);
}

void Link::on_open(uint32_t id, Bytes payload) {
    if (clients_.find(id) || clients_.awaiting(id) || direct_.count(id) != 0 || is_held(id)) {
        end(fmt::format("client {} was opened while it is open", id));
    } else if (congested() || !held_opens_.empty()) {
        held_opens_.emplace_back(id, std::vector<uint8_t>(payload.begin(), payload.end()));
    } else {
        open(id, payload);
    }
}

bool Link::is_held(uint32_t id) const {
    return std::any_of(held_opens_.begin(), held_opens_.end(),
                       [&](const auto& held) { return held.first == id; });
}

void Link::open(uint32_t id, Bytes payload) {
    auto open = link::parse_open(payload);
    if (!open) {
        end(open.error().text);
        return;
    }
    if (context_.stopping || context_.full()) {
        refuse(id, 503, context_.stopping ? "the server is stopping" : "too many clients");
    } else if (open->direct) {
        open_direct(id, *open);
    } else {
        auto* client = new LinkClient(*this, context_, id, client_info(*open));
        clients_.insert(id, client);
        client->announce();
    }
}

void Link::open_direct(uint32_t id, link::OpenMetadata& open) {
    std::optional<websocket::DeflateParameters> deflate;
    if (!open.extensions.empty()) {
        deflate = websocket::check_deflate_answer(open.extensions);
        if (!deflate) {
            refuse(id, 501, "an extension that this server does not know");
            return;
        }
    }
    if (!direct_settings_) {
        direct_settings_ = Ref<DirectSettings>(new DirectSettings(context_.options, peer_));
        server_.direct_clients().keep(direct_settings_);
    }
    auto* client = new DirectClient(server_.direct_clients(), *this, context_, id, client_info(open),
                                    direct_settings_, deflate);
    direct_[id] = client;
    client->announce();
}

void Link::on_handover(uint32_t id, Bytes early, FileDescriptor descriptor) {
    const auto found = direct_.find(id);
    if (found != direct_.end() && found->second->expects_handover()) {
        found->second->take_handover(early, std::move(descriptor));
    } else if (found != direct_.end()) {
        end(fmt::format("HANDOVER of client {}, which is not accepted or was handed over before", id));
    } else if (!clients_.awaiting(id)) {  // else it comes late
        end(fmt::format("HANDOVER of client {}, which was not opened for it", id));
    }
}

void Link::end_direct(uint32_t id, uint16_t code, bool answered) {
    direct_.erase(id);
    append({0, id, RecordType::Close, 0, code});
    if (!answered) clients_.set_awaiting(id);
}

void Link::reject_direct(uint32_t id, uint16_t http_status, std::string_view reason) {
    direct_.erase(id);
    refuse(id, http_status, reason.substr(0, link::kMaxTopic));
}

void Link::refuse(uint32_t id, uint16_t http_status, std::string_view reason) {
    clients_.set_awaiting(id);
    append({0, id, RecordType::Reject, 0, http_status}, as_bytes(reason));
}

void Link::on_close(const link::Record& record) {
    const uint32_t id = record.header.client;
    const auto direct = direct_.find(id);
    if (clients_.awaiting(id)) {
        clients_.release(id);
    } else if (is_held(id)) {
        std::erase_if(held_opens_, [&](const auto& held) { return held.first == id; });
        append({0, id, RecordType::Close, 0, websocket::kNormal});
    } else if (direct != direct_.end()) {
        direct->second->take_close(record.header.code);
    } else if (LinkClient* client = client_of(record)) {
        client->deliver_held(true);  // what it said before it went
        if (clients_.find(id) == client) {
            client->take_close(record.header.code, as_text(record.payload));
        } else if (clients_.awaiting(id)) {  // the program has closed it meanwhile
            clients_.release(id);
        }
    }
}

}  // namespace marmoset::libwebsocket
