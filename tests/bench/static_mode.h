// Mode static: GET of one file, over kept connections or a new one each time; status and every byte checked.
#pragma once

#include <deque>
#include <fstream>
#include <iterator>

#include "histogram.h"
#include "mode.h"

namespace marmoset::bench {

/// One HTTP/1.1 client.
class HttpClient {
  public:
    HttpClient(const Target& target, const TlsSettings* tls, const std::string& request,
               const std::string& body, size_t per_address, Poller& poller, size_t index)
        : target_(&target),
          tls_(tls),
          request_(&request),
          body_(&body),
          per_address_(per_address),
          poller_(&poller),
          index_(index) {}

    void connect() {
        wire_.connect(*target_, tls_, index_, per_address_);
        connected_ = false;
        interest_ = EPOLLOUT;
        poller_->add(wire_.get(), interest_, this);
        begun_ = now_ns();
    }

    /// The request is smaller than any socket buffer: one send.
    void request() {
        head_.clear();
        position_ = 0;
        in_body_ = false;
        begun_ = now_ns();
        send_request();
    }

    /// True when an answer is complete and right (with Connection: close also the end of the connection was
    /// seen).
    bool on_event(bool closing, uint8_t* buffer, size_t size) {
        if (!connected_) {
            uint32_t interest = EPOLLIN;
            connected_ = wire_.establish(interest);
            if (interest != interest_) poller_->change(wire_.get(), interest, this);
            interest_ = interest;
            if (!connected_) return false;
            head_.clear();
            position_ = 0;
            in_body_ = false;
            send_request();
            return false;
        }
        ssize_t count = wire_.receive(buffer, size);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        if (count < 0) fail_errno("receive");
        if (count == 0) {
            if (!closing || !complete()) fault("the server closed the connection");
            return true;
        }
        take({reinterpret_cast<const char*>(buffer), static_cast<size_t>(count)});
        return !closing && complete();
    }

    uint64_t begun() const { return begun_; }

  private:
    [[noreturn]] void fault(const std::string& what) const {
        throw std::runtime_error("client " + std::to_string(index_) + ", body byte " +
                                 std::to_string(position_) + ": " + what);
    }
    bool complete() const { return in_body_ && position_ == body_->size(); }

    void send_request() {
        const iovec piece{const_cast<char*>(request_->data()), request_->size()};
        ssize_t count = wire_.send(&piece, 1);
        if (count != static_cast<ssize_t>(request_->size())) fail_errno("send a request");
    }

    void take(std::string_view bytes) {
        if (!in_body_) {
            size_t before = head_.size();
            head_.append(bytes);
            size_t end = head_.find("\r\n\r\n");
            if (end == std::string::npos) return;
            check_head(std::string_view(head_).substr(0, end + 2));
            bytes.remove_prefix(end + 4 - before);
            in_body_ = true;
        }
        if (bytes.size() > body_->size() - position_) fault("more than the file has");
        if (std::memcmp(bytes.data(), body_->data() + position_, bytes.size()) != 0)
            fault("differs from the file");
        position_ += bytes.size();
    }

    void check_head(std::string_view head) const {
        if (head.substr(0, 12) != "HTTP/1.1 200")
            fault("status line " + std::string(head.substr(0, head.find('\r'))));
        std::string wanted = "\r\ncontent-length: " + std::to_string(body_->size()) + "\r\n";
        auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
        if (std::search(head.begin(), head.end(), wanted.begin(), wanted.end(), same) == head.end()) {
            fault("no Content-Length of " + std::to_string(body_->size()));
        }
    }

    const Target* target_;  // these five are owned by run_static and outlive this
    const TlsSettings* tls_;
    const std::string* request_;
    const std::string* body_;
    size_t per_address_;
    Poller* poller_;
    size_t index_;
    Wire wire_;
    uint32_t interest_ = 0;
    bool connected_ = false;
    std::string head_;
    bool in_body_ = false;
    size_t position_ = 0;  // in the body
    uint64_t begun_ = 0;
};

inline Report run_static(const Options& options) {
    Target target(options.target);
    const auto tls = tls_settings(options);
    Meters meters(options);
    std::ifstream file(options.file, std::ios::binary);
    if (!file) fail_errno("open " + options.file);
    std::string body{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::string request = "GET " + options.path + " HTTP/1.1\r\nHost: " + target.host() + "\r\n" +
                          (options.close ? "Connection: close\r\n\r\n" : "\r\n");

    Poller poller;
    Scratch scratch;
    Histogram latency;
    std::deque<HttpClient> clients;
    for (size_t i = 0; i < options.clients; ++i) {
        clients.emplace_back(target, tls.get(), request, body, options.per_address, poller, i).connect();
    }
    uint64_t answers = 0;
    uint64_t last = now_ns();
    auto run = [&](uint64_t deadline, uint64_t count) {
        while (now_ns() < deadline && answers < count) {
            for (epoll_event& event : poller.wait(100)) {
                HttpClient& client = *static_cast<HttpClient*>(event.data.ptr);
                if (!client.on_event(options.close, scratch.receive.get(), Scratch::kReceive)) continue;
                ++answers;
                last = now_ns();
                latency.record(last - client.begun());
                options.close ? client.connect() : client.request();
            }
            if (now_ns() - last > seconds_ns(20)) throw std::runtime_error("no answer for 20 s");
        }
    };
    run(now_ns() + seconds_ns(options.warmup), UINT64_MAX);
    answers = 0;
    latency.clear();
    Span span(meters);
    run(now_ns() + seconds_ns(options.seconds), options.messages);
    span.stop();

    Report report("static");
    report.add("clients", uint64_t{options.clients});
    report.add("size", uint64_t{body.size()});
    span.report(report, "answers", answers);
    report_latency(report, latency);
    return report;
}

}  // namespace marmoset::bench
