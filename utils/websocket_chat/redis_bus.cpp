#include "redis_bus.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <random>
#include <utility>

#ifdef MARMOSET_HAVE_HIREDIS
#include <hiredis/hiredis.h>
#endif

namespace chat {

namespace {

using websocket_server::LogLevel;
using websocket_server::write_log;

constexpr unsigned kFirstPauseMs = 100;
constexpr unsigned kLongestPauseMs = 10000;
constexpr size_t kMaxWaiting = 32u << 20;  // bytes either way; what is dropped is asked for again

uint64_t now_ms() {
    using std::chrono::milliseconds;
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(since).count());
}

// The first of them, `bytes` or a little more of it; `size`: of all that are left.
std::vector<std::string> take_from(std::deque<std::string>& payloads, size_t& size, size_t bytes) {
    std::vector<std::string> taken;
    for (size_t sum = 0; sum < bytes && !payloads.empty(); sum += taken.back().size()) {
        taken.push_back(std::move(payloads.front()));
        payloads.pop_front();
        size -= taken.back().size();
    }
    return taken;
}

}  // namespace

#ifdef MARMOSET_HAVE_HIREDIS

namespace {

constexpr timeval kConnectTimeout{1, 0};
// We publish every few seconds, and hear it: silence for so long means that the other end has gone.
constexpr uint64_t kDeadMs = 10000;
constexpr int kPollMs = 1000;
constexpr size_t kPortion = 256 << 10;  // bytes that are given to the connection at once

struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string error_of(const Context& context) {
    return context ? context->errstr : "out of memory";
}

Reply command(const Context& context, const std::vector<std::string>& words) {
    std::vector<const char*> texts;
    std::vector<size_t> sizes;
    for (const std::string& word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    const int count = static_cast<int>(words.size());
    return Reply(
        static_cast<redisReply*>(redisCommandArgv(context.get(), count, texts.data(), sizes.data())));
}

}  // namespace

std::string RedisBus::missing() {
    return {};
}

// Two connections that are up, as long as they are.
class RedisBus::Session {
  public:
    explicit Session(RedisBus& bus) : bus_(bus) {}

    /// Empty, or why not.
    std::string open() {
        for (Context* context : {&listener_, &publisher_}) {
            const std::string error = connect(*context);
            if (!error.empty()) return error;
        }
        const Reply reply = command(listener_, {"SUBSCRIBE", bus_.url_.channel});
        if (!reply) return error_of(listener_);
        if (reply->type == REDIS_REPLY_ERROR) return reply->str;
        for (const Context* context : {&listener_, &publisher_}) {
            const int fd = (*context)->fd;
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
            (*context)->flags &= ~REDIS_BLOCK;
        }
        heard_at_ = now_ms();
        return {};
    }

    /// Until the connection is lost: says why; or until the bus stops: empty.
    std::string serve() {
        for (;;) {
            const bool stopping = bus_.stopping_;
            if (!written_ && !write()) return error_of(publisher_);
            // What the other end does not take stays with the bus, which has a limit.
            while (written_) {
                const std::vector<std::string> payloads = bus_.outgoing(kPortion);
                if (payloads.empty()) break;
                for (const std::string& payload : payloads)
                    append(payload);
                if (!write()) return error_of(publisher_);
            }
            if (stopping && written_ && unanswered_ == 0) return {};
            if (stopping && stop_at_ == 0) stop_at_ = now_ms() + 1000;
            if (stopping && now_ms() >= stop_at_) return {};
            pollfd ready[] = {{bus_.wake_, POLLIN, 0},
                              {listener_->fd, POLLIN, 0},
                              {publisher_->fd, static_cast<short>(POLLIN | (written_ ? 0 : POLLOUT)), 0}};
            poll(ready, 3, stopping ? 20 : kPollMs);
            uint64_t count = 0;
            if (ready[0].revents != 0 && ::read(bus_.wake_, &count, sizeof count) < 0) count = 0;
            if (ready[1].revents != 0 && !read(listener_)) return error_of(listener_);
            if (ready[2].revents != 0 && !read(publisher_)) return error_of(publisher_);
            if (!refusal_.empty()) return refusal_;
            if (now_ms() - heard_at_ > kDeadMs) return "silent for 10 s";
        }
    }

  private:
    std::string connect(Context& context) {
        context.reset(redisConnectWithTimeout(bus_.url_.host.c_str(), bus_.url_.port, kConnectTimeout));
        if (!context || context->err != 0) return error_of(context);
        redisSetTimeout(context.get(), kConnectTimeout);
        redisEnableKeepAlive(context.get());
        if (bus_.url_.password.empty()) return {};
        std::vector<std::string> words{"AUTH"};
        if (!bus_.url_.user.empty()) words.push_back(bus_.url_.user);
        words.push_back(bus_.url_.password);
        const Reply reply = command(context, words);
        if (!reply) return error_of(context);
        return reply->type == REDIS_REPLY_ERROR ? std::string(reply->str) : std::string();
    }

