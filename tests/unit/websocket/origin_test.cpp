// The Origin policy: who may connect from which page, and the tricks to look like somebody else.
#include <gtest/gtest.h>

#include "websocket/handshake.h"

namespace marmoset::websocket {
namespace {

bool same(std::string_view origin, std::string_view host, bool tls = false) {
    return origin_permitted("same", origin, host, tls);
}

bool listed(std::string_view policy, std::string_view origin) {
    return origin_permitted(policy, origin, "gateway.example", false);
}

TEST(OriginPolicy, NoOriginIsNoBrowser) {
    for (std::string_view policy : {"same", "*", "https://example.org", ""}) {
        EXPECT_TRUE(origin_permitted(policy, "", "example.org", false)) << policy;
    }
}

TEST(OriginPolicy, SameComparesHostAndPort) {
    EXPECT_TRUE(same("http://example.org", "example.org"));
    EXPECT_TRUE(same("http://Example.ORG", "eXample.org"));
    EXPECT_TRUE(same("http://example.org:8080", "example.org:8080"));
    EXPECT_FALSE(same("http://example.org", "example.com"));
    EXPECT_FALSE(same("http://example.org:8080", "example.org:8081"));
    EXPECT_FALSE(same("http://example.org:8080", "example.org"));
    EXPECT_FALSE(same("http://example.org", "example.org:8080"));
    EXPECT_FALSE(same("http://www.example.org", "example.org"));
    EXPECT_FALSE(same("http://example.org.", "example.org"));
    EXPECT_FALSE(same("http://example.org", ""));
    EXPECT_FALSE(same("http://example.org", "bad host"));
}

TEST(OriginPolicy, SameFillsInDefaultPorts) {
    EXPECT_TRUE(same("http://example.org:80", "example.org"));
    EXPECT_TRUE(same("http://example.org", "example.org:80"));
    EXPECT_TRUE(same("http://example.org", "example.org:"));
    EXPECT_TRUE(same("https://example.org", "example.org", true));
    EXPECT_TRUE(same("https://example.org:443", "example.org", true));
    EXPECT_TRUE(same("https://example.org", "example.org:443", true));
    EXPECT_TRUE(same("https://example.org", "example.org:443", false));
    EXPECT_TRUE(same("HTTPS://example.org", "example.org", true));
    EXPECT_FALSE(same("https://example.org", "example.org", false));
    EXPECT_FALSE(same("http://example.org", "example.org", true));
    EXPECT_FALSE(same("http://example.org:8443", "example.org:8443", true));
    EXPECT_TRUE(same("https://example.org:8443", "example.org:8443", true));
    EXPECT_TRUE(same("https://example.org:8443", "example.org:8443", false));
    EXPECT_FALSE(same("ftp://example.org:80", "example.org"));
    EXPECT_FALSE(same("chrome-extension://example.org", "example.org"));
}

TEST(OriginPolicy, SameComparesAddresses) {
    EXPECT_TRUE(same("http://127.0.0.1:8080", "127.0.0.1:8080"));
    EXPECT_TRUE(same("http://[::1]:8080", "[::1]:8080"));
    EXPECT_TRUE(same("http://[2001:db8::1]", "[2001:DB8:0::1]"));
    EXPECT_FALSE(same("http://[::1]:8080", "[::2]:8080"));
    EXPECT_FALSE(same("http://[::1]", "localhost"));
    EXPECT_FALSE(same("http://::1", "[::1]"));
}

TEST(OriginPolicy, StarTakesAnything) {
    for (std::string_view origin : {"https://example.org", "null", "file://", "no origin at all"}) {
        EXPECT_TRUE(listed("*", origin)) << origin;
        EXPECT_TRUE(listed("https://a.example, *", origin)) << origin;
    }
}

TEST(OriginPolicy, NullMustBeListed) {
    EXPECT_FALSE(listed("same", "null"));
    EXPECT_FALSE(listed("", "null"));
    EXPECT_FALSE(listed("https://example.org", "null"));
    EXPECT_FALSE(listed("nullx, xnull", "null"));
    EXPECT_TRUE(listed("null", "null"));
    EXPECT_TRUE(listed("https://example.org, null", "null"));
    EXPECT_FALSE(origin_permitted("same", "null", "null", false));
    // "null" in a list is that origin, not a host of this name.
    EXPECT_FALSE(listed("null", "http://null"));
}

TEST(OriginPolicy, ListsFullOrigins) {
    constexpr std::string_view kPolicy = "https://example.org:8443 ,http://other.example,https://[::1]:9000";
    EXPECT_TRUE(listed(kPolicy, "https://example.org:8443"));
    EXPECT_TRUE(listed(kPolicy, "https://EXAMPLE.org:8443"));
    EXPECT_TRUE(listed(kPolicy, "http://other.example"));
    EXPECT_TRUE(listed(kPolicy, "http://other.example:80"));
    EXPECT_TRUE(listed(kPolicy, "https://[0::1]:9000"));
    EXPECT_FALSE(listed(kPolicy, "http://example.org:8443"));
    EXPECT_FALSE(listed(kPolicy, "https://example.org"));
    EXPECT_FALSE(listed(kPolicy, "https://other.example"));
    EXPECT_FALSE(listed(kPolicy, "http://other.example:8080"));
    EXPECT_FALSE(listed(kPolicy, "https://[::1]"));
    EXPECT_FALSE(listed("", "http://other.example"));
    EXPECT_TRUE(listed("capacitor://localhost", "capacitor://localhost"));
    EXPECT_FALSE(listed("capacitor://localhost", "ionic://localhost"));
}

TEST(OriginPolicy, ListsHosts) {
    EXPECT_TRUE(listed("example.org", "https://example.org"));
    EXPECT_TRUE(listed("example.org", "http://example.org:8080"));
    EXPECT_TRUE(listed("a.example, example.org", "http://example.org"));
    EXPECT_TRUE(listed("example.org:8080", "http://example.org:8080"));
    EXPECT_TRUE(listed("example.org:443", "https://example.org"));
    EXPECT_TRUE(listed("[::1]", "http://[::1]:5000"));
    EXPECT_FALSE(listed("example.org:8080", "http://example.org"));
    EXPECT_FALSE(listed("example.org", "http://www.example.org"));
    EXPECT_FALSE(listed("example.org", "http://example.org.evil.example"));
    EXPECT_FALSE(listed("example.org", "http://evilexample.org"));
}

TEST(OriginPolicy, SameMayStandInAList) {
    EXPECT_TRUE(origin_permitted("same, other.example", "http://example.org", "example.org", false));
    EXPECT_TRUE(origin_permitted("same, other.example", "http://other.example", "example.org", false));
    EXPECT_FALSE(origin_permitted("same, other.example", "http://third.example", "example.org", false));
    EXPECT_FALSE(origin_permitted("same", "http://same", "example.org", false));
}

TEST(OriginPolicy, WildcardsTakeNamesBelowADomain) {
    EXPECT_TRUE(listed("*.example.org", "https://www.example.org"));
    EXPECT_TRUE(listed("*.example.org", "http://a.b.Example.org:8080"));
    EXPECT_TRUE(listed("https://*.example.org", "https://www.example.org"));
    EXPECT_TRUE(listed("*.example.org:8080", "http://www.example.org:8080"));
    EXPECT_FALSE(listed("*.example.org", "https://example.org"));
    EXPECT_FALSE(listed("*.example.org", "https://evilexample.org"));
    EXPECT_FALSE(listed("*.example.org", "https://.example.org"));
    EXPECT_FALSE(listed("*.example.org", "https://www.example.org.evil.example"));
    EXPECT_FALSE(listed("https://*.example.org", "http://www.example.org"));
    EXPECT_FALSE(listed("https://*.example.org", "https://www.example.org:8443"));
    EXPECT_FALSE(listed("*.example.org:8080", "http://www.example.org"));
    EXPECT_FALSE(listed("w*.example.org", "http://www.example.org"));
}

TEST(OriginPolicy, RefusesWhatIsNoOrigin) {
    for (std::string_view origin : {"https://good.example@evil.example",
                                    "https://good.example:443@evil.example",
                                    "https://user@good.example",
                                    "https://good.example/",
                                    "https://good.example/path",
                                    "https://good.example?x",
                                    "https://good.example#x",
                                    "https://good.example\\@evil.example",
                                    "https://evil.example/good.example",
                                    "https://good.example:",
                                    "https://good.example:x",
                                    "https://good.example:70000",
                                    "https:///good.example",
                                    "https:good.example",
                                    "https//good.example",
                                    "good.example",
                                    "://good.example",
                                    "1https://good.example",
                                    "ht tps://good.example",
                                    "https://",
                                    "https://good.example https://evil.example",
                                    "https://good.example, https://evil.example",
                                    "https://good.example\t",
                                    " https://good.example",
                                    "https://good.example%00.evil.example",
                                    "NULL",
                                    "file://",
                                    "https://[::1",
                                    "https://[good.example]",
                                    "javascript://good.example/%0aalert(1)"}) {
        EXPECT_FALSE(listed("good.example, https://good.example, *.good.example", origin)) << origin;
        EXPECT_FALSE(origin_permitted("same", origin, "good.example", true)) << origin;
    }
}

TEST(OriginPolicy, MalformedListElementsMatchNothing) {
    for (std::string_view policy :
         {"https://", "https://good.example/", "good.example/", "@", "://good.example", "*."}) {
        EXPECT_FALSE(listed(policy, "https://good.example")) << policy;
    }
}

}  // namespace
}  // namespace marmoset::websocket
