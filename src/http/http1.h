// HTTP/1 on one connection: gathers a head, makes an exchange of it, feeds its body, sends the answer, goes
// on with the next request. Requests of one connection are answered one after the other, so pipelined ones in
// order; the answers to all that came in one read leave in one write.
#pragma once

#include <string>

#include "http/exchange.h"
#include "http/parser.h"
#include "http/service.h"
#include "net/connection.h"

namespace marmoset::http {

class Http1 final : public net::Protocol {
  public:
    /// `service` outlives the connection.
    Http1(net::Connection& connection, Service& service);
    ~Http1() override;

    size_t read_limit() const override { return kReadLimit; }
    void on_bytes(MutableBytes data) override;
    void on_secured() override { connection().set_deadline(service_.limits.header_timeout_ms); }
    void on_end_of_stream() override;
    void on_output_blocked() override;
    void on_output_progress() override;
    void on_deadline() override;
    void on_closed(CloseReason reason) override;
    void on_shutdown() override;
    void on_drain() override;

    // For the exchange.
    void on_resume(Exchange& exchange, Verdict verdict);
    void upgrade(Exchange& exchange, std::string_view fields, std::unique_ptr<net::Protocol> protocol);
    void body_wanted();

  private:
    // Bounds what a client may send behind a request that is being answered.
    static constexpr size_t kReadLimit = 65536;

    enum class State : uint8_t { Head, Body, Waiting, Ended };

    /// A module waits and nobody has asked for the request's body: it is neither read on nor thrown away,
    /// for a module that is asked later may want it.
    bool holds_body() const {
        return state_ == State::Body && exchange_ && !answered_ && !exchange_->body_reader_;
    }
    void consume(Bytes data);
    size_t consume_head(Bytes data);
    size_t consume_body(Bytes data);
    size_t find_request_end(std::string_view bytes, size_t from) const;
    bool refused_early(std::string_view bytes);
    void begin_exchange(std::string_view head);
    void acquire_exchange();
    bool find_client();
    void apply(Verdict verdict);
    void answer();
    void write_head(bool close);
    void finish_exchange(bool close);
    void finish_request();
    void release_exchange(bool aborted);
    void refuse(unsigned status, const char* reason, Method method = Method::Other);
    void count(Counter counter) { connection().loop().counters().add(counter); }
    void count_limit(unsigned status);
    void count_response(unsigned status);
    void continue_pending();
    void arm_deadline();
    void log_access();
    static void on_body_piece(void* self, Bytes piece);

    Service& service_;
    Parser parser_;
    Exchange* exchange_ = nullptr;  // the request in progress, from the pool
    std::string partial_;  // an incomplete head; or, while an exchange is in progress, what came behind it,
                           // or of its body while that is held
    State state_ = State::Head;
    bool consuming_ = false;     // inside consume(): finished exchanges are followed up there
    bool head_started_ = false;  // the head's deadline runs
    bool answered_ = false;      // the response was sent before the body's end
    bool close_after_ = false;   // the response said Connection: close
    bool continue_sent_ = false;
    bool answering_ = false;      // an answer is being written: a failed write must not free its exchange
    bool skipped_empty_ = false;  // empty lines before a request line: they buy no time
    bool used_ = false;           // a request has come on this connection
    bool entered_ = false;        // the exchange is counted by the service's client_limit
};

}  // namespace marmoset::http
