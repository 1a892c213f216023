// Which frame may follow which: RFC 6455 5 and RFC 7692 6, frame by frame.
#include "websocket/frame_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace marmoset::websocket {
namespace {

using Verdict = FrameRules::Verdict;

constexpr FrameRules::Limits kLimits{1000, 4, false};
constexpr FrameRules::Limits kCompressed{1000, 4, true};

/// A frame of a client.
FrameHeader frame(unsigned opcode, bool fin = true, uint64_t length = 1, uint8_t rsv = 0) {
    FrameHeader header;
    header.opcode = static_cast<uint8_t>(opcode);
    header.fin = fin;
    header.length = length;
    header.rsv = rsv;
    header.masked = true;
    return header;
}

/// The verdicts on frames one behind the other; the payload of each has come before the next.
std::vector<Verdict> judge(const std::vector<FrameHeader>& frames, const FrameRules::Limits& limits = kLimits,
                           bool discarding = false) {
    FrameRules rules;
    std::vector<Verdict> verdicts;
    for (const FrameHeader& header : frames) {
        verdicts.push_back(rules.check(header, Role::Client, limits, discarding));
        if (header.fin && header.opcode < 8) rules.end_message();
    }
    return verdicts;
}

Verdict last(const std::vector<FrameHeader>& frames, const FrameRules::Limits& limits = kLimits,
             bool discarding = false) {
    const auto verdicts = judge(frames, limits, discarding);
    for (size_t i = 0; i + 1 < verdicts.size(); ++i)
        EXPECT_EQ(verdicts[i], Verdict::Accept) << "frame " << i;
    return verdicts.back();
}

TEST(FrameRules, AClientMasksAndAServerDoesNot) {
    for (const Role sender : {Role::Client, Role::Server}) {
        for (const bool masked : {false, true}) {
            FrameRules rules;
            FrameHeader header = frame(1);
            header.masked = masked;
            EXPECT_EQ(rules.check(header, sender, kLimits) == Verdict::Accept,
                      masked == (sender == Role::Client));
        }
    }
}

TEST(FrameRules, SixOpcodesAreKnown) {
    for (unsigned opcode = 0; opcode < 16; ++opcode) {
        const bool known = opcode == 1 || opcode == 2 || opcode == 8 || opcode == 9 || opcode == 10;
        EXPECT_EQ(last({frame(opcode)}) == Verdict::Accept, known) << opcode;
        EXPECT_EQ(last({frame(1, false), frame(opcode)}) == Verdict::Accept,
                  opcode == 0 || (known && opcode >= 8))
            << opcode << " inside a message";
    }
}

TEST(FrameRules, ReservedBitsAreZeroWithoutAnExtension) {
    for (uint8_t rsv = 1; rsv < 8; ++rsv) {
        for (const unsigned opcode : {1, 2, 8, 9, 10}) {
            EXPECT_EQ(last({frame(opcode, true, 1, rsv)}), Verdict::ProtocolError);
            const bool marks_compression = rsv == kRsvCompressed && opcode < 8;
            EXPECT_EQ(last({frame(opcode, true, 1, rsv)}, kCompressed) == Verdict::Accept, marks_compression);
        }
        EXPECT_EQ(last({frame(2, false), frame(0, true, 1, rsv)}, kCompressed), Verdict::ProtocolError);
    }
}

TEST(FrameRules, ControlFramesAreShortAndWhole) {
    for (const unsigned opcode : {8, 9, 10}) {
        EXPECT_EQ(last({frame(opcode, true, 125)}), Verdict::Accept);
        EXPECT_EQ(last({frame(opcode, true, 126)}), Verdict::ProtocolError);
        EXPECT_EQ(last({frame(opcode, false, 1)}), Verdict::ProtocolError);
    }
}

TEST(FrameRules, ContinuationsContinueAndNothingElseDoes) {
    EXPECT_EQ(last({frame(1, false), frame(0, false), frame(9), frame(0, true)}), Verdict::Accept);
    EXPECT_EQ(last({frame(0)}), Verdict::ProtocolError);
    EXPECT_EQ(last({frame(1), frame(0)}), Verdict::ProtocolError);
    EXPECT_EQ(last({frame(1, false), frame(0, true), frame(0, true)}), Verdict::ProtocolError);
    for (const unsigned opcode : {1, 2})
        EXPECT_EQ(last({frame(1, false), frame(0, false), frame(opcode)}), Verdict::ProtocolError);
}

TEST(FrameRules, WhatItRemembersOfAMessage) {
    FrameRules rules;
    EXPECT_EQ(rules.message_opcode(), Opcode::Continuation);
    rules.check(frame(2, false, 10, kRsvCompressed), Role::Client, kCompressed);
    rules.check(frame(9, true, 100), Role::Client, kCompressed);
    rules.check(frame(0, true, 5), Role::Client, kCompressed);
    EXPECT_EQ(rules.message_opcode(), Opcode::Binary);
    EXPECT_EQ(rules.message_size(), 15u);
    EXPECT_TRUE(rules.compressed());
    rules.end_message();
    EXPECT_EQ(rules.message_opcode(), Opcode::Continuation);
    rules.check(frame(1, true, 7), Role::Client, kCompressed);
    EXPECT_EQ(rules.message_size(), 7u);
    EXPECT_FALSE(rules.compressed());
}

TEST(FrameRules, AMessageIsAsLongAsAllowed) {
    EXPECT_EQ(last({frame(2, true, 1000)}), Verdict::Accept);
    EXPECT_EQ(last({frame(2, true, 1001)}), Verdict::TooBig);
    EXPECT_EQ(last({frame(2, false, 999), frame(0, true, 1)}), Verdict::Accept);
    EXPECT_EQ(last({frame(2, false, 999), frame(0, true, 2)}), Verdict::TooBig);
    EXPECT_EQ(last({frame(2, false, 1), frame(0, true, UINT64_MAX)}), Verdict::TooBig) << "the sum wraps";
    EXPECT_EQ(last({frame(2, true, 1000), frame(2, true, 1000)}), Verdict::Accept) << "each of its own";
    EXPECT_EQ(last({frame(2, false, 1000), frame(9, true, 125), frame(0, true, 0)}), Verdict::Accept);
}

// What does not compress grows a little; without compression it does not.
TEST(FrameRules, CompressedOnesMayBeALittleLonger) {
    EXPECT_EQ(last({frame(2, true, 1000 + 1000 / 16 + 64, kRsvCompressed)}, kCompressed), Verdict::Accept);
    EXPECT_EQ(last({frame(2, true, 1000 + 1000 / 16 + 65, kRsvCompressed)}, kCompressed), Verdict::TooBig);
    EXPECT_EQ(last({frame(2, true, 1001)}, kCompressed), Verdict::TooBig);
}

TEST(FrameRules, FragmentsAreCounted) {
    const FrameHeader first = frame(1, false, 0), more = frame(0, false, 0), end = frame(0, true, 0);
    EXPECT_EQ(last({first, more, more, end}), Verdict::Accept);
    EXPECT_EQ(last({first, more, more, more, end}), Verdict::TooManyFragments);
    EXPECT_EQ(last({first, more, frame(9), frame(9), more, end}), Verdict::Accept) << "pings are none";
    EXPECT_EQ(last({first, more, more, end, first, more, more, end}), Verdict::Accept) << "each message anew";
}

TEST(FrameRules, BehindOurCloseFrameOnlyTheFormCounts) {
    EXPECT_EQ(last({frame(2, true, 5000)}, kLimits, true), Verdict::Accept);
    const FrameHeader more = frame(0, false, 1);
    EXPECT_EQ(last({frame(1, false), more, more, more, more, more}, kLimits, true), Verdict::Accept);
    EXPECT_EQ(last({frame(0)}, kLimits, true), Verdict::ProtocolError);
    EXPECT_EQ(last({frame(3)}, kLimits, true), Verdict::ProtocolError);
    EXPECT_EQ(last({frame(1, true, 1, 4)}, kLimits, true), Verdict::ProtocolError);
}

}  // namespace
}  // namespace marmoset::websocket
