// Whose ticket it was. mbedTLS calls for a ticket to be read within a step of a handshake and does not say of
// which: the one that is taking the step.
#pragma once

namespace marmoset::tls::mbedtls {

class TicketUse {
  public:
    /// While it lives, a ticket that is good sets `resumed`.
    explicit TicketUse(bool& resumed) { current_ = &resumed; }
    ~TicketUse() { current_ = nullptr; }
    TicketUse(const TicketUse&) = delete;
    TicketUse& operator=(const TicketUse&) = delete;

    static void taken() {
        if (current_) *current_ = true;
    }

  private:
    static inline thread_local bool* current_ = nullptr;
};

}  // namespace marmoset::tls::mbedtls
