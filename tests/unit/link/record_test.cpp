// Records of the link: every type there and back, every way to be malformed, and the page that is the
// contract.
#include "link/record.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"

namespace marmoset::link {
namespace {

using Buffer = std::vector<uint8_t>;

void append(Buffer& packet, const RecordHeader& header, std::string_view payload) {
    RecordHeader complete = header;
    complete.length = static_cast<uint32_t>(payload.size());
    packet.resize(packet.size() + kRecordHeader);
    encode_record_header(packet.data() + packet.size() - kRecordHeader, complete);
    packet.insert(packet.end(), payload.begin(), payload.end());
}

Buffer one(const RecordHeader& header, std::string_view payload = "") {
    Buffer packet;
    append(packet, header, payload);
    return packet;
}

constexpr unsigned kTypes = 13;
RecordType type_of(unsigned number) {
    return static_cast<RecordType>(number);
}
bool is_link_type(unsigned type) {
    return type == 1 || type == 11 || type == 12;
}
bool has_flags(unsigned type) {
    return type == 5 || type == 10;
}

/// A header of this type that is right.
RecordHeader good_header(unsigned type) {
    return {0, is_link_type(type) ? 0u : 77u, type_of(type), 0, 0};
}

std::string error_of(const Buffer& packet) {
    RecordReader reader(packet);
    Record record;
    RecordStatus status = RecordStatus::Ok;
    while (status == RecordStatus::Ok)
        status = reader.next(record);
    EXPECT_EQ(status == RecordStatus::Malformed, *reader.error() != '\0');
    return reader.error();
}

TEST(Record, HeaderHasTheFieldsOfThePage) {
    uint8_t out[kRecordHeader];
    encode_record_header(out, {0x01020304, 0x05060708, RecordType::Close, 0x06, 0x1234});
    EXPECT_EQ(load<uint32_t>(out), 0x01020304u);
    EXPECT_EQ(load<uint32_t>(out + 4), 0x05060708u);
    EXPECT_EQ(out[8], 6);
    EXPECT_EQ(out[9], 6);
    EXPECT_EQ(load<uint16_t>(out + 10), 0x1234);
    EXPECT_EQ(message_cost(0), 12u);
    EXPECT_EQ(message_cost(125), 137u);
    EXPECT_EQ(kMaxRecordPayload + kRecordHeader, 131072u);
}

TEST(Record, EveryTypeComesBackAsItWent) {
    for (unsigned type = 1; type <= kTypes; ++type) {
        for (unsigned flags = 0; flags < (has_flags(type) ? 8u : 1u); ++flags) {
            for (const std::string_view payload : {"", "x", "some payload"}) {
                RecordHeader header = good_header(type);
                header.flags = static_cast<uint8_t>(flags);
                header.code = 4321;
                const Buffer packet = one(header, payload);
                RecordReader reader(packet);
                Record record;
                ASSERT_EQ(reader.next(record), RecordStatus::Ok) << type << " " << reader.error();
                EXPECT_EQ(record.header.length, payload.size());
                EXPECT_EQ(record.header.client, header.client);
                EXPECT_EQ(record.header.type, header.type);
                EXPECT_EQ(record.header.flags, flags);
                EXPECT_EQ(record.header.code, 4321);
                EXPECT_EQ(as_text(record.payload), payload);
                EXPECT_EQ(record.payload.data(), packet.data() + kRecordHeader);
                EXPECT_EQ(reader.next(record), RecordStatus::End);
                EXPECT_EQ(reader.next(record), RecordStatus::End);
                EXPECT_STREQ(reader.error(), "");
            }
        }
    }
}

TEST(Record, WalksManyRecordsOfAPacket) {
    Buffer packet;
    for (uint32_t i = 0; i < 5000; ++i) {
        append(packet, {0, i + 1, RecordType::Message, kFirst | kLast, 0},
               std::string(i % 15, static_cast<char>(i)));
    }
    ASSERT_LE(packet.size(), kMaxPacket);
    RecordReader reader(packet);
    Record record;
    for (uint32_t i = 0; i < 5000; ++i) {
        ASSERT_EQ(reader.next(record), RecordStatus::Ok);
        ASSERT_EQ(record.header.client, i + 1);
        ASSERT_EQ(as_text(record.payload), std::string(i % 15, static_cast<char>(i)));
    }
    EXPECT_EQ(reader.next(record), RecordStatus::End);
}

TEST(Record, TakesTheLargestRecord) {
    const Buffer packet = one({0, 1, RecordType::Message, kBinary, 0}, std::string(kMaxRecordPayload, 'x'));
    EXPECT_EQ(packet.size(), kMaxPacket);
    RecordReader reader(packet);
    Record record;
    ASSERT_EQ(reader.next(record), RecordStatus::Ok);
    EXPECT_EQ(record.payload.size(), kMaxRecordPayload);
}

TEST(Record, AnEmptyPacketIsItsEnd) {
    RecordReader reader({});
    Record record;
    EXPECT_EQ(reader.next(record), RecordStatus::End);
}

TEST(Record, NoticesEveryCut) {
    Buffer packet = one({0, 7, RecordType::Message, kFirst, 0}, "first");
    const size_t boundary = packet.size();
    append(packet, {0, 8, RecordType::Close, 0, 1000}, "reason");
    for (size_t size = 0; size < packet.size(); ++size) {
        const Buffer cut(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size));
        RecordReader reader(cut);
        Record record;
        if (size >= boundary) {
            ASSERT_EQ(reader.next(record), RecordStatus::Ok);
            ASSERT_EQ(as_text(record.payload), "first");
        }
        const size_t left = size - (size >= boundary ? boundary : 0);
        const RecordStatus expected = left == 0 ? RecordStatus::End : RecordStatus::Malformed;
        record.header.client = 4711;
        for (int again = 0; again < 2; ++again)
            ASSERT_EQ(reader.next(record), expected) << size;
        EXPECT_EQ(record.header.client, 4711u);
        if (left == 0) continue;
        EXPECT_STREQ(reader.error(), left < kRecordHeader ? "a record header is cut off"
                                                          : "a record's length goes beyond its packet");
    }
}

TEST(Record, RefusesLengthsBeyondThePacket) {
    for (const uint32_t length : {7u, 8u, 131072u, 0x7fffffffu, 0xfffffff3u, 0xfffffff4u, 0xffffffffu}) {
        Buffer packet = one({0, 7, RecordType::Message, 0, 0}, "sixsix");
        store<uint32_t>(packet.data(), length);
        EXPECT_EQ(error_of(packet), "a record's length goes beyond its packet") << length;
    }
}

TEST(Record, RefusesUnknownTypes) {
    for (unsigned type = 0; type < 256; ++type) {
        if (type >= 1 && type <= kTypes) continue;
        for (const uint32_t client : {0u, 7u}) {
            EXPECT_EQ(error_of(one({0, client, type_of(type), 0, 0})), "unknown record type") << type;
        }
    }
}

TEST(Record, RefusesFlagsATypeDoesNotHave) {
    for (unsigned type = 1; type <= kTypes; ++type) {
        for (unsigned flags = 0; flags < 256; ++flags) {
            RecordHeader header = good_header(type);
            header.flags = static_cast<uint8_t>(flags);
            const bool legal = flags == 0 || (has_flags(type) && flags < 8);
            EXPECT_EQ(error_of(one(header)), legal ? "" : "flags the record type does not have")
                << type << " " << flags;
        }
    }
}

TEST(Record, KnowsWhichRecordsConcernTheLink) {
    for (unsigned type = 1; type <= kTypes; ++type) {
        const bool is_publish = type_of(type) == RecordType::Publish;
        for (const uint32_t client : {0u, 1u, 0x80000000u, 0xffffffffu}) {
            const char* expected = "";
            if (client == 0 && !is_link_type(type) && !is_publish) {
                expected = "client 0 in a record that concerns a client";
            } else if (client != 0 && is_link_type(type)) {
                expected = "a client in a record that concerns the link";
            }
            EXPECT_EQ(error_of(one({0, client, type_of(type), 0, 0})), expected) << type << " " << client;
        }
    }
}

TEST(Record, GoodRecordsBeforeABadOneAreRead) {
    Buffer packet = one({0, 7, RecordType::Message, 0, 0}, "good");
    append(packet, {0, 7, type_of(99), 0, 0}, "bad");
    append(packet, {0, 7, RecordType::Message, 0, 0}, "never seen");
    RecordReader reader(packet);
    Record record;
    EXPECT_EQ(reader.next(record), RecordStatus::Ok);
    for (int again = 0; again < 3; ++again)
        EXPECT_EQ(reader.next(record), RecordStatus::Malformed);
    EXPECT_EQ(as_text(record.payload), "good");
}

Buffer publish(uint16_t topic_length, std::string_view rest) {
    Buffer payload(2);
    store<uint16_t>(payload.data(), topic_length);
    payload.insert(payload.end(), rest.begin(), rest.end());
    return payload;
}

TEST(PublishPayload, SplitsTopicAndMessage) {
    PublishPayload out;
    const Buffer payload = publish(4, "newsHello");
    ASSERT_TRUE(parse_publish(payload, out));
    EXPECT_EQ(out.topic, "news");
    EXPECT_EQ(as_text(out.message), "Hello");
    EXPECT_EQ(out.message.data(), payload.data() + 6);
    ASSERT_TRUE(parse_publish(publish(4, "news"), out));
    EXPECT_TRUE(out.message.empty());
    ASSERT_TRUE(parse_publish(publish(0, "x"), out));
    EXPECT_EQ(out.topic, "");
    ASSERT_TRUE(parse_publish(publish(255, std::string(256, 't')), out));
    EXPECT_EQ(out.topic.size(), 255u);
    EXPECT_EQ(out.message.size(), 1u);
}

TEST(PublishPayload, RefusesMalformedOnes) {
    PublishPayload out;
    EXPECT_FALSE(parse_publish({}, out));
    EXPECT_FALSE(parse_publish(Buffer(1), out));
    EXPECT_FALSE(parse_publish(publish(1, ""), out));
    EXPECT_FALSE(parse_publish(publish(5, "news"), out));
    EXPECT_FALSE(parse_publish(publish(256, std::string(300, 't')), out));
    EXPECT_FALSE(parse_publish(publish(65535, std::string(300, 't')), out));
}

TEST(CreditPayload, IsFourBytes) {
    Buffer payload(4);
    store<uint32_t>(payload.data(), 0x89abcdef);
    uint32_t bytes = 0;
    EXPECT_TRUE(parse_credit(payload, bytes));
    EXPECT_EQ(bytes, 0x89abcdefu);
    for (const size_t size : {0, 1, 3, 5, 8})
        EXPECT_FALSE(parse_credit(Buffer(size), bytes)) << size;
    EXPECT_EQ(bytes, 0x89abcdefu);
}

// The page shows its packets as a little-endian machine has them.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

/// The contents of the page's ```hex blocks, `#` comments left out.
std::vector<Buffer> packets_of_the_page() {
    const auto page = std::filesystem::path(__FILE__).parent_path() / "../../../conf/link-protocol.md";
    std::ifstream in(page);
    EXPECT_TRUE(in) << page;
    std::vector<Buffer> packets;
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("```")) {
            inside = line == "```hex";
            if (inside) packets.emplace_back();
            continue;
        }
        for (size_t at = 0; inside && at + 1 < line.size() && line[at] != '#';) {
            const int high = hex_value(line[at]);
            if (high < 0) {
                ++at;
                continue;
            }
            packets.back().push_back(static_cast<uint8_t>(high * 16 + hex_value(line[at + 1])));
            at += 2;
        }
    }
    return packets;
}

