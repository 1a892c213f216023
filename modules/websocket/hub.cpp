#include "hub.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "log/logger.h"
#include "websocket/utf8.h"

namespace marmoset::websocket_module {

using link::RecordType;

Hub::Hub(module::Worker& worker, const Settings& settings, Owner& owner, const Place& place, Scope scope)
    : worker_(worker),
      settings_(settings),
      owner_(owner),
      server_(place.name),
      scope_(scope),
      connector_(std::make_unique<Connector>(
          worker.loop, place, scope == Scope::AllClients ? SOCK_SEQPACKET : SOCK_STREAM,
          settings.handshake_timeout_ms, static_cast<Connector::Owner&>(*this))),
      clients_(1),
      closing_ids_(1),
      publications_(worker, settings, topics_) {}

Hub::~Hub() = default;

// ---- the link's beginning and end -----------------------------------------------------------------------

Result<void> Hub::connect() {
    auto socket = connector_->start();
    if (!socket) return socket.error();
    if (*socket) start_link(socket.take());
    return {};
}

void Hub::on_connected(FileDescriptor socket, const net::Address&) {
    start_link(std::move(socket));
}

void Hub::on_connect_failed(const Error& error) {
    if (error.code == EAGAIN || error.code == ETIMEDOUT) {
        const auto waiting =
            std::count_if(clients_.begin(), clients_.end(), [](auto* client) { return client != nullptr; });
        worker_.loop.counters().add(Counter::LimitHandshakeTimeout, static_cast<uint64_t>(waiting));
    }
    on_end(error.text);
}

void Hub::start_link(FileDescriptor socket) {
    connector_.reset();
    channel_ = std::make_unique<link::Channel>(worker_.loop, std::move(socket),
                                               static_cast<link::Channel::Handler&>(*this));
    std::string hello;
    link::append_hello(hello, {.version = link::kLinkVersion,
                               .software = "marmoset",
                               .pid = static_cast<uint64_t>(getpid()),
                               .window = settings_.window(),
                               .max_message = settings_.session.max_message,
                               .direct = settings_.direct_rules()});
    channel_->append({0, 0, RecordType::Hello, 0, 0}, as_bytes(hello));
    for (const auto& [id, payload] : early_opens_) {
        if (clients_[id]) channel_->append({0, id, RecordType::Open, 0, 0}, as_bytes(payload));
    }
    early_opens_.clear();
    channel_->set_silence_limit(settings_.link_timeout_ms);
    if (!channel_->start()) break_link("can't be polled");
}

void Hub::break_link(const std::string& reason) {
    if (channel_) channel_->close();
    on_end(reason);
}

void Hub::on_end(const std::string& reason) {
    publications_.flush();
    worker_.loop.output()
        .flush_all();  // payloads borrowed from the packet that ended it leave, or are copied
    const bool in_use = std::any_of(clients_.begin(), clients_.end(), [](auto* client) { return client; });
    static log::RateLimit limit;
    if (scope_ == Scope::OneClient && !in_use) {
        log::debug("link to {} ended: {}", server_, reason);
    } else if (limit.permit(worker_.loop.now())) {
        log::warning("link to {} ended: {}{}", server_, reason, limit.suffix());
    }
    worker_.loop.timers().disarm(*this);
    publications_.drop_unfinished();
    owner_.on_hub_ended(*this);
    const std::vector<LinkClient*> clients = std::move(clients_);
    clients_.clear();
    for (LinkClient* client : clients) {
        if (client) client->on_link_end();
    }
}

void Hub::close_direct() {
    const std::vector<LinkClient*> clients = clients_;  // who is closed leaves the list
    for (LinkClient* client : clients) {
        if (client && client->direct()) client->close_direct(websocket::kGoingAway, CloseReason::Shutdown);
    }
}

void Hub::finish() {
    worker_.loop.timers().disarm(*this);
    connector_.reset();
    publications_.flush();
    publications_.drop_unfinished();
    if (!channel_ || channel_->closed()) return;
    channel_->flush();
    channel_->close();
}

// ---- clients --------------------------------------------------------------------------------------------

bool Hub::open(http::Exchange& exchange, std::string_view path_info, std::string_view subprotocol,
               unsigned slot, bool direct) {
    static uint64_t count = 0;
    const std::string name = fmt::format("{}-{}", getpid(), ++count);
    std::string payload;
    payload.reserve(1024);
    append_open(payload, exchange, settings_, name, path_info, direct);
    if (payload.size() > link::kMaxRecordPayload) return false;

    auto* client = new LinkClient(exchange, settings_, worker_, *this, direct);
    if (free_ids_.empty()) {
        free_ids_.push_back(static_cast<uint32_t>(clients_.size()));
        clients_.push_back(nullptr);
        closing_ids_.push_back(false);
    }
    if (!subprotocol.empty()) client->default_subprotocol_ = std::make_unique<std::string>(subprotocol);
    client->id_ = free_ids_.back();
    free_ids_.pop_back();
    clients_[client->id_] = client;
    exchange.slot(slot) = static_cast<GatewayClient*>(client);
    if (channel_) {
        channel_->append({0, client->id_, RecordType::Open, 0, 0}, as_bytes(payload));
    } else {
        early_opens_.emplace_back(client->id_, std::move(payload));
    }
    return true;
}

void Hub::send(link::RecordHeader header, Bytes payload) {
    if (!channel_) return;
    channel_->append(header, payload);
    if (header.type == RecordType::Message) publications_.expect_answers();
}

void Hub::send_handover(uint32_t id, Bytes early, FileDescriptor descriptor) {
    if (channel_) channel_->append_handover(id, early, std::move(descriptor));
}

void Hub::retire_id(LinkClient& client, bool server_is_done) {
    topics_.leave_all(client);
    if (client.id_ < clients_.size()) clients_[client.id_] = nullptr;  // cleared while the link ends
    std::erase_if(early_opens_, [&](const auto& open) { return open.first == client.id_; });
    if (server_is_done || !channel_) {
        free_ids_.push_back(client.id_);
    } else {
        closing_ids_[client.id_] = true;
    }
    client.id_ = 0;
    if (scope_ == Scope::OneClient) end_with_client(server_is_done || !channel_);
}

// Not at once: the client, and records behind this one, may be in the midst of something.
void Hub::end_with_client(bool server_is_done) {
    if (server_is_done) {
        worker_.loop.at_turn_end(*this);
    } else {
        worker_.loop.timers().arm(*this, settings_.session.close_timeout_ms);
    }
}

void Hub::on_turn_end() {
    finish();
    owner_.on_hub_ended(*this);
}

void Hub::on_timer() {
    break_link("no answer to CLOSE");
}

// ---- records --------------------------------------------------------------------------------------------

void Hub::on_record(const link::Record& record) {
    const link::RecordHeader& header = record.header;
    const std::string_view text = as_text(record.payload);
    if (header.type == RecordType::Hello) {  // the channel has seen to it that it came first, and once
        on_hello(record.payload);
        return;
    }
    if (publications_.unfinished() && header.type != RecordType::Publish) {
        break_link("a record between the parts of a PUBLISH");
        return;
    }
    if (header.type == RecordType::Publish) {
        if (const char* fault = publications_.take(record)) break_link(fault);
        return;
    }
    // Nothing a client is sent depends on its credit.
    if (header.type != RecordType::Credit) publications_.flush();
    if (header.client >= clients_.size()) {  // ids are handed out densely, from 1
        break_link("client " + std::to_string(header.client) + " was never opened");
        return;
    }
    LinkClient* client = clients_[header.client];
    if (!client) {
        // Late: we have sent our final record. The server's final one frees the id, all others are dropped.
        if (closing_ids_[header.client] &&
            (header.type == RecordType::Close || header.type == RecordType::Reject)) {
            closing_ids_[header.client] = false;
            free_ids_.push_back(header.client);
            if (scope_ == Scope::OneClient) end_with_client(true);
        }
        return;
    }
    const char* fault = nullptr;
    if (client->direct() && header.type != RecordType::Accept && header.type != RecordType::Reject &&
        header.type != RecordType::Close) {
        break_link("a record about the messages of a client that was handed over");
        return;
    }
    switch (header.type) {
        case RecordType::Message:
            fault = client->on_message(header, record.payload);
            break;
        case RecordType::Credit: {
            uint32_t bytes = 0;
            fault = link::parse_credit(record.payload, bytes) ? client->on_credit(bytes) : "malformed CREDIT";
            break;
        }
        case RecordType::Accept:
            fault = client->on_accept(text);
            break;
        case RecordType::Reject:
            fault = client->on_reject(header.code, text);
            break;
        case RecordType::Close:
            fault = client->on_close(header.code, text);
            break;
        case RecordType::Join:
            if (text.empty() || text.size() > link::kMaxTopic) {
                fault = "topic of 0 or more than 255 bytes";
            } else if (!topics_.join(*client, text)) {
                worker_.loop.counters().add(Counter::LimitTopics);
                client->on_fault("more than 1024 topics of one client");
            }
            break;
        case RecordType::Leave:
            topics_.leave(*client, text);
            break;
        default:
            fault = "a record that only a gateway sends";
    }
    if (fault) break_link(fault);
}

void Hub::on_hello(Bytes payload) {
    auto hello = link::parse_hello(payload);
    if (!hello) {
        break_link("HELLO: " + hello.error().text);
        return;
    }
    server_window_ = hello->window;
    server_max_message_ = hello->max_message;
    log::debug("link to {}: {} (process {})", server_, hello->software, hello->pid);
}

void Hub::on_packet_end() {
    // What is gathered has not been sent: this packet does not answer it.
    publications_.on_packet_end(channel_ && channel_->gathering());
    // Payloads of this packet are borrowed by the clients' queues: they leave, or are copied, now.
    worker_.loop.output().flush_all();
    if (!credit_due_.empty()) grant_credit();
}

void Hub::grant_credit() {
    credited_.swap(credit_due_);
    for (const uint32_t id : credited_) {
        if (id < clients_.size() && clients_[id]) clients_[id]->grant_credit();
    }
    credited_.clear();
}

void Hub::on_drained() {
    const std::vector<uint32_t> paused = std::move(paused_);
    paused_.clear();
    for (const uint32_t id : paused) {
        if (id < clients_.size() && clients_[id]) clients_[id]->on_link_drained();
    }
}

}  // namespace marmoset::websocket_module
