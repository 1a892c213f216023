// What the hot paths allocate: nothing. The layers of a worker, put together in this process: a client on a
// socket pair, HTTP, the modules, and for websockets a system server on a real link.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "config/groups.h"
#include "http/http1.h"
#include "link/metadata.h"
#include "module/dispatcher.h"
#include "net/socket_transport.h"
#include "tests/support/allocations.h"
#include "tests/support/temporary_folder.h"
#include "websocket/frame.h"

extern "C" {
extern const MarmosetModule marmoset_module_document;
extern const MarmosetModule marmoset_module_websocket;
}

namespace marmoset {
namespace {

constexpr int kPatienceMs = 20000;

bool readable(int socket) {
    pollfd state{socket, POLLIN, 0};
    return poll(&state, 1, 0) == 1;
}

/// A worker with one site and one module.
class WorkerInProcess : private net::ConnectionObserver {
  public:
    WorkerInProcess(const MarmosetModule& module, const std::string& file) {
        config::Diagnostics diagnostics;
        auto loaded = config::Document::load(file, diagnostics);
        if (!loaded) throw std::runtime_error(loaded.error().text);
        document_.emplace(loaded.take());
        const config::Section site = document_->servers().front();
        const auto keys = [&module](std::string_view group, std::span<const config::Key>& found) {
            if (group == module.name) found = {module.keys, module.key_count};
            return group == module.name;
        };
        const config::Section section = config::module_groups(site, keys).front().sections.front();
        Error error;
        void* object = module.create(context_, section, error);
        if (!object) throw std::runtime_error(error.text);
        std::vector<std::unique_ptr<module::Instance>> instances;
        instances.push_back(std::make_unique<module::Instance>(module, object));
        dispatcher_.emplace(std::move(instances));
        service_.emplace(loop_, exchanges_, *dispatcher_, access_log_);
        worker_.reset(new module::Worker{loop_, exchanges_, *service_, access_log_, 0});
        if (!dispatcher_->start(*worker_)) throw std::runtime_error("start");
    }
    ~WorkerInProcess() override {
        dispatcher_->stop();
        if (connection_) connection_->close(CloseReason::Shutdown);
        dispatcher_->finish();
        loop_.settle();  // what it has still to free knows the worker
    }

    /// The client's end of a new connection.
    int connect() {
        int pair[2];
        EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
        client_ = FileDescriptor(pair[0]);
        connection_ = new net::Connection(
            loop_, std::make_unique<net::SocketTransport>(FileDescriptor(pair[1])), net::Address(), *this);
        connection_->start(std::make_unique<http::Http1>(*connection_, *service_));
        return client_.get();
    }

    /// Turns the loop until there is something to read on `socket`.
    void run_until_readable(int socket) {
        uv_timer_t guard;
        bool overdue = false;
        guard.data = &overdue;
        uv_timer_init(loop_.uv(), &guard);
        uv_timer_start(
            &guard, [](uv_timer_t* handle) { *static_cast<bool*>(handle->data) = true; }, kPatienceMs, 0);
        while (!readable(socket) && !overdue)
            uv_run(loop_.uv(), UV_RUN_ONCE);
        uv_close(reinterpret_cast<uv_handle_t*>(&guard), nullptr);
        uv_run(loop_.uv(), UV_RUN_NOWAIT);
        if (overdue) throw std::runtime_error("no answer");
    }

  private:
    void on_connection_closed(net::Connection&, CloseReason) override { connection_ = nullptr; }

