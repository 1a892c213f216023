#include "input.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace {

constexpr size_t kPiece = 65536;

}  // namespace

Input::Input(websocket_client::EventLoop& loop, OnPiece on_piece)
    : loop_(loop), on_piece_(std::move(on_piece)) {
    if (pipe2(wake_, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
}

Input::~Input() {
    close(wake_[1]);
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    close(wake_[0]);
}

void Input::start() {
    thread_ = std::thread([this] { run(); });
}

void Input::run() {
    std::vector<char> buffer(kPiece);
    for (;;) {
        pollfd waiting[2] = {{STDIN_FILENO, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        if (poll(waiting, 2, -1) < 0 && errno != EINTR) break;
        if (waiting[1].revents != 0) return;
        if (waiting[0].revents == 0) continue;
        const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count <= 0) break;
        hand_over(std::string(buffer.data(), static_cast<size_t>(count)), false);
    }
    hand_over({}, true);
}

// One piece at a time: what is not taken stays in the pipe.
void Input::hand_over(std::string piece, bool end) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return (!under_way_ && !paused_) || ending_; });
    if (ending_) return;
    under_way_ = true;
    loop_.post([this, piece = std::move(piece), end] {
        const bool more = on_piece_(piece, end);
        const std::lock_guard done(mutex_);
        under_way_ = false;
        paused_ = !more;
        changed_.notify_all();
    });
}

void Input::resume() {
    const std::lock_guard lock(mutex_);
    paused_ = false;
    changed_.notify_all();
}
