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
inline constexpr size_t kMaxPacket = 131072;                          ///< bytes of a packet, all its records
inline constexpr size_t kMaxRecordPayload = kMaxPacket - kRecordHeader;
inline constexpr uint32_t kDefaultWindow = 262144;                    ///< credit a client, bytes
inline constexpr size_t kMaxTopic = 255;                              ///< bytes of a topic name
inline constexpr size_t kMaxTopicsPerClient = 1024;

/// Header fields, host byte order on the wire (both ends are on one machine).
struct RecordHeader {
    uint32_t length = 0;  ///< payload bytes that follow
    uint32_t client = 0;  ///< 0: the link itself
    RecordType type = RecordType::Hello;
    uint8_t flags = 0;
    uint16_t code = 0;    ///< close code or HTTP status
};

/// What a MESSAGE of this payload costs in credit.
inline uint64_t message_cost(size_t payload) { return payload + kRecordHeader; }

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

/// Walks the records of one packet. Malformed: a length beyond the packet, a cut header, an unknown type, unknown flags, client 0
/// where a client is needed or the reverse; `error()` then says which.
class RecordReader {
  public:
    explicit RecordReader(Bytes packet) : rest_(packet) {}

    /// Next record into `record`.
    RecordStatus next(Record& record);
    const char* error() const { return error_; }

  private:
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
