// One end of a link as a script drives it: packets of records out, and what comes back, per client and
// without what may differ when the same records travel in other packets. It checks what link-protocol.md
// demands of the other end.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/file_descriptor.h"
#include "link/record.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {

class LinkPeer {
  public:
    enum class Role : uint8_t { Gateway, Server };

    /// `pieces`: after each record a packet may end; nullptr: only flush() ends one.
    LinkPeer(FileDescriptor socket, Role role, Random* pieces);

    /// A record of ours, kept for the next packet; a full packet leaves first.
    void add(link::RecordHeader header, Bytes payload);
    /// Sends what has been kept, and settles.
    void flush();
    /// One packet, as it is.
    void send_raw(Bytes packet);
    /// Lets the loop run and reads what has come.
    void settle();
    /// Reads what has come.
    void read();
    /// HANDOVER, alone in its packet, with a descriptor that stays the caller's.
    void hand_over(uint32_t id, Bytes early, int descriptor);
    /// Client `id` is being opened to be handed over: no message of its own comes over the link.
    void expect_direct(uint32_t id) { clients_[id].direct = true; }
    void end() { socket_.reset(); }

    /// The other end has closed the link.
    bool ended() const { return ended_; }
    /// What has come for each client (0: the link): records one a line, the parts of a message joined; no
    /// CREDIT.
    const std::map<uint32_t, std::string>& seen() const { return seen_; }
    /// Ids of clients that the server has failed (1009, 1011): what waited for credit then is lost, and
    /// whether it waited still is a matter of packets.
    const std::set<uint32_t>& failed() const { return failed_; }
    /// Whether more was sent for some client than the other end's first window: then it depends on the CREDIT
    /// that has come meanwhile, and so on the packets, whether that was a fault.
    bool overdrawn(uint64_t first_window) const { return most_spent_ > first_window; }

    /// Bytes of credit that the other end has for each client from its ACCEPT (or our OPEN) on.
    uint64_t window = 262144;

  private:
    struct Client {
        int64_t credit = 0;   ///< what the other end may still send
        bool opened = false;  ///< by us
        bool known = false;   ///< was opened, and accepted where that is needed
        bool in_message = false;
        size_t message_start = 0;  ///< in what was seen: dropped when the rest never comes
        uint64_t spent = 0;        ///< what our messages have cost since it was opened
        bool binary = false;
        bool final = false;         ///< the other end has sent its last record
        bool closed_by_us = false;  ///< so have we
        bool direct = false;        ///< was opened to be handed over
    };
    void take(const link::Record& record);
    void take_message(const link::Record& record, Client& client, std::string& lines);

    FileDescriptor socket_;
    Role role_;
    Random* pieces_;
    std::string packet_;
    std::map<uint32_t, std::string> seen_;
    std::map<uint32_t, Client> clients_;
    std::set<uint32_t> failed_;
    uint64_t most_spent_ = 0;
    bool greeted_ = false;
    bool publishing_ = false;
    bool ended_ = false;
};

}  // namespace marmoset::fuzz
