// What HTTP calls upward: the layer above (module/dispatcher) implements it. Verdicts are those of module
// hooks.
#pragma once

#include <cstdint>

namespace marmoset::http {

class Exchange;

/// A hook's answer.
struct Verdict {
    enum Kind : uint8_t {
        Next,  ///< not mine: the next module is asked. A response.status of 400 or more left behind is the
               ///< answer if nobody takes it
        Done,  ///< the response is complete
        Wait,  ///< the module calls Exchange::resume() or upgrade() later
        Fail,  ///< answer with `status` and the standard body
    } kind = Next;
    uint16_t status = 0;

    static Verdict next() { return {Next, 0}; }
    static Verdict done() { return {Done, 0}; }
    static Verdict wait() { return {Wait, 0}; }
    static Verdict fail(unsigned status) { return {Fail, static_cast<uint16_t>(status)}; }
};

class Handler {
  public:
    virtual ~Handler() = default;
    /// A request head is complete. Never answers Next.
    virtual Verdict on_request(Exchange& exchange) = 0;
    /// A waiting module has decided: `verdict` is what its hook would have returned. Never answers Next.
    virtual Verdict on_resume(Exchange& exchange, Verdict verdict) = 0;
    /// The response is about to be sent: last chance to change its head.
    virtual void on_response(Exchange& exchange) = 0;
    /// The exchange is over: sent, upgraded, or its connection lost (`aborted`). It is reused afterwards.
    virtual void on_done(Exchange& exchange, bool aborted) = 0;
};

}  // namespace marmoset::http
