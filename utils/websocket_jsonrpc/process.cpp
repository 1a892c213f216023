// A worker process seen from the server: frames to and from it, deadlines of its calls, its end and the next
// one's start.
#include "process.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "log/logger.h"

namespace jsonrpc {

namespace log = marmoset::log;
using websocket_server::Server;

namespace {

constexpr unsigned kStartMs = 20000;
constexpr size_t kReadSize = 65536;
// Read before others have their turn.
constexpr size_t kReadsATurn = 8;
// A process that did not last so long was a failure: the next one's start is put off, longer each time.
constexpr auto kLasting = std::chrono::seconds(10);
constexpr unsigned kFirstDelayMs = 100, kLongestDelayMs = 10000;

}  // namespace

Process::Process(Server& server, const WorkerSettings& settings, ProcessObserver& observer, uint64_t& numbers)
    : server_(server),
      settings_(settings),
      observer_(observer),
      numbers_(numbers),
      pending_(std::chrono::milliseconds(settings.timeout_ms)) {}

Process::~Process() {
    *alive_ = false;
    unwatch();
}

// ---- start and end
// ---------------------------------------------------------------------------------------------

std::string Process::start_and_wait(bool& ouistiti) {
    auto child = Child::start(settings_);
    if (!child) return child.error().text;
    child_ = child.take();
    Frame frame;
    const auto end = Clock::now() + std::chrono::milliseconds(kStartMs);
    for (;;) {
        if (reader_.next(frame)) {
            if (frame.type != FrameType::Log) break;
            take(frame);  // what the library says while it is loaded
            continue;
        }
        const bool input = await_input(end);
        if (!input && !child_.wait(0)) return settings_.library + ": its init() does not return";
        const ssize_t size = input ? recv(child_.channel.get(), reader_.space(kReadSize), kReadSize, 0) : 0;
        if (size <= 0) return settings_.library + ": the process that loads it " + child_.kill();
        reader_.taken(static_cast<size_t>(size));
    }
    if (frame.type == FrameType::Failed) return settings_.library + ": " + std::string(frame.payload);
    ouistiti = frame.kind != 0;
    begin();
    watch();
    server_.watch(child_.end.get(), Server::kReadable, [this](unsigned) { on_end(); });
    return {};
}

void Process::start() {
    auto child = Child::start(settings_);
    if (!child) {
        lose(child.error().text);
        return;
    }
    child_ = child.take();
    reader_ = {};
    watch();
    server_.watch(child_.end.get(), Server::kReadable, [this](unsigned) { on_end(); });
    server_.after(kStartMs, [this, alive = alive_, pid = child_.pid()] {
        if (*alive && down_ && !ending_ && child_.pid() == pid) lose("its init() does not return");
    });
}

void Process::await_start() {
    const auto end = Clock::now() + std::chrono::milliseconds(kStartMs);
    while (down_ && child_.channel && await_input(end))
        receive();
}

// The library is loaded: its clients are let in again.
void Process::begin() {
    down_ = false;
    started_ = Clock::now();
    for (const auto& [client, metadata] : clients_) {
        const uint64_t number = ++numbers_;
        expect(number, {.client = client, .opening = true, .again = true});
        send({.type = FrameType::Open, .client = client, .call = number, .payload = metadata});
    }
}

void Process::begin_end() {
    ending_ = true;
    if (!child_.channel) return;
    unwatch();
    shutdown(child_.channel.get(), SHUT_WR);
}

void Process::finish_end(unsigned milliseconds) {
    const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
    Frame frame;
    while (child_.channel && await_input(end)) {
        const ssize_t size = recv(child_.channel.get(), reader_.space(kReadSize), kReadSize, 0);
        if (size <= 0) break;
        reader_.taken(static_cast<size_t>(size));
        while (reader_.next(frame)) {
            if (frame.type == FrameType::Log) take(frame);
        }
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    child_.wait(static_cast<unsigned>(std::max<decltype(left)>(left, 0)));
    child_.kill();
}

void Process::lose(const std::string& why) {
    unwatch();
    const pid_t pid = child_.pid();
    const std::string end = child_.kill();
    const bool lasted = !down_ && Clock::now() - started_ >= kLasting;
    down_ = true;
    output_.clear();
    sent_ = 0;
    failures_ = lasted ? 0 : failures_ + 1;
    const unsigned delay =
        failures_ <= 1 ? 0 : std::min(kFirstDelayMs << std::min(failures_ - 2, 10u), kLongestDelayMs);
    log::error("library process {} {}{}; {} calls unanswered; another starts in {} ms", pid, end,
               why.empty() ? "" : " (" + why + ")", pending_.size(), delay);
    server_.after(delay, [this, alive = alive_] {
        if (*alive) restart();
    });

    // Nobody is told before the state is in order again: those who are told may ask for more.
    const auto pending = pending_.clear();
    const std::string error = error_object(kInternalError, "the library's process has ended");
    for (const auto& [number, one] : pending) {
        if (!one.opening) {
            if (!one.overdue && !one.answered)
                observer_.on_answer(one.client, number, AnswerKind::Error, error);
        } else if (!one.again && clients_.erase(one.client) > 0) {
            observer_.on_opened(one.client, 503);
        }
    }
}

void Process::restart() {
    if (down_ && !ending_) start();
}

// ---- clients and calls
// -----------------------------------------------------------------------------------------

void Process::open(uint64_t client, std::string metadata) {
    const uint64_t number = ++numbers_;
    expect(number, {.client = client, .bytes = metadata.size(), .opening = true});
    const Frame frame{.type = FrameType::Open, .client = client, .call = number, .payload = metadata};
    clients_[client] = metadata;
    send(frame);
}

void Process::close(uint64_t client) {
    if (clients_.erase(client) > 0 && !down_) send({.type = FrameType::Close, .client = client});
}

bool Process::call(uint64_t client, uint64_t number, const Request& request) {
    if (down_) return false;
    std::string payload = request.method;
    payload.append(1, '\0').append(request.params);
    expect(number, {.client = client, .bytes = request.size()});
    send({.type = FrameType::Call,
          .kind = static_cast<uint8_t>(request.id.empty() ? 1 : 0),
          .client = client,
          .call = number,
          .payload = payload});
    return true;
}

void Process::expect(uint64_t number, const Pending::Call& call) {
    pending_.expect(number, call, Clock::now());
    arm();
}

// ---- deadlines
// -------------------------------------------------------------------------------------------------

void Process::arm() {
    if (armed_ || pending_.size() == 0) return;
    armed_ = true;
    const unsigned tick = std::clamp(settings_.timeout_ms / 8, 10u, 250u);
    server_.after(tick, [this, alive = alive_] {
        if (!*alive) return;
        armed_ = false;
        check_deadlines();
        arm();
    });
}

void Process::check_deadlines() {
    const auto now = Clock::now();
    if (pending_.hangs(now)) {
        lose("a call did not return in " + std::to_string(pending_.longest().count()) + " ms");
        return;
    }
    while (const auto next = pending_.next_overdue(now)) {
        const auto& [number, call] = *next;
        send({.type = FrameType::Cancel, .client = call.client, .call = number});
        if (call.answered) continue;
        if (!call.opening) {
            const std::string why = "no answer within " + std::to_string(settings_.timeout_ms) + " ms";
            observer_.on_answer(call.client, number, AnswerKind::Error, error_object(kTimeout, why));
        } else if (clients_.count(call.client) > 0) {
            close(call.client);
            observer_.on_opened(call.client, 504);
        }
    }
}

// ---- the channel
// -----------------------------------------------------------------------------------------------

void Process::watch() {
    const unsigned events = Server::kReadable | (output_.size() > sent_ ? Server::kWritable : 0);
    server_.watch(child_.channel.get(), events, [this](unsigned found) { on_ready(found); });
}

void Process::unwatch() {
    if (child_.channel) server_.unwatch(child_.channel.get());
    if (child_.end) server_.unwatch(child_.end.get());
}

// The process has ended. Children that it has left behind may hold the channel.
void Process::on_end() {
    for (size_t i = 0; i < kReadsATurn; ++i) {
        if (!receive()) break;  // what it said last
    }
    if (child_.channel) lose({});
}

// False: `end` has come, or the process has ended and said nothing more.
bool Process::await_input(Clock::time_point end) const {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) return false;
        pollfd input[] = {{child_.channel.get(), POLLIN, 0}, {child_.end.get(), POLLIN, 0}};
        const int count = poll(input, 2, static_cast<int>(left));
        if (count < 0 && errno == EINTR) continue;
        return count > 0 && input[0].revents != 0;
    }
}