    net::Loop loop_;
    http::ExchangePool exchanges_;
    log::AccessLog access_log_;
    module::Context context_;
    std::optional<config::Document> document_;
    std::optional<module::Dispatcher> dispatcher_;
    std::optional<http::Service> service_;
    std::unique_ptr<module::Worker> worker_;
    net::Connection* connection_ = nullptr;
    FileDescriptor client_;
};

void send_all(int socket, Bytes data) {
    ASSERT_EQ(static_cast<ssize_t>(data.size()), send(socket, data.data(), data.size(), MSG_NOSIGNAL));
}

/// Bytes of one read.
size_t receive(int socket, uint8_t* buffer, size_t size) {
    const ssize_t count = recv(socket, buffer, size, 0);
    EXPECT_GT(count, 0);
    return count > 0 ? static_cast<size_t>(count) : 0;
}

TEST(AllocationsTest, AreCounted) {
    const uint64_t before = test::allocations();
    const auto number = std::make_unique<std::string>(100, 'x');
    EXPECT_EQ(before + 2, test::allocations()) << number->size();
}

TEST(AllocationsTest, ACachedDocumentCostsNone) {
    test::TemporaryFolder folder;
    folder.write("www/index.html", "a page");
    WorkerInProcess worker(marmoset_module_document,
                           folder.write("m.conf", "servers = ({ document = { docroot = \"" +
                                                      folder.path("www") + "\"; cachevalid = 3600; }; });"));
    const int client = worker.connect();
    constexpr std::string_view kRequest =
        "GET /index.html?x=y HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a browser with a name that is "
        "long\r\n"
        "Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, br\r\nAccept-Language: en\r\n\r\n";
    uint8_t answer[4096];
    uint64_t before = 0;
    for (int round = 0; round < 1100; ++round) {
        if (round == 100) before = test::allocations();
        send_all(client, as_bytes(kRequest));
        worker.run_until_readable(client);
        const size_t size = receive(client, answer, sizeof answer);
        ASSERT_EQ(0, std::memcmp(answer, "HTTP/1.1 200 OK\r\n", 17));
        ASSERT_EQ(0, std::memcmp(answer + size - 6, "a page", 6));
    }
    EXPECT_EQ(0u, test::allocations() - before) << "in 1000 requests";
}

/// A system server's end of a link; it gives back what each client says.
class EchoEnd {
  public:
    explicit EchoEnd(const std::string& path) {
        listening_ = FileDescriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(0, bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
        EXPECT_EQ(0, listen(listening_.get(), 5));
    }
    int listening() const { return listening_.get(); }
    int link() const { return link_.get(); }

    void accept() {
        link_ = FileDescriptor(accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        std::string hello;
        link::append_hello(hello, {.software = "echo", .pid = 1, .max_message = 1 << 20});
        send_record({0, 0, link::RecordType::Hello, 0, 0}, as_bytes(hello));
    }

    /// Deals with one packet of the gateway.
    void serve() {
        const size_t size = receive(link_.get(), packet_, sizeof packet_);
        link::RecordReader reader({packet_, size});
        for (link::Record record; reader.next(record) == link::RecordStatus::Ok;) {
            if (record.header.type == link::RecordType::Open) {
                send_record({0, record.header.client, link::RecordType::Accept, 0, 0}, {});
            } else if (record.header.type == link::RecordType::Message) {
                ++messages_;
                send_record(record.header, record.payload);
                uint8_t credit[4];
                store<uint32_t>(credit, static_cast<uint32_t>(link::message_cost(record.payload.size())));
                send_record({0, record.header.client, link::RecordType::Credit, 0, 0}, credit);
            } else if (record.header.type == link::RecordType::Credit) {
                ++credits_;
            }
        }
    }
    unsigned messages() const { return messages_; }
    unsigned credits() const { return credits_; }

  private:
    void send_record(link::RecordHeader header, Bytes payload) {
        uint8_t record[4096];
        header.length = static_cast<uint32_t>(payload.size());
        link::encode_record_header(record, header);
        if (!payload.empty()) std::memcpy(record + link::kRecordHeader, payload.data(), payload.size());
        send_all(link_.get(), {record, link::kRecordHeader + payload.size()});
    }

    FileDescriptor listening_, link_;
    uint8_t packet_[link::kMaxPacket];
    unsigned messages_ = 0;
    unsigned credits_ = 0;
};

TEST(AllocationsTest, ARelayedMessageCostsNone) {
    test::TemporaryFolder folder;
    auto server = std::make_unique<EchoEnd>(folder.path("echo"));
    WorkerInProcess worker(
        marmoset_module_websocket,
        folder.write("m.conf", "servers = ({ websocket = { docroot = \"" + folder.path() + "\"; }; });"));
    const int client = worker.connect();
    send_all(client,
             as_bytes("GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
    worker.run_until_readable(server->listening());
    server->accept();
    uint8_t answer[4096];
    while (!readable(client)) {
        worker.run_until_readable(server->link());
        server->serve();
        worker.run_until_readable(client);
    }
    receive(client, answer, sizeof answer);
    ASSERT_EQ(0, std::memcmp(answer, "HTTP/1.1 101 ", 13));

    uint8_t frame[2 + 4 + 100] = {0x82, 0x80 | 100, 1, 2, 3, 4};  // binary, masked
    uint64_t before = 0;
    constexpr int kWarm = 3000;  // credit has been given back once: 128 KiB at a time
    for (int round = 0; round < kWarm + 10000; ++round) {
        if (round == kWarm) {
            ASSERT_GT(server->credits(), 0u);
            before = test::allocations();
        }
        send_all(client, frame);
        const auto messages = static_cast<unsigned>(round) + 1;
        while (server->messages() < messages) {  // a packet of CREDIT may come before the message's
            worker.run_until_readable(server->link());
            server->serve();
        }
        worker.run_until_readable(client);
        ASSERT_EQ(2u + 100, receive(client, answer, sizeof answer));
        ASSERT_EQ(0x82, answer[0]);
    }
    EXPECT_EQ(0u, test::allocations() - before) << "in 10000 messages";
    EXPECT_GT(server->credits(), 5u);
}

}  // namespace
}  // namespace marmoset
