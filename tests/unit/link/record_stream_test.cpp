// Records out of a byte stream: whole, cut at every place, in random pieces; garbage is told as soon as it
// shows.
#include "link/record_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace marmoset::link {
namespace {

using Buffer = std::vector<uint8_t>;

void append(Buffer& stream, uint32_t client, RecordType type, std::string_view payload) {
    uint8_t header[kRecordHeader];
    encode_record_header(header, {static_cast<uint32_t>(payload.size()), client, type, 0, 0});
    stream.insert(stream.end(), header, header + kRecordHeader);
    stream.insert(stream.end(), payload.begin(), payload.end());
}

/// All runs of one feed, one behind the other; the status that ended them.
RecordStream::Status take(RecordStream& reader, Bytes data, Buffer& out) {
    reader.feed(data);
    Bytes run;
    RecordStream::Status status;
    while ((status = reader.next(run)) == RecordStream::Status::Run) {
        RecordReader records(run);
        Record record;
        RecordStatus found;
        while ((found = records.next(record)) == RecordStatus::Ok) {
        }
        EXPECT_EQ(found, RecordStatus::End) << "a run holds whole records";
        out.insert(out.end(), run.begin(), run.end());
    }
    return status;
}

Buffer three_records() {
    Buffer stream;
    append(stream, 0, RecordType::Hello, "{}");
    append(stream, 1, RecordType::Message, "");
    append(stream, 1, RecordType::Close, std::string(300, 'x'));
    return stream;
}

TEST(RecordStream, WholeRecordsAreOneRunAndNotCopied) {
    const Buffer stream = three_records();
    RecordStream reader;
    reader.feed(stream);
    Bytes run;
    ASSERT_EQ(reader.next(run), RecordStream::Status::Run);
    EXPECT_EQ(run.data(), stream.data());
    EXPECT_EQ(run.size(), stream.size());
    EXPECT_EQ(reader.next(run), RecordStream::Status::NeedMore);
    EXPECT_EQ(reader.kept(), 0u);
}

TEST(RecordStream, CutAnywhere) {
    const Buffer stream = three_records();
    for (size_t cut = 0; cut <= stream.size(); ++cut) {
        RecordStream reader;
        Buffer out;
        EXPECT_EQ(take(reader, Bytes(stream).first(cut), out), RecordStream::Status::NeedMore);
        EXPECT_EQ(out.size() + reader.kept(), cut);
        EXPECT_EQ(take(reader, Bytes(stream).subspan(cut), out), RecordStream::Status::NeedMore);
        EXPECT_EQ(out, stream) << cut;
    }
}

TEST(RecordStream, RandomPieces) {
    std::mt19937 random(1);
    Buffer stream;
    for (int i = 0; i < 300; ++i)
        append(stream, 1, RecordType::Message,
               std::string(i % 20 == 0 ? kMaxRecordPayload : random() % 900, 'm'));
    for (const size_t most : {1u, 13u, 5000u, 400000u}) {
        RecordStream reader;
        Buffer out;
        for (size_t at = 0; at < stream.size();) {
            const size_t size = std::min<size_t>(stream.size() - at, 1 + random() % most);
            ASSERT_EQ(take(reader, Bytes(stream).subspan(at, size), out), RecordStream::Status::NeedMore);
            ASSERT_LT(reader.kept(), kMaxPacket);
            at += size;
            if (most == 1 && at > 300000) break;
        }
        EXPECT_TRUE(std::equal(out.begin(), out.end(), stream.begin()));
    }
}

TEST(RecordStream, GarbageIsToldWithItsHeader) {
    RecordStream reader;
    Buffer out;
    const std::string text = "HTTP/1.1 400";
    EXPECT_EQ(take(reader, as_bytes(text), out), RecordStream::Status::Malformed);
    EXPECT_STRNE(reader.error(), "");
    Bytes run;
    EXPECT_EQ(reader.next(run), RecordStream::Status::Malformed);
}

TEST(RecordStream, WhatCameBeforeGarbageIsGood) {
    Buffer stream = three_records();
    const Buffer good = stream;
    stream.insert(stream.end(), 12, 0xff);
    RecordStream reader;
    Buffer out;
    EXPECT_EQ(take(reader, stream, out), RecordStream::Status::Malformed);
    EXPECT_EQ(out, good);
}

TEST(RecordStream, ARecordTooLong) {
    for (const uint32_t length : {static_cast<uint32_t>(kMaxRecordPayload) + 1, UINT32_MAX}) {
        uint8_t header[kRecordHeader];
        encode_record_header(header, {length, 1, RecordType::Message, kFirst, 0});
        for (const size_t cut : {12u, 5u}) {
            RecordStream reader;
            Buffer out;
            take(reader, Bytes(header).first(cut), out);
            EXPECT_EQ(take(reader, Bytes(header).subspan(cut), out), RecordStream::Status::Malformed);
            EXPECT_STREQ(reader.error(), "a record longer than 131072 bytes");
        }
    }
}

TEST(RecordStream, HeadersThatBreakARule) {
    const auto fault = [](RecordHeader header) {
        uint8_t bytes[kRecordHeader];
        encode_record_header(bytes, header);
        const char* found = header_fault(bytes);
        return std::string(found ? found : "");
    };
    EXPECT_EQ(fault({0, 1, RecordType::Message, kFirst | kLast, 0}), "");
    EXPECT_EQ(fault({0, 1, static_cast<RecordType>(99), 0, 0}), "unknown record type");
    EXPECT_EQ(fault({0, 1, RecordType::Close, kFirst, 0}), "flags the record type does not have");
    EXPECT_EQ(fault({0, 0, RecordType::Close, 0, 0}), "client 0 in a record that concerns a client");
    EXPECT_EQ(fault({0, 1, RecordType::Ping, 0, 0}), "a client in a record that concerns the link");
}

}  // namespace
}  // namespace marmoset::link
