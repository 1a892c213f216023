// The link's codec. In: a packet. Its records against a reader written from the table of link-protocol.md;
// what was read, written again, is the packet; the payloads of PUBLISH and CREDIT.
#include "link/record.h"

#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

using link::RecordType;

struct Row {
    RecordType type;
    bool link_itself;  ///< client 0
    bool a_client;
    bool flags;
};
constexpr Row kTable[] = {
    {RecordType::Hello, true, false, false},    {RecordType::Open, false, true, false},
    {RecordType::Accept, false, true, false},   {RecordType::Reject, false, true, false},
    {RecordType::Message, false, true, true},   {RecordType::Close, false, true, false},
    {RecordType::Credit, false, true, false},   {RecordType::Join, false, true, false},
    {RecordType::Leave, false, true, false},    {RecordType::Publish, true, true, true},
    {RecordType::Ping, true, false, false},     {RecordType::Pong, true, false, false},
    {RecordType::Handover, false, true, false},
};

uint64_t number(Bytes bytes) {
    uint64_t value = 0;
    for (size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/// Size of the record that the packet begins with; 0: it is malformed.
size_t record_size(Bytes packet) {
    if (packet.size() < link::kRecordHeader) return 0;
    const uint64_t length = number(packet.first(4));
    const uint64_t client = number(packet.subspan(4, 4));
    for (const Row& row : kTable) {
        if (static_cast<uint8_t>(row.type) != packet[8]) continue;
        const bool fits = client == 0 ? row.link_itself : row.a_client;
        if (!fits || (packet[9] & (row.flags ? 0xf8u : 0xffu)) != 0) return 0;
        return length <= packet.size() - link::kRecordHeader ? link::kRecordHeader + length : 0;
    }
    return 0;
}

void check_payload(const link::Record& record) {
    const auto payload = exact(record.payload);
    link::PublishPayload publish;
    const bool long_enough = payload.size() >= 2;
    const uint64_t topic = long_enough ? number(Bytes(payload).first(2)) : 0;
    const bool well_formed = long_enough && topic <= link::kMaxTopic && topic <= payload.size() - 2;
    require(link::parse_publish(payload, publish) == well_formed, "the form of a PUBLISH");
    if (well_formed) {
        require_equal(as_text(payload).substr(2, topic), publish.topic, "its topic");
        require_equal(as_text(payload).substr(2 + topic), as_text(publish.message), "its message");
    }
    uint32_t bytes = 0;
    require(link::parse_credit(payload, bytes) == (payload.size() == 4), "the form of a CREDIT");
    if (payload.size() == 4) require(bytes == number(payload), "its bytes");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const auto packet = exact({data, size});
    Bytes rest = packet;
    link::RecordReader reader(packet);
    std::string written;
    for (;;) {
        link::Record record;
        const link::RecordStatus status = reader.next(record);
        if (rest.empty()) {
            require(status == link::RecordStatus::End, "the end of the packet");
            break;
        }
        const size_t expected = record_size(rest);
        if (expected == 0) {
            require(status == link::RecordStatus::Malformed, "a malformed record is refused");
            require(*reader.error() != '\0', "and it is told why");
            require(reader.next(record) == link::RecordStatus::Malformed, "and nothing follows");
            return 0;
        }
        require(status == link::RecordStatus::Ok, "a record that the table permits");
        require(record.header.length == record.payload.size(), "its length");
        uint8_t header[link::kRecordHeader];
        link::encode_record_header(header, record.header);
        written.append(as_text(header)).append(as_text(record.payload));
        check_payload(record);
        rest = rest.subspan(expected);
    }
    require_equal(as_text(packet), written, "what was read, written again");
    return 0;
}
