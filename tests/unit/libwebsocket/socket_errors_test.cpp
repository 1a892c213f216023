// The socket errors that no script of another process provokes: limits of this process, rights, addresses.
// The others are in the scenarios (test_client_errors.py, test_client_tls.py).
#include "libwebsocket/socket_errors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file_descriptor.h"
#include "client_loop.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using websocket_client::Options;

TEST_F(ClientLoop, NoDescriptorsLeft) {
    serve();
    std::vector<FileDescriptor> all;
    for (;;) {
        FileDescriptor one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!one) break;
        all.push_back(std::move(one));
    }
    WebSocket socket(loop_, url());
    record(socket, events_);
    socket.onclose = [&](const CloseEvent&) { server_->close(); };
    loop_.run();
    all.clear();
    EXPECT_EQ(events_, Events{"error 4"});
}

TEST_F(ClientLoop, AMessageBeyondTheLimit) {
    serve();
    Options options;
    options.max_message = 10;
    WebSocket socket(loop_, url(), {}, options);
    record(socket, events_);
    socket.onopen = [&] { socket.send("eleven byte"); };
    loop_.run();
    EXPECT_EQ(events_, (Events{"error 6", "close 1006"}));
    EXPECT_EQ(served_, (Events{"close 1009 clean"}));
}

// A server that never reads: the client's queue ends the connection, and says so.
TEST_F(ClientLoop, MoreToSendThanMayWait) {
    serve();
    Options options;
    options.max_queue = 1 << 20;
    options.compression = false;
    WebSocket socket(loop_, url(), {}, options);
    record(socket, events_);
    const std::string piece(1 << 20, 'x');
    int sent = 0;
    socket.onopen = [&] {
        // All in one turn of the loop: nobody reads meanwhile.
        while (sent < 1000 && socket.sendBinary(piece))
            ++sent;
    };
    loop_.run();
    EXPECT_LT(sent, 1000);
    ASSERT_GE(events_.size(), 2u);
    EXPECT_EQ(events_[events_.size() - 2], "error 4");
    EXPECT_EQ(events_.back(), "close 1006");
}

TEST_F(ClientLoop, AnAddressInUseAndOneOfAnotherMachine) {
    closes_ = false;
    serve();
    WebSocketServer other(loop_);
    other.onerror = [&](const ErrorEvent& event) {
        events_.push_back(std::to_string(static_cast<int>(event.error)));
    };
    EXPECT_FALSE(other.listen("127.0.0.1", server_->port()));
    EXPECT_FALSE(other.listen("192.0.2.1"));
    EXPECT_FALSE(other.listen("no address"));
    EXPECT_EQ(events_, (Events{"8", "9", "-1"}));
    EXPECT_TRUE(other.listen("127.0.0.1"));
    EXPECT_NE(other.port(), server_->port());
}

// In a process of its own, which root makes somebody else: root may do everything.
TEST_F(ClientLoop, ASocketThatIsNotForUs) {
    const TemporaryFolder folder;
    ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
    const std::string path = folder.path() + "/socket";
    const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path.data(), path.size());
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&un), sizeof un), 0);
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    ASSERT_EQ(chmod(path.c_str(), 0), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(99);
        int error = 98;
        {
            EventLoop loop;
            WebSocket socket(loop, "ws+unix://" + path + ":/");
            socket.onerror = [&](const ErrorEvent& event) { error = static_cast<int>(event.error); };
            loop.run();
        }
        _exit(error);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(SocketError::SocketAccess));
}

// Our Close frame is on its way, and the peer goes without its own.
TEST_F(ClientLoop, ACloseThatIsNotAnswered) {
    serve();
    WebSocket socket(loop_, url());
    record(socket, events_);
    socket.onopen = [&] {
        socket.close();
        server_.reset();
    };
    loop_.run();
    EXPECT_EQ(events_, (Events{"error 1", "close 1006"}));
}

TEST(SocketErrors, Numbers) {
    EXPECT_EQ(error_of_errno(0), SocketError::HostNotFound);
    EXPECT_EQ(error_of_errno(ECONNREFUSED), SocketError::ConnectionRefused);
    EXPECT_EQ(error_of_errno(EACCES), SocketError::SocketAccess);
    EXPECT_EQ(error_of_errno(ENETUNREACH), SocketError::Network);
    EXPECT_EQ(error_of_errno(EAFNOSUPPORT), SocketError::UnsupportedSocketOperation);
    EXPECT_EQ(error_of_errno(EXDEV), SocketError::Unknown);
    EXPECT_EQ(error_of_reason(CloseReason::PingTimeout), SocketError::SocketTimeout);
    EXPECT_EQ(error_of_reason(CloseReason::ProtocolError), SocketError::Unknown);
}

}  // namespace
}  // namespace marmoset::libwebsocket
