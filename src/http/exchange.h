// One request and its answer. Owned by the worker's pool, used by one connection at a time. A module that
// waits keeps the id, never the pointer: find() tells whether the exchange is still there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/handler.h"
#include "http/identity.h"
#include "http/request.h"
#include "http/response.h"
#include "net/address.h"

namespace marmoset::net {
class Connection;
class Protocol;
}  // namespace marmoset::net

namespace marmoset::http {

class Http1;
struct Service;

/// Names an exchange for later; 0 names none.
using ExchangeId = uint64_t;

/// Receives a request body piece by piece. Set by a module's on_request; the exchange is alive during the
/// calls.
class BodyReader {
  public:
    virtual ~BodyReader() = default;
    /// A piece of the body, gone when the call returns. A verdict other than Wait ends the reading: the rest
    /// is thrown away.
    virtual Verdict on_body(Exchange& exchange, Bytes piece) = 0;
    /// The body is complete. Wait: the module resumes later.
    virtual Verdict on_body_end(Exchange& exchange) = 0;
};

/// An access module that judges requests by their paths. What answers under another name than the request's
/// whole path has it judge that name, too.
class PathGuard {
  public:
    /// Whether what has the path `name` may answer the request, whose own path has been permitted.
    virtual bool permits(const Exchange& exchange, std::string_view name) const = 0;

  protected:
    ~PathGuard() = default;
};

class Exchange {
  public:
    Request request;
    Response response;

    ExchangeId id() const { return id_; }
    net::Connection& connection() const { return *connection_; }
    Service& service() const { return *service_; }
    /// Who sent it: the connection's peer, or whom a trusted proxy names (http/forwarding.h). Family None: a
    /// proxy does not say.
    const net::Address& remote() const { return remote_; }
    /// The client speaks https, to us or to a trusted proxy that says so.
    bool secure() const { return secure_; }

    /// The answer in one call: status, Content-Type, body. Returns Verdict::done() for `return
    /// exchange.respond(...)`.
    Verdict respond(unsigned status, std::string_view content_type, std::string_view body);
    /// An answer without a body (204, 304, redirects with their Location already added …).
    Verdict respond(unsigned status);

    /// Asks for the body: `reader` (outlives the exchange, or clears itself with nullptr) gets it. Called
    /// within on_request, or before a resume(Wait); answer Wait after it. Until somebody asks, none of it is
    /// lost: while modules wait it stays with the client. A request whose framing tells no length is answered
    /// 411 by the caller's verdict: false is returned then.
    bool read_body(BodyReader* reader);

    /// Ends a Wait. `verdict` as the hook would have returned it (Next: the following modules are asked).
    /// Must not be called inside the hook that answers Wait.
    void resume(Verdict verdict);
    /// Ends a Wait: answers 101 with `fields` ("Name: value\r\n" each, after those set in `response`), then
    /// `protocol` speaks; bytes the client sent behind its request reach it first. The exchange is over when
    /// the call returns.
    void upgrade(std::string_view fields, std::unique_ptr<net::Protocol> protocol);

    /// `guard` outlives the exchange.
    void add_guard(const PathGuard& guard) { guards_.push_back(&guard); }
    /// Whether all guards permit that what has the path `name` answers: a server that takes any path behind
    /// its own name, or one that is not named by the path at all.
    bool permits(std::string_view name) const;

    /// Room for one pointer of each module instance, by the index the instance was given; null at the start
    /// of each exchange.
    void*& slot(unsigned index);

    Identity identity;        ///< who it comes from; for the access log and the modules behind auth
    uint64_t started_us = 0;  ///< monotonic, when the head was complete
    unsigned hook = 0;        ///< dispatcher's place in its list, for on_resume

  private:
    friend class Http1;
    friend class ExchangePool;
    ExchangeId id_ = 0;
    Http1* protocol_ = nullptr;  // the connection's; releases the exchange before it dies
    net::Connection* connection_ = nullptr;
    Service* service_ = nullptr;
    BodyReader* body_reader_ = nullptr;
    net::Address remote_;
    bool secure_ = false;
    std::vector<void*> slots_;
    std::vector<const PathGuard*> guards_;
};

/// All exchanges of a worker. Never shrinks: its size is the largest number of requests that were in progress
/// at once.
class ExchangePool {
  public:
    Exchange& acquire();
    void release(Exchange& exchange);
    /// The exchange with that id, or nullptr if it is over.
    Exchange* find(ExchangeId id) const;
    size_t in_progress() const { return exchanges_.size() - free_.size(); }

  private:
    std::vector<std::unique_ptr<Exchange>> exchanges_;  // index: low 32 bits of the id
    std::vector<uint32_t> free_;
    uint32_t generation_ = 0;
};

}  // namespace marmoset::http
