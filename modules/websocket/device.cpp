#include "device.h"

#include <algorithm>

#include "device_client.h"
#include "log/logger.h"
#include "net/file_transport.h"
#include "websocket/utf8.h"

namespace marmoset::websocket_module {

namespace {

constexpr size_t kReadLimit = 65536;

}  // namespace

/// What speaks on the device's descriptors: raw bytes for the device.
class Device::DeviceProtocol final : public net::Protocol {
  public:
    DeviceProtocol(net::Connection& connection, Device& device)
        : net::Protocol(connection), device_(device) {}
    size_t read_limit() const override { return std::min<uint64_t>(kReadLimit, device_.settings_.window()); }
    void on_bytes(MutableBytes data) override { device_.on_bytes(data); }
    void on_end_of_stream() override { device_.end("it ended"); }
    void on_output_progress() override { device_.on_output_progress(); }
    void on_deadline() override {}
    void on_closed(CloseReason) override {}
    void on_shutdown() override {}

  private:
    Device& device_;  // outlives the connection: see on_connection_closed
};

Device::Device(module::Worker& worker, const Settings& settings, const LinkEntry& entry, Owner& owner)
    : worker_(worker),
      settings_(settings),
      entry_(entry),
      owner_(owner),
      is_tty_(entry.place.kind == Place::Kind::Tty),
      cutter_(entry.dialect, settings.session.max_message) {}

Device::~Device() = default;

Result<void> Device::open() {
    auto files = open_device(entry_.place);
    if (!files) return files.error();
    const bool watched = (!files->input || watch(std::move(files->input), reader_)) &&
                         (!files->output || watch(std::move(files->output), writer_));
    if (!watched) {
        finish();
        return Error{"open " + entry_.place.name + ": it can't be polled"};
    }
    if (writer_) writer_->pause(net::ReadPause::Exchange);  // it is not read from, only watched for its end
    return {};
}

bool Device::watch(FileDescriptor file, net::Connection*& connection) {
    connection = new net::Connection(worker_.loop, std::make_unique<net::FileTransport>(std::move(file)),
                                     net::Address(), *this);
    return connection->start(std::make_unique<DeviceProtocol>(*connection, *this));
}

void Device::admit(http::Exchange& exchange, std::string_view subprotocol, unsigned slot) {
    auto* client = new DeviceClient(exchange, settings_, worker_, *this, subprotocol);
    clients_.push_back(client);
    exchange.slot(slot) = static_cast<GatewayClient*>(client);
}

void Device::leave(DeviceClient& client) {
    std::erase(clients_, &client);
    finish_if_idle();
}

// What was sent last is still written.
void Device::finish_if_idle() {
    if (clients_.empty() && unsent() == 0) finish();
}

void Device::finish() {
    if (ended_) return;
    ended_ = true;
    const bool open = reader_ || writer_;
    if (writer_) writer_->close(CloseReason::Shutdown);
    if (reader_) reader_->close(CloseReason::Shutdown);
    if (!open) owner_.on_device_ended(*this);
}

void Device::end(const char* reason) {
    if (ended_) return;
    log::warning("{}: {}", entry_.place.name, reason);
    const std::vector<DeviceClient*> clients = std::move(clients_);
    clients_.clear();
    finish();
    for (DeviceClient* client : clients)
        client->on_device_end();
}

void Device::on_connection_closed(net::Connection& connection, CloseReason reason) {
    const bool written = &connection == writer_;
    (written ? writer_ : reader_) = nullptr;
    if (!ended_) {
        end(written ? "no process reads from it any more" : describe(reason).text);
    } else if (!reader_ && !writer_) {
        owner_.on_device_ended(*this);
    }
}

// ---- to the clients -------------------------------------------------------------------------------------

void Device::on_bytes(Bytes data) {
    cutter_.feed(data);
    MessageCutter::Message message;
    auto status = MessageCutter::Status::NeedMore;
    while (!ended_ && (status = cutter_.next(message)) == MessageCutter::Status::Message)
        send_to_all(message);
    worker_.loop.output().flush_all();  // borrowed memory of this read: it leaves or is copied now
    if (status == MessageCutter::Status::TooLong) end("a line is longer than max_message");
}

// A serial line may begin amid a character, and garbles some: what is no text is left out, not the clients.
void Device::send_to_all(const MessageCutter::Message& message) {
    if (!message.binary && !websocket::is_valid_utf8(message.data)) {
        static log::RateLimit limit;
        if (limit.permit(worker_.loop.now()))
            log::warning("{}: {} bytes that are not UTF-8 left out{}", entry_.place.name, message.data.size(),
                         limit.suffix());
        return;
    }
    const std::vector<DeviceClient*> clients = clients_;  // one that is closed in it leaves
    for (DeviceClient* client : clients) {
        websocket::Session* session = client->session();
        if (session && !session->send(message.data, message.binary, true, true))
            session->fail(CloseReason::ServerError);
    }
}

// ---- from the clients -----------------------------------------------------------------------------------

void Device::write(Bytes message) {
    net::Connection* connection = output();
    if (!connection) return;
    connection->write_borrowed(message);
    if (entry_.dialect.framing == Dialect::Framing::Lines) connection->write_copy(as_bytes("\n"));
    connection->flush();
}

void Device::on_output_progress() {
    const std::vector<DeviceClient*> clients = clients_;
    for (DeviceClient* client : clients) {
        if (client->session()) client->session()->resume_receiving();
    }
    finish_if_idle();
}

}  // namespace marmoset::websocket_module
