// Who is believed to be the client behind proxies: RFC 7239's examples, X-Forwarded-For as it is written, and
// what clients may try.
#include "http/forwarding.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace marmoset::http {
namespace {

using Fields = std::vector<Header>;

/// The client of a request with these fields whose peer is `peer`; "refused" if they are malformed. The
/// proxies are those of 10.0.0.0/8 and fd00::/8. Behind it "s" if it is secure.
std::string client_of(Forwarding::Field field, const Fields& fields, bool encrypted = false,
                      std::string_view peer = "10.0.0.1") {
    Forwarding forwarding;
    const std::vector<std::string> proxies = {"10.0.0.0/8, fd00::/8"};
    forwarding.proxies = net::AddressSet::parse(proxies).take();
    forwarding.field = field;
    Request request;
    request.headers = fields;
    Client client{*net::Address::parse(peer, 1000), encrypted};
    if (!find_client(forwarding, request, client)) return "refused";
    return client.address.text() + (client.secure ? " s" : "");
}

std::string x_forwarded_for(std::string_view value, const Fields& others = {}) {
    Fields fields = {{"X-Forwarded-For", value}};
    fields.insert(fields.end(), others.begin(), others.end());
    return client_of(Forwarding::Field::XForwardedFor, fields);
}

std::string forwarded(std::string_view value, bool encrypted = false) {
    return client_of(Forwarding::Field::Forwarded, {{"Forwarded", value}}, encrypted);
}

TEST(XForwardedForTest, TheLastThatIsNoProxy) {
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for("203.0.113.9"));
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for("203.0.113.9, 10.0.0.2"));
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for("203.0.113.9,10.0.0.2 ,\t10.1.2.3"));
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for("203.0.113.9, fd00::1, 10.0.0.2"));
    EXPECT_EQ("[2001:db8::1]:0", x_forwarded_for("2001:db8::1"));
    EXPECT_EQ("[2001:db8::1]:4711", x_forwarded_for("[2001:db8::1]:4711"));
    EXPECT_EQ("203.0.113.9:4711", x_forwarded_for("203.0.113.9:4711"));
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for(", ,203.0.113.9,,"));
    // Proxies alone: the first of them has sent it.
    EXPECT_EQ("10.0.0.3:0", x_forwarded_for("10.0.0.3, 10.0.0.2"));
    EXPECT_EQ("10.0.0.1:1000", x_forwarded_for(""));
    EXPECT_EQ("10.0.0.1:1000", client_of(Forwarding::Field::XForwardedFor, {}));
}

TEST(XForwardedForTest, WhatAClientWroteDoesNotCount) {
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for("10.0.0.7, 203.0.113.9"));
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for("127.0.0.1, 203.0.113.9, 10.0.0.2"));
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for("nonsense \x01 \"(), 203.0.113.9"));
    EXPECT_EQ("203.0.113.9:0", x_forwarded_for("10.0.0.7, 203.0.113.9", {{"Forwarded", "for=10.0.0.9"}}));
    // Its own field stands before the proxy's.
    EXPECT_EQ("203.0.113.9:0",
              client_of(Forwarding::Field::XForwardedFor,
                        {{"X-Forwarded-For", "10.0.0.7"}, {"x-forwarded-for", "203.0.113.9"}}));
    EXPECT_EQ("203.0.113.9:0",
              client_of(Forwarding::Field::XForwardedFor,
                        {{"X-Forwarded-For", "203.0.113.9"}, {"X-FORWARDED-FOR", "10.0.0.2, 10.0.0.3"}}));
}

TEST(XForwardedForTest, WhoIsUnknownIsNobody) {
    EXPECT_EQ("-", x_forwarded_for("203.0.113.9, unknown"));
    EXPECT_EQ("-", x_forwarded_for("203.0.113.9, Unknown, 10.0.0.2"));
    EXPECT_EQ("-", x_forwarded_for("_hidden"));
}

TEST(XForwardedForTest, WhatAProxyDoesNotWriteIsRefused) {
    for (const char* value : {"x", "203.0.113.9.1", "203.0.113.9:", "203.0.113.9:x", "203.0.113.9:65536",
                              "[::1", "[::1]:", "[::1]x", "[203.0.113.9]", "::1::", "203.0.113.9 10.0.0.2",
                              "\"203.0.113.9\"", "x, 10.0.0.2", "_", "localhost", "_a b"}) {
        EXPECT_EQ("refused", x_forwarded_for(value)) << value;
        EXPECT_EQ("203.0.113.9:0", x_forwarded_for(std::string(value) + ", 203.0.113.9")) << value;
    }
}

TEST(XForwardedForTest, SchemesOfTheSameHop) {
    const auto proto = [](std::string_view addresses, std::string_view protos, bool encrypted = false) {
        return client_of(Forwarding::Field::XForwardedFor,
                         {{"X-Forwarded-For", addresses}, {"X-Forwarded-Proto", protos}}, encrypted);
    };
    EXPECT_EQ("203.0.113.9:0 s", proto("203.0.113.9", "https"));
    EXPECT_EQ("203.0.113.9:0 s", proto("203.0.113.9", "WSS"));
    EXPECT_EQ("203.0.113.9:0", proto("203.0.113.9", "http"));
    EXPECT_EQ("203.0.113.9:0", proto("203.0.113.9", "http", true));  // https from the proxy to us
    EXPECT_EQ("203.0.113.9:0 s", proto("203.0.113.9", "", true));
    EXPECT_EQ("203.0.113.9:0", proto("203.0.113.9", "httpsx"));
    EXPECT_EQ("203.0.113.9:0", proto("203.0.113.9", "https, http"));  // the first is the client's invention
    EXPECT_EQ("203.0.113.9:0 s", proto("203.0.113.9, 10.0.0.2", "https, http"));
    EXPECT_EQ("203.0.113.9:0 s", proto("203.0.113.9, 10.0.0.2", "https"));
    EXPECT_EQ("203.0.113.9:0", proto("203.0.113.9, 10.0.0.2", "https, http, https"));
    EXPECT_EQ("10.0.0.1:1000 s", proto("", "https"));
}

