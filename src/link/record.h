// The records of the link between a gateway worker and a system server: 12-byte header, payload. Pure codec:
// bytes in, struct out. The page in conf/link-protocol.md is the contract; numbers here and there must agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace marmoset::link {

enum class RecordType : uint8_t {
    Hello = 1,
    Open = 2,
    Accept = 3,
    Reject = 4,
    Message = 5,
    Close = 6,
    Credit = 7,
    Join = 8,
    Leave = 9,
    Publish = 10,
    Ping = 11,
    Pong = 12,
    Handover = 13,
};

/// Flags of MESSAGE and PUBLISH.
enum RecordFlag : uint8_t { kBinary = 1, kFirst = 2, kLast = 4 };

inline constexpr uint32_t kLinkVersion = 1;
inline constexpr size_t kRecordHeader = 12;
inline constexpr size_t kMaxPacket = 131072;  ///< bytes of a packet, all its records
inline constexpr size_t kMaxRecordPayload = kMaxPacket - kRecordHeader;
inline constexpr uint32_t kDefaultWindow = 262144;  ///< credit a client, bytes
inline constexpr size_t kMaxTopic = 255;            ///< bytes of a topic name
inline constexpr size_t kMaxTopicsPerClient = 1024;

/// Header fields, host byte order on the wire (both ends are on one machine).
struct RecordHeader {
    uint32_t length = 0;  ///< payload bytes that follow
    uint32_t client = 0;  ///< 0: the link itself
    RecordType type = RecordType::Hello;
    uint8_t flags = 0;
    uint16_t code = 0;  ///< close code or HTTP status
};

/// What a MESSAGE of this payload costs in credit.
inline uint64_t message_cost(size_t payload) {
    return payload + kRecordHeader;
}

inline void encode_record_header(uint8_t* out, const RecordHeader& header) {
    store<uint32_t>(out, header.length);
    store<uint32_t>(out + 4, header.client);
    out[8] = static_cast<uint8_t>(header.type);
    out[9] = header.flags;
    store<uint16_t>(out + 10, header.code);
}

struct Record {
    RecordHeader header;
    Bytes payload;  ///< into the packet
};

enum class RecordStatus : uint8_t { Ok, End, Malformed };

/// What a type may carry, for the reader: which clients, which flags.
struct RecordRule {
    uint8_t clients = 0;  ///< bit 0: client 0 is allowed, bit 1: another is; 0: no such type
    uint8_t flags = 0;    ///< the flags allowed
};
inline constexpr RecordRule kRecordRules[16] = {
    {},                             // 0
    {1, 0},                         // HELLO
    {2, 0},                         // OPEN
    {2, 0},                         // ACCEPT
    {2, 0},                         // REJECT
    {2, kBinary | kFirst | kLast},  // MESSAGE
    {2, 0},                         // CLOSE
    {2, 0},                         // CREDIT
    {2, 0},                         // JOIN
    {2, 0},                         // LEAVE
    {3, kBinary | kFirst | kLast},  // PUBLISH
    {1, 0},                         // PING
    {1, 0},                         // PONG
    {2, 0},                         // HANDOVER; 14 and 15 are no types
};

/// Which rule a record header (kRecordHeader bytes) breaks by itself: type, flags, client. A sentence for the
/// log, of static storage; nullptr: none.
const char* header_fault(const uint8_t* header);

/// Walks the records of one packet. Malformed: a length beyond the packet, a cut header, an unknown type,
/// unknown flags, client 0 where a client is needed or the reverse; `error()` then says which, and next()
/// answers Malformed from then on. Which record may come when, and from which side, is the link's to judge.
class RecordReader {
  public:
    explicit RecordReader(Bytes packet) : rest_(packet) {}

    /// Next record into `record`, which is unchanged unless Ok. Inline: it runs once a message.
    RecordStatus next(Record& record) {
        if (rest_.size() < kRecordHeader) [[unlikely]]
            return rest_.empty() ? RecordStatus::End : refuse();
        const uint8_t* at = rest_.data();
        const uint32_t length = load<uint32_t>(at);
        const uint32_t client = load<uint32_t>(at + 4);
        const uint8_t type = at[8];
        const uint8_t flags = at[9];
        const RecordRule rule = kRecordRules[type & 15u];
        const unsigned wrong_client = ~static_cast<unsigned>(rule.clients) >> (client != 0 ? 1 : 0) & 1u;
        const unsigned wrong = (type & 0xf0u) | (flags & ~static_cast<unsigned>(rule.flags)) | wrong_client;
        if (wrong != 0 || length > rest_.size() - kRecordHeader) [[unlikely]]
            return refuse();
        record.header = {length, client, static_cast<RecordType>(type), flags, load<uint16_t>(at + 10)};
        record.payload = rest_.subspan(kRecordHeader, length);
        rest_ = rest_.subspan(kRecordHeader + length);
        return RecordStatus::Ok;
    }

    /// Why the packet is malformed: a sentence for the log, of static storage.
    const char* error() const { return error_; }

  private:
    RecordStatus refuse();

    Bytes rest_;
    const char* error_ = "";
};

/// Payload of PUBLISH: u16 topic length, topic, message bytes. False: malformed.
struct PublishPayload {
    std::string_view topic;
    Bytes message;
};
bool parse_publish(Bytes payload, PublishPayload& out);

/// Payload of CREDIT: one u32. False: malformed.
bool parse_credit(Bytes payload, uint32_t& bytes);

}  // namespace marmoset::link
