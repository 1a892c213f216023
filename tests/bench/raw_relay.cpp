// The ceiling of a gateway with one backend socket per client: TCP to UNIX stream and back, nothing decoded.
// Usage: raw_relay PATH (of the system server's socket); prints "port N".
#include <memory>

#include "raw_server.h"

namespace {

using namespace marmoset::bench;

struct Session;

/// One of a session's two sockets, as epoll knows it.
struct End {
    Session* session = nullptr;
    Fd fd;
    Pipe outgoing;  // what the other end said, on its way to this one
    uint32_t interest = EPOLLIN;
};

struct Session {
    End client, server;
    bool over = false;
    End& other(End& end) { return &end == &client ? server : client; }
};

class Relay {
  public:
    explicit Relay(std::string path) : path_(std::move(path)), listener_(listen_tcp()) {
        raise_descriptor_limit();
        poller_.add(listener_.get(), EPOLLIN, nullptr);
    }

    void run() {
        for (;;) {
            for (epoll_event& event : poller_.wait(-1)) {
                auto* end = static_cast<End*>(event.data.ptr);
                if (end == nullptr) {
                    accept_all();
                } else if (!end->session->over && !on_event(*end, event.events)) {
                    // The other end may have an event later in this batch: the memory goes behind it.
                    end->session->over = true;
                    end->session->client.fd.reset();
                    end->session->server.fd.reset();
                    over_.push_back(end->session);
                }
            }
            for (Session* session : over_)
                delete session;
            over_.clear();
        }
    }

  private:
    void accept_all() {
        while (Fd fd = accept_one(listener_)) {
            auto* session = new Session;  // owned by its place in the epoll until it is over
            session->client.fd = std::move(fd);
            session->server.fd = connect();
            for (End* end : {&session->client, &session->server}) {
                end->session = session;
                poller_.add(end->fd.get(), EPOLLIN, end);
            }
        }
    }

    // Connecting to a UNIX socket never waits for the other process: it is done at once or refused.
    Fd connect() {
        Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address = unix_address(path_);
        if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            fail_errno("connect " + path_);
        }
        return fd;
    }

    bool on_event(End& end, uint32_t events) {
        End& other = end.session->other(end);
        if ((events & EPOLLOUT) != 0 && !end.outgoing.resume(end.fd.get())) return false;
        bool readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
        if (readable && !other.outgoing.blocked() && !other.outgoing.move(end.fd.get(), other.fd.get()))
            return false;
        watch(end, other);
        watch(other, end);
        return true;
    }

    void watch(End& end, const End& other) {
        uint32_t wanted = (other.outgoing.blocked() ? 0u : uint32_t{EPOLLIN}) |
                          (end.outgoing.blocked() ? uint32_t{EPOLLOUT} : 0u);
        if (wanted == end.interest) return;
        end.interest = wanted;
        poller_.change(end.fd.get(), wanted, &end);
    }

    std::string path_;
    Fd listener_;
    Poller poller_;
    std::vector<Session*> over_;
};

}  // namespace

int main(int argc, char** argv) {
    return guarded("raw_relay", [&] {
        if (argc != 2) throw std::runtime_error("usage: raw_relay PATH");
        Relay(argv[1]).run();
    });
}