// RFC 7239 4, 6 and 7.1
TEST(ForwardedTest, ExamplesOfTheRfc) {
    EXPECT_EQ("-", forwarded("for=\"_gazonk\""));
    EXPECT_EQ("[2001:db8:cafe::17]:4711", forwarded("For=\"[2001:db8:cafe::17]:4711\""));
    EXPECT_EQ("192.0.2.60:0", forwarded("for=192.0.2.60;proto=http;by=203.0.113.43", true));
    EXPECT_EQ("198.51.100.17:0", forwarded("for=192.0.2.43, for=198.51.100.17"));
    EXPECT_EQ("192.0.2.43:47011", forwarded("for=\"192.0.2.43:47011\""));
    EXPECT_EQ("[2001:db8:cafe::17]:0", forwarded("for=\"[2001:db8:cafe::17]\""));
    EXPECT_EQ("-", forwarded("for=_hidden, for=_SEVKISEK"));
    EXPECT_EQ("-", forwarded("for=unknown"));
    EXPECT_EQ("198.51.100.17:0",
              forwarded("for=192.0.2.43,for=198.51.100.17;by=203.0.113.60;proto=http;host=example.com"));
    EXPECT_EQ("[2001:db8:cafe::17]:0", forwarded("for=192.0.2.43, for=\"[2001:db8:cafe::17]\""));
    const Fields apart = {{"Forwarded", "for=192.0.2.43"}, {"Forwarded", "for=10.0.0.7"}};
    EXPECT_EQ("192.0.2.43:0", client_of(Forwarding::Field::Forwarded, apart));
    EXPECT_EQ("192.0.2.43:0 s",
              forwarded("for=192.0.2.43;proto=https, for=10.0.0.7;by=10.0.0.8;proto=http;host=x"));
}

TEST(ForwardedTest, FormsThatProxiesWrite) {
    EXPECT_EQ("192.0.2.43:0 s", forwarded("by=_a;FOR=192.0.2.43;Proto=HTTPS"));
    EXPECT_EQ("192.0.2.43:8080", forwarded("for=192.0.2.43:8080"));
    EXPECT_EQ("[::1]:80", forwarded("for=[::1]:80"));
    EXPECT_EQ("[2001:db8::1]:0", forwarded("for=\"2001:db8::1\""));
    EXPECT_EQ("192.0.2.43:0", forwarded("for=\"192.0.2.43:_port\""));
    EXPECT_EQ("192.0.2.43:0", forwarded(",, for=192.0.2.43; host=\"a,b;for=10.0.0.9\";;  ,"));
    EXPECT_EQ("192.0.2.43:0", forwarded("for=\"192.0.2.\\43\""));
    EXPECT_EQ("-", forwarded("for=192.0.2.43, proto=http"));  // the proxy before us does not say
    EXPECT_EQ("10.0.0.1:1000", forwarded(""));
    EXPECT_EQ("10.0.0.1:1000 s", forwarded("", true));
}

TEST(ForwardedTest, WhatAClientWroteDoesNotCount) {
    EXPECT_EQ("203.0.113.9:0", forwarded("for=10.0.0.7;proto=https, for=203.0.113.9;proto=http"));
    EXPECT_EQ("203.0.113.9:0", client_of(Forwarding::Field::Forwarded, {{"X-Forwarded-For", "10.0.0.7"},
                                                                        {"Forwarded", "for=203.0.113.9"}}));
    EXPECT_EQ("203.0.113.9:0", client_of(Forwarding::Field::Forwarded,
                                         {{"Forwarded", "for=\"open"}, {"Forwarded", "for=203.0.113.9"}}));
    // An open quote of the client's would swallow what the proxy has added: nobody is believed then.
    EXPECT_EQ("refused", forwarded("for=\"10.0.0.7, for=203.0.113.9"));
    EXPECT_EQ("refused", forwarded("for=10.0.0.7;host=\"x, for=203.0.113.9"));
    EXPECT_EQ("refused", forwarded("for=10.0.0.7;host=\"x\\\", for=203.0.113.9"));
}

TEST(ForwardedTest, AFieldHasALimit) {
    std::string value = "for=203.0.113.9";
    for (int i = 0; i < 127; ++i)
        value += ",for=10.0.0.2";
    EXPECT_EQ("203.0.113.9:0", forwarded(value));
    EXPECT_EQ("refused", forwarded(value + ",for=10.0.0.2"));
}

TEST(ForwardedTest, MalformedFieldsAreRefused) {
    for (const char* value :
         {"for", "for=", "=x", "for=\"\"", "for=x", "for=192.0.2.43 proto=http", "for=192.0.2.43 x",
          "for=192.0.2.43;for=192.0.2.44", "proto=http;for=192.0.2.43;proto=https", "for=\"[::1\"",
          "for=192.0.2.43:99999", "for=\"192.0.2.43\"x", "(for=1.2.3.4)", "for =1.2.3.4", "for= 1.2.3.4",
          "for=10.0.0.2, x", "for=x, for=10.0.0.2"}) {
        EXPECT_EQ("refused", forwarded(value)) << value;
    }
}

}  // namespace
}  // namespace marmoset::http
