// The keys that session tickets are encrypted with (RFC 5077, RFC 8446 4.6.1): common to all workers, in
// memory they share, so that a client may resume at any of them, also after a restart of one or a reload.
// Made at random, replaced after each lifetime by whoever comes first, and forgotten after the next one: who
// takes the memory then can't read what was said before.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/shared_memory.h"

namespace marmoset::tls {

struct TicketKey {
    std::array<uint8_t, 16> name;  ///< stands in the ticket
    std::array<uint8_t, 32> cipher;
    std::array<uint8_t, 32> mac;
};

class TicketKeys {
  public:
    /// What `memory` must hold. Zeroed: there is no key yet.
    static size_t shared_size();

    /// `lifetime_s`: of a ticket, and so of a key. `memory` was made by `shared_size()` and may have been in
    /// use.
    TicketKeys(std::shared_ptr<SharedMemory> memory, uint64_t lifetime_s);

    uint64_t lifetime_s() const { return lifetime_s_; }
    /// Seconds of a clock that all processes of the machine have in common.
    static uint64_t now_s();

    /// For new tickets. False: there is no random to make one of, and no tickets are to be made.
    bool newest(TicketKey& key, uint64_t now_s = TicketKeys::now_s());
    /// The key that a ticket names, 16 bytes. `replaced`: it is not the newest any more: the client gets a
    /// new ticket.
    bool find(Bytes name, TicketKey& key, bool& replaced, uint64_t now_s = TicketKeys::now_s());

  private:
    struct Shared;
    class Lock;
    Shared& shared() const;
    bool rotate(Shared& shared, uint64_t now_s) const;

    std::shared_ptr<SharedMemory> memory_;
    uint64_t lifetime_s_;
};

}  // namespace marmoset::tls
