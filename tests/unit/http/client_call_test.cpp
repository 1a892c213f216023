// A request to a server elsewhere: what is sent, and how it ends. The other end is a thread on a real socket.
#include "http/client_call.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>

#include "tests/support/scripted_peer.h"

namespace marmoset::http {
namespace {

/// Takes one connection, reads until `until` has come, answers, and closes; or holds the connection.
class OneAnswer {
  public:
    OneAnswer(std::string until, std::string answer, bool hold = false) {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        listener_.reset(listener);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
        ::listen(listener, 1);
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, until = std::move(until), answer = std::move(answer), hold] {
            const FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            char bytes[4096];
            while (received_.find(until) == std::string::npos) {
                const ssize_t count = ::recv(client.get(), bytes, sizeof bytes, 0);
                if (count <= 0) return;
                received_.append(bytes, static_cast<size_t>(count));
            }
            asked_ = true;
            (void)!::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
            if (hold) (void)!::recv(client.get(), bytes, sizeof bytes, 0);  // until the other end has gone
        });
    }
    ~OneAnswer() { finish(); }
    void finish() {
        if (thread_.joinable()) thread_.join();
    }
    Url url(const std::string& target) const {
        return parse_url("http://127.0.0.1:" + std::to_string(port_) + target).take();
    }
    bool asked() const { return asked_; }
    const std::string& received() {
        finish();
        return received_;
    }

  private:
    FileDescriptor listener_;
    uint16_t port_ = 0;
    std::string received_;
    std::atomic<bool> asked_ = false;
    std::thread thread_;
};

Result<ClientAnswer> call(ClientRequest request, ClientCall::Limits limits = {}) {
    std::optional<Result<ClientAnswer>> outcome;
    std::unique_ptr<ClientCall> one;
    one = std::make_unique<ClientCall>(test::the_loop(), std::move(request), limits, nullptr,
                                       [&](Result<ClientAnswer> answer) {
                                           outcome.emplace(std::move(answer));
                                           one.reset();
                                       });
    while (!outcome)
        uv_run(test::the_loop().uv(), UV_RUN_ONCE);
    test::turn(test::the_loop());
    return *std::move(outcome);
}

TEST(ClientCall, Get) {
    OneAnswer server("\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nhi");
    const auto answer = call({server.url("/a?b"), {}, {}, "Bearer x"});
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(200u, answer->status);
    EXPECT_EQ("text/x", answer->content_type);
    EXPECT_EQ("hi", answer->body);
    const std::string& sent = server.received();
    EXPECT_EQ(0u, sent.find("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:"));
    EXPECT_NE(std::string::npos, sent.find("\r\nAuthorization: Bearer x\r\n"));
    EXPECT_EQ(std::string::npos, sent.find("Content-Length"));
}

TEST(ClientCall, Post) {
    OneAnswer server("a=b", "HTTP/1.1 400 Bad Request\r\n\r\n{}");
    const auto answer = call({server.url("/"), "a=b", "application/x-www-form-urlencoded", {}});
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(400u, answer->status);
    EXPECT_EQ("{}", answer->body);
    const std::string& sent = server.received();
    EXPECT_EQ(0u, sent.find("POST / HTTP/1.1\r\n"));
    EXPECT_NE(
        std::string::npos,
        sent.find("\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b"));
}

TEST(ClientCall, TooLargeAndTooEarly) {
    OneAnswer large("\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", true);
    EXPECT_EQ("the answer is too large", call({large.url("/"), {}, {}, {}}, {10'000, 10}).error().text);
    OneAnswer cut("\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nabc");
    EXPECT_EQ("the answer ends too early", call({cut.url("/"), {}, {}, {}}).error().text);
}

TEST(ClientCall, NobodyThere) {
    uint16_t port = 0;
    {
        const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ASSERT_EQ(0, ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size));
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
        // Bound but not listening: nobody else has the port.
        const auto answer = call({parse_url("http://127.0.0.1:" + std::to_string(port)).take(), {}, {}, {}});
        ASSERT_FALSE(answer);
        EXPECT_EQ(ECONNREFUSED, answer.error().code);
    }
}

TEST(ClientCall, ItsTimeHasAnEnd) {
    OneAnswer silent("\r\n\r\n", "HTTP/1.1 200 OK\r\n", true);
    const auto answer = call({silent.url("/"), {}, {}, {}}, {200, 10});
    ASSERT_FALSE(answer);
    EXPECT_EQ(ETIMEDOUT, answer.error().code);
}

TEST(ClientCall, GivenUp) {
    OneAnswer silent("\r\n\r\n", "", true);
    {
        const ClientCall one(test::the_loop(), {silent.url("/"), {}, {}, {}}, {}, nullptr,
                             [](const Result<ClientAnswer>&) { ADD_FAILURE() << "told"; });
        while (!silent.asked())
            uv_run(test::the_loop().uv(), UV_RUN_NOWAIT);
    }
    test::turn(test::the_loop());
    silent.finish();  // which waits for the end of the connection
}

}  // namespace
}  // namespace marmoset::http