TEST(LinkProtocolPage, ShowsThePacketsThatAreSent) {
    Buffer from_gateway;
    append(from_gateway, {0, 0, RecordType::Hello, 0, 0},
           R"({"version":1,"window":262144,"max_message":16777216})");
    append(from_gateway, {0, 7, RecordType::Message, kFirst | kLast, 0}, "Hello");
    append(from_gateway, {0, 7, RecordType::Credit, 0, 0}, std::string_view("\0\0\1\0", 4));
    append(from_gateway, {0, 9, RecordType::Close, 0, 1001}, "bye");

    Buffer from_server;
    append(from_server, {0, 7, RecordType::Accept, 0, 0}, "chat");
    append(from_server, {0, 7, RecordType::Join, 0, 0}, "news");
    append(from_server, {0, 7, RecordType::Publish, kBinary | kFirst | kLast, 0},
           std::string_view("\4\0news\0\xff", 8));
    append(from_server, {0, 10, RecordType::Reject, 0, 404}, "unknown room");
    append(from_server, {0, 0, RecordType::Pong, 0, 0}, "*");

    const std::vector<Buffer> page = packets_of_the_page();
    ASSERT_EQ(page.size(), 2u);
    EXPECT_EQ(page[0], from_gateway);
    EXPECT_EQ(page[1], from_server);
    EXPECT_EQ(error_of(page[0]), "");
    EXPECT_EQ(error_of(page[1]), "");
}

#endif

}  // namespace
}  // namespace marmoset::link