    void append(const std::string& payload) {
        const char* texts[] = {"PUBLISH", bus_.url_.channel.data(), payload.data()};
        const size_t sizes[] = {7, bus_.url_.channel.size(), payload.size()};
        redisAppendCommandArgv(publisher_.get(), 3, texts, sizes);
        ++unanswered_;
    }

    bool write() {
        int done = 0;
        if (redisBufferWrite(publisher_.get(), &done) != REDIS_OK) return false;
        written_ = done != 0;
        return true;
    }

    bool read(const Context& context) {
        if (redisBufferRead(context.get()) != REDIS_OK) return false;
        for (;;) {
            void* found = nullptr;
            if (redisGetReplyFromReader(context.get(), &found) != REDIS_OK) return false;
            if (!found) return true;
            const Reply reply(static_cast<redisReply*>(found));
            if (context == publisher_) {
                --unanswered_;
                if (reply->type == REDIS_REPLY_ERROR) refusal_ = "PUBLISH: " + std::string(reply->str);
                continue;
            }
            heard_at_ = now_ms();
            // "message", the channel, the payload.
            if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
                reply->element[2]->type == REDIS_REPLY_STRING) {
                bus_.deliver({reply->element[2]->str, static_cast<size_t>(reply->element[2]->len)});
            }
        }
    }

    RedisBus& bus_;
    Context listener_, publisher_;
    size_t unanswered_ = 0;
    bool written_ = true;
    std::string refusal_;  // what Redis says when it does not publish
    uint64_t heard_at_ = 0, stop_at_ = 0;
};

#else

class RedisBus::Session {
  public:
    explicit Session(RedisBus&) {}
    std::string open() { return missing(); }
    std::string serve() { return missing(); }
};

std::string RedisBus::missing() {
    return "built without libhiredis";
}

#endif

RedisBus::RedisBus(RedisUrl url, Events events) : url_(std::move(url)), events_(std::move(events)) {}

RedisBus::~RedisBus() {
    stop();
    if (wake_ >= 0) close(wake_);
}

void RedisBus::start() {
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread_ = std::thread([this] { run(); });
}

void RedisBus::stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    wake();
    thread_.join();
}

void RedisBus::run() {
    unsigned pause_ms = kFirstPauseMs;
    bool told = false;  // that it is not there
    while (!stopping_) {
        Session session(*this);
        std::string error = session.open();
        if (error.empty()) {
            write_log(LogLevel::Info, "backplane " + url_.shown() + ": connected");
            told = false;
            {
                const std::lock_guard lock(mutex_);
                connected_ = true;
            }
            const uint64_t since = now_ms();
            events_.connected();
            error = session.serve();
            {
                const std::lock_guard lock(mutex_);
                connected_ = false;
                outgoing_.clear();
                outgoing_bytes_ = 0;
            }
            if (now_ms() - since > kLongestPauseMs) pause_ms = kFirstPauseMs;
        }
        if (stopping_) return;
        if (!told) {
            write_log(LogLevel::Warning,
                      "backplane " + url_.shown() + ": " + error +
                          "; until it is there only clients of this server hear each other");
        }
        told = true;
        pause(pause_ms);
        pause_ms = std::min(pause_ms * 2, kLongestPauseMs);
    }
}

void RedisBus::pause(unsigned ms) {
    std::random_device random;
    const uint64_t end = now_ms() + ms / 2 + random() % ms;
    while (!stopping_) {
        const uint64_t now = now_ms();
        if (now >= end) return;
        pollfd ready{wake_, POLLIN, 0};
        uint64_t count = 0;
        if (poll(&ready, 1, static_cast<int>(end - now)) > 0 && ::read(wake_, &count, sizeof count) < 0)
            return;
    }
}

void RedisBus::wake() {
    const uint64_t one = 1;
    if (::write(wake_, &one, sizeof one) < 0) return;  // it is awake
}

void RedisBus::publish(std::string_view payload) {
    {
        const std::lock_guard lock(mutex_);
        if (!connected_ || outgoing_bytes_ + payload.size() > kMaxWaiting) return;
        outgoing_bytes_ += payload.size();
        outgoing_.emplace_back(payload);
        if (outgoing_.size() > 1) return;  // it has been woken
    }
    wake();
}

std::vector<std::string> RedisBus::outgoing(size_t bytes) {
    const std::lock_guard lock(mutex_);
    return take_from(outgoing_, outgoing_bytes_, bytes);
}

void RedisBus::deliver(std::string_view payload) {
    {
        const std::lock_guard lock(mutex_);
        if (arrived_bytes_ + payload.size() > kMaxWaiting) return;
        arrived_bytes_ += payload.size();
        arrived_.emplace_back(payload);
        if (arrived_.size() > 1) return;  // it has been told
    }
    events_.arrived();
}

std::vector<std::string> RedisBus::take(size_t bytes, bool& more) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> taken = take_from(arrived_, arrived_bytes_, bytes);
    more = !arrived_.empty();
    return taken;
}

}  // namespace chat
