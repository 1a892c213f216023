// The seldom part of the record codec: why a packet is refused, and the payloads that have an inner form.
#include "link/record.h"

namespace marmoset::link {

const char* header_fault(const uint8_t* header) {
    const uint8_t type = header[8];
    const bool link_itself = load<uint32_t>(header + 4) == 0;
    const RecordRule rule = type < 16 ? kRecordRules[type] : RecordRule{};
    if (rule.clients == 0) return "unknown record type";
    if ((header[9] & ~static_cast<unsigned>(rule.flags)) != 0) return "flags the record type does not have";
    if (link_itself && (rule.clients & 1u) == 0) return "client 0 in a record that concerns a client";
    if (!link_itself && (rule.clients & 2u) == 0) return "a client in a record that concerns the link";
    return nullptr;
}

RecordStatus RecordReader::refuse() {
    const char* fault =
        rest_.size() < kRecordHeader ? "a record header is cut off" : header_fault(rest_.data());
    error_ = fault ? fault : "a record's length goes beyond its packet";
    return RecordStatus::Malformed;
}

bool parse_publish(Bytes payload, PublishPayload& out) {
    if (payload.size() < 2) return false;
    const size_t topic = load<uint16_t>(payload.data());
    if (topic > kMaxTopic || topic > payload.size() - 2) return false;
    out.topic = as_text(payload.subspan(2, topic));
    out.message = payload.subspan(2 + topic);
    return true;
}

bool parse_credit(Bytes payload, uint32_t& bytes) {
    if (payload.size() != sizeof bytes) return false;
    bytes = load<uint32_t>(payload.data());
    return true;
}

}  // namespace marmoset::link
