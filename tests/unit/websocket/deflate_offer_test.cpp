// permessage-deflate offers and answers: RFC 7692 5 and 7.1, the examples of 7.1.3 among them.
#include "websocket/deflate_offer.h"

#include <gtest/gtest.h>

namespace marmoset::websocket {
namespace {

constexpr DeflatePolicy kGenerous{.window_bits = 15, .server_takeover = true, .client_takeover = true};

std::string answer(std::string_view offers, const DeflatePolicy& policy = kGenerous) {
    const auto agreed = accept_deflate_offer(offers, policy);
    return agreed ? deflate_response(*agreed) : "declined";
}

TEST(DeflateOffer, ExamplesOfTheRfc) {
    EXPECT_EQ(answer("permessage-deflate"), "permessage-deflate");
    EXPECT_EQ(answer("permessage-deflate; client_max_window_bits; server_max_window_bits=10"),
              "permessage-deflate; server_max_window_bits=10");
    // The client prefers the first; the second is a fallback for servers that don't know the parameter.
    EXPECT_EQ(answer("permessage-deflate; client_max_window_bits; server_max_window_bits=10, "
                     "permessage-deflate; client_max_window_bits"),
              "permessage-deflate; server_max_window_bits=10");
}

TEST(DeflateOffer, WhatBrowsersSend) {
    EXPECT_EQ(answer("permessage-deflate; client_max_window_bits", DeflatePolicy{}),
              "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    EXPECT_EQ(answer("x-webkit-deflate-frame"), "declined");
    EXPECT_EQ(answer(""), "declined");
}

TEST(DeflateOffer, TheClientMayForbidTakeover) {
    EXPECT_EQ(answer("permessage-deflate; server_no_context_takeover"),
              "permessage-deflate; server_no_context_takeover");
    EXPECT_EQ(answer("permessage-deflate; client_no_context_takeover"),
              "permessage-deflate; client_no_context_takeover");
}

TEST(DeflateOffer, TheSmallerWindowCounts) {
    DeflatePolicy small = kGenerous;
    small.window_bits = 11;
    EXPECT_EQ(answer("permessage-deflate; client_max_window_bits", small),
              "permessage-deflate; server_max_window_bits=11; client_max_window_bits=11");
    EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", small),
              "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10");
    EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=8"),
              "permessage-deflate; server_max_window_bits=8");
}

// RFC 7692 7.1.2.1: it is accepted by naming it in the answer.
TEST(DeflateOffer, AnOfferedServerWindowIsAnswered) {
    EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=15"),
              "permessage-deflate; server_max_window_bits=15");
}

// RFC 7692 7.1.2.2: the answer must not limit a client that has not said it can.
TEST(DeflateOffer, TheClientsWindowIsNotLimitedUnasked) {
    DeflatePolicy small = kGenerous;
    small.window_bits = 9;
    const auto agreed = accept_deflate_offer("permessage-deflate", small);
    ASSERT_TRUE(agreed);
    EXPECT_EQ(agreed->client_window_bits, 15);
    EXPECT_EQ(deflate_response(*agreed), "permessage-deflate; server_max_window_bits=9");
}

TEST(DeflateOffer, QuotedValuesAndSpaces) {
    EXPECT_EQ(answer("permessage-deflate;server_max_window_bits=\"12\""),
              "permessage-deflate; server_max_window_bits=12");
    EXPECT_EQ(answer(" \tpermessage-deflate ; server_max_window_bits = 12 "),
              "permessage-deflate; server_max_window_bits=12");
    EXPECT_EQ(answer("PerMessage-Deflate; Server_No_Context_Takeover"),
              "permessage-deflate; server_no_context_takeover");
}

TEST(DeflateOffer, DeclinesWhatItDoesNotUnderstand) {
    for (const char* offer : {
             "permessage-deflate; unknown",
             "permessage-deflate; server_no_context_takeover=1",
             "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
             "permessage-deflate; client_no_context_takeover=true",
             "permessage-deflate; server_max_window_bits",
             "permessage-deflate; server_max_window_bits=7",
             "permessage-deflate; server_max_window_bits=16",
             "permessage-deflate; server_max_window_bits=08",
             "permessage-deflate; server_max_window_bits=+9",
             "permessage-deflate; server_max_window_bits=",
             "permessage-deflate; server_max_window_bits=\"\"",
             "permessage-deflate; server_max_window_bits=\"10",
             "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
             "permessage-deflate; client_max_window_bits=0",
             "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
             "permessage-deflate; client_max_window_bits=4294967305",
             "permessage-deflate;",
             "permessage-deflate; ; server_no_context_takeover",
             "permessage-deflate; =8",
             "permessage-deflate extra",
             "permessage-bzip2",
         }) {
        EXPECT_EQ(answer(offer), "declined") << offer;
    }
}

TEST(DeflateOffer, TheNextOfferIsTaken) {
    EXPECT_EQ(answer("permessage-deflate; unknown, other, permessage-deflate; server_no_context_takeover"),
              "permessage-deflate; server_no_context_takeover");
    EXPECT_EQ(answer(", ,permessage-deflate"), "permessage-deflate");
}

}  // namespace
}  // namespace marmoset::websocket