void Process::on_ready(unsigned events) {
    if (events & Server::kReadable) {
        for (size_t i = 0; i < kReadsATurn; ++i) {
            if (!receive()) break;
        }
    }
    if (child_.channel && events & Server::kWritable) {
        flush();
        if (output_.empty()) watch();
    }
}

bool Process::receive() {
    const ssize_t size = recv(child_.channel.get(), reader_.space(kReadSize), kReadSize, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (size <= 0) {
        lose({});
        return false;
    }
    reader_.taken(static_cast<size_t>(size));
    Frame frame;
    while (child_.channel && reader_.next(frame))
        take(frame);
    if (child_.channel && reader_.broken()) lose("it says what is no frame");
    return static_cast<bool>(child_.channel);
}

// A call or an opening is answered.
void Process::ended(const Frame& frame) {
    const bool runs = frame.type == FrameType::Answer && frame.code != 0;
    const auto call = runs ? pending_.answered(frame.call) : pending_.take(frame.call);
    if (!call || call->answered || call->overdue) return;  // an overdue one has been answered
    if (!call->opening) {
        observer_.on_answer(call->client, frame.call, static_cast<AnswerKind>(frame.kind), frame.payload);
    } else if (clients_.count(call->client) > 0) {
        if (frame.code != 0) clients_.erase(call->client);
        observer_.on_opened(call->client, frame.code);
    }
}

void Process::take(const Frame& frame) {
    switch (frame.type) {
        case FrameType::Ready:
            return begin();
        case FrameType::Failed:
            log::error("{}: {}", settings_.library, frame.payload);
            return;  // it ends
        case FrameType::Opened:
        case FrameType::Answer:
        case FrameType::Returned:
            return ended(frame);
        case FrameType::Running:
            if (const auto since = marmoset::parse_decimal(frame.payload))
                pending_.running(frame.call, std::chrono::milliseconds(*since), Clock::now());
            return;
        case FrameType::Notify:
            if (clients_.count(frame.client) > 0) observer_.on_notify(frame.client, frame.payload);
            return;
        case FrameType::NotifyAll:
            observer_.on_notify_all(frame.payload);
            return;
        case FrameType::Log:
            switch (frame.code) {
                case MARMOSET_JSONRPC_LOG_ERROR:
                    return log::error("library: {}", frame.payload);
                case MARMOSET_JSONRPC_LOG_WARNING:
                    return log::warning("library: {}", frame.payload);
                case MARMOSET_JSONRPC_LOG_INFO:
                    return log::info("library: {}", frame.payload);
                default:
                    return log::debug("library: {}", frame.payload);
            }
        default:
            return;
    }
}

void Process::send(const Frame& frame) {
    const bool waiting = output_.size() > sent_;
    append_frame(output_, frame);
    if (waiting) return;  // the socket is full
    flush();
    if (!output_.empty()) watch();
}

void Process::flush() {
    while (sent_ < output_.size()) {
        const ssize_t size =
            ::send(child_.channel.get(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) {
            // Its end is told by what can be read.
            if (errno != EAGAIN) sent_ = output_.size();
            break;
        }
        sent_ += static_cast<size_t>(size);
    }
    if (sent_ == output_.size()) {
        output_.clear();
        sent_ = 0;
        if (output_.capacity() > kReadSize) output_.shrink_to_fit();
    } else if (sent_ > output_.size() / 2) {
        output_.erase(0, sent_);
        sent_ = 0;
    }
}

}  // namespace jsonrpc
