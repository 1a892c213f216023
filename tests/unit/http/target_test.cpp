// Request targets in their four forms; paths decoded once and never out of the root.
#include "http/target.h"

#include <gtest/gtest.h>

namespace marmoset::http {
namespace {

std::string decoded(std::string_view raw) {
    std::string out = "left over from the last request, and quite long";
    const unsigned status = decode_path(raw, out);
    return status == 0 ? out : std::to_string(status);
}

unsigned status_of(std::string_view target, std::string_view method = "GET") {
    Target out;
    return parse_target(target, method, out);
}

TEST(Target, SplitsOriginForm) {  // RFC 9112 3.2.1
    Target target;
    target.authority = "left over";
    ASSERT_EQ(parse_target("/where?q=now", "GET", target), 0u);
    EXPECT_EQ(target.form, TargetForm::Origin);
    EXPECT_EQ(target.raw_path, "/where");
    EXPECT_EQ(target.query, "q=now");
    EXPECT_TRUE(target.has_query);
    EXPECT_EQ(target.authority, "");

    ASSERT_EQ(parse_target("/", "GET", target), 0u);
    EXPECT_EQ(target.raw_path, "/");
    EXPECT_FALSE(target.has_query);
    EXPECT_EQ(target.query, "");

    ASSERT_EQ(parse_target("/a?", "GET", target), 0u);
    EXPECT_EQ(target.raw_path, "/a");
    EXPECT_TRUE(target.has_query);
    EXPECT_EQ(target.query, "");

    ASSERT_EQ(parse_target("/a?b?c=/d", "GET", target), 0u);
    EXPECT_EQ(target.raw_path, "/a");
    EXPECT_EQ(target.query, "b?c=/d");

    ASSERT_EQ(parse_target("//evil.example/x", "GET", target), 0u);  // a path, not an authority
    EXPECT_EQ(target.form, TargetForm::Origin);
    EXPECT_EQ(target.raw_path, "//evil.example/x");

    ASSERT_EQ(parse_target("/http://a/", "GET", target), 0u);
    EXPECT_EQ(target.form, TargetForm::Origin);
}

TEST(Target, SplitsAbsoluteForm) {  // RFC 9112 3.2.2
    Target target;
    ASSERT_EQ(parse_target("http://www.example.org/pub/WWW/TheProject.html", "GET", target), 0u);
    EXPECT_EQ(target.form, TargetForm::Absolute);
    EXPECT_EQ(target.authority, "www.example.org");
    EXPECT_EQ(target.raw_path, "/pub/WWW/TheProject.html");
    EXPECT_FALSE(target.has_query);

    ASSERT_EQ(parse_target("HTTPS://[::1]:8443?a=b/c", "GET", target), 0u);
    EXPECT_EQ(target.authority, "[::1]:8443");
    EXPECT_EQ(target.raw_path, "/");
    EXPECT_EQ(target.query, "a=b/c");

    ASSERT_EQ(parse_target("http://a", "GET", target), 0u);
    EXPECT_EQ(target.raw_path, "/");
    EXPECT_FALSE(target.has_query);

    for (std::string_view bad :
         {"http://", "http:///a", "http://:80/", "http://user@a/", "http://a b/", "http:/a", "http:a",
          "ftp://a/", "://a/", "http//a", "http://a:x/", "http://a:99999/", "http"}) {
        EXPECT_EQ(status_of(bad), 400u) << bad;
    }
}

TEST(Target, TakesAuthorityFormForConnectOnly) {  // RFC 9112 3.2.3
    Target target;
    ASSERT_EQ(parse_target("www.example.com:80", "CONNECT", target), 0u);
    EXPECT_EQ(target.form, TargetForm::Authority);
    EXPECT_EQ(target.authority, "www.example.com:80");
    EXPECT_EQ(target.raw_path, "");
    EXPECT_EQ(status_of("www.example.com:80", "GET"), 400u);
    EXPECT_EQ(status_of("www.example.com:80", "connect"), 400u);
    for (std::string_view bad :
         {"www.example.com", "www.example.com:", "/", "*", "http://a/", "u@a:80", ":80"}) {
        EXPECT_EQ(status_of(bad, "CONNECT"), 400u) << bad;
    }
}

TEST(Target, TakesAsteriskFormForOptionsOnly) {  // RFC 9112 3.2.4
    Target target;
    ASSERT_EQ(parse_target("*", "OPTIONS", target), 0u);
    EXPECT_EQ(target.form, TargetForm::Asterisk);
    EXPECT_EQ(target.raw_path, "*");
    EXPECT_EQ(target.authority, "");
    EXPECT_EQ(status_of("*", "GET"), 400u);
    EXPECT_EQ(status_of("**", "OPTIONS"), 400u);
    EXPECT_EQ(status_of("*?a", "OPTIONS"), 400u);

    ASSERT_EQ(parse_target("http://www.example.org:8001", "OPTIONS", target), 0u);
    EXPECT_EQ(target.form, TargetForm::Asterisk);
    EXPECT_EQ(target.authority, "www.example.org:8001");
    EXPECT_EQ(target.raw_path, "*");
    ASSERT_EQ(parse_target("http://www.example.org/", "OPTIONS", target), 0u);
    EXPECT_EQ(target.form, TargetForm::Absolute);
    ASSERT_EQ(parse_target("http://www.example.org?", "OPTIONS", target), 0u);
    EXPECT_EQ(target.form, TargetForm::Absolute);
}

TEST(Target, RefusesBytesThatNoTargetHas) {
    EXPECT_EQ(status_of(""), 400u);
    for (int c = 0; c < 256; ++c) {
        const std::string path = std::string("/a") + static_cast<char>(c) + "b";
        const std::string query = std::string("/?") + static_cast<char>(c);
        const bool legal = c > ' ' && c < 0x7f && c != '#' && c != '%';
        EXPECT_EQ(status_of(path), legal ? 0u : 400u) << c;
        EXPECT_EQ(status_of(query), legal || c == '%' ? 0u : 400u) << c;
    }
}

TEST(Target, RefusesMalformedEscapes) {
    for (std::string_view bad : {"/%", "/%2", "/%zz", "/%2g", "/%g2", "/%%20", "/%u0041", "/% 1"}) {
        EXPECT_EQ(status_of(bad), 400u) << bad;
    }
    EXPECT_EQ(status_of("/%41?%42"), 0u);
    EXPECT_EQ(status_of("relative/path"), 400u);
    EXPECT_EQ(status_of("?a"), 400u);
}

TEST(DecodePath, DecodesOnce) {
    EXPECT_EQ(decoded("/"), "/");
    EXPECT_EQ(decoded("/index.html"), "/index.html");
    EXPECT_EQ(decoded("/a%20b/%41%7e%c3%a4%C3%A4"), "/a b/A~\xc3\xa4\xc3\xa4");
    EXPECT_EQ(decoded("/a+b"), "/a+b");  // a plus is a space in forms only
    EXPECT_EQ(decoded("/%252e%252e/x"), "/%2e%2e/x");
    EXPECT_EQ(decoded("/%25"), "/%");
    EXPECT_EQ(decoded("/%252f"), "/%2f");
    EXPECT_EQ(decoded("/%3f%23"), "/?#");
}

TEST(DecodePath, RemovesDotSegments) {  // RFC 3986 5.2.4
    EXPECT_EQ(decoded("/a/b/c/./../../g"), "/a/g");
    EXPECT_EQ(decoded("/."), "/");
    EXPECT_EQ(decoded("/./"), "/");
    EXPECT_EQ(decoded("/./a"), "/a");
    EXPECT_EQ(decoded("/a/."), "/a/");
    EXPECT_EQ(decoded("/a/./"), "/a/");
    EXPECT_EQ(decoded("/a/.."), "/");
    EXPECT_EQ(decoded("/a/../"), "/");
    EXPECT_EQ(decoded("/a/b/.."), "/a/");
    EXPECT_EQ(decoded("/a/b/../"), "/a/");
    EXPECT_EQ(decoded("/a/b/../c"), "/a/c");
    EXPECT_EQ(decoded("/a/../b/../c/.."), "/");
    EXPECT_EQ(decoded("/%2e/a/%2E%2e/b"), "/b");
    EXPECT_EQ(decoded("/a/.%2e/b"), "/b");
    // Names of dots that are none of the two.
    EXPECT_EQ(decoded("/..."), "/...");
    EXPECT_EQ(decoded("/.../x"), "/.../x");
    EXPECT_EQ(decoded("/.htaccess"), "/.htaccess");
    EXPECT_EQ(decoded("/a/..b/.c/d../e."), "/a/..b/.c/d../e.");
    EXPECT_EQ(decoded("/..;/x"), "/..;/x");
}

TEST(DecodePath, CollapsesSlashes) {
    EXPECT_EQ(decoded("//"), "/");
    EXPECT_EQ(decoded("///a//b///"), "/a/b/");
    EXPECT_EQ(decoded("//evil.example/x"), "/evil.example/x");
    EXPECT_EQ(decoded("/a//../b"), "/b");
    EXPECT_EQ(decoded("/a/.//./b"), "/a/b");
}

TEST(DecodePath, NeverLeavesTheRoot) {
    for (std::string_view raw :
         {"/..", "/../", "/../etc/passwd", "/%2e%2e/etc/passwd", "/%2e./x", "/.%2E/x", "/a/../../x",
          "/a/../..", "/./../x", "//../x", "/a//../../x", "/a/%2e%2e/%2e%2e/x", "/a/b/../../../x"}) {
        EXPECT_EQ(decoded(raw), "400") << raw;
    }
}

TEST(DecodePath, RefusesSeparatorsAndNulInDisguise) {
    for (std::string_view raw : {"/a%2fb", "/a%2Fb", "/..%2f..%2fetc", "/%2e%2e%2fx", "/a%5cb",
                                 "/..%5C..%5cx", "/a%00", "/a%00.html", "/%00", "/a\\b", "/..\\x"}) {
        EXPECT_EQ(decoded(raw), "400") << raw;
    }
    EXPECT_EQ(decoded(std::string_view("/a\0b", 4)), "400");
}

TEST(DecodePath, OverlongFormsStayBytes) {
    // C0 AE is '.' to a sloppy decoder. Here it is two bytes of a strange name, C0 AF no slash.
    EXPECT_EQ(decoded("/%c0%ae%c0%ae/x"), "/\xc0\xae\xc0\xae/x");
    EXPECT_EQ(decoded("/..%c0%af../x"), "/..\xc0\xaf../x");
    EXPECT_EQ(decoded("/%e0%80%ae/x"), "/\xe0\x80\xae/x");
}

TEST(DecodePath, RefusesWhatIsNoPath) {
    for (std::string_view raw : {"", "*", "a", "a/b", "..", "/%", "/%4", "/%4x", "/a/%"}) {
        EXPECT_EQ(decoded(raw), "400") << raw;
    }
}

/// The result of every path of these pieces is clean: rooted, no empty, "." or ".." segment.
TEST(DecodePath, WhatItGivesIsAlwaysClean) {
    const std::string_view pieces[] = {"/", ".", "..", "a", "%2e", "%41"};
    size_t accepted = 0;
    for (unsigned combination = 0; combination < 6 * 6 * 6 * 6 * 6 * 6; ++combination) {
        std::string raw = "/";
        for (unsigned i = 0, rest = combination; i < 6; ++i, rest /= 6)
            raw += pieces[rest % 6];
        std::string out;
        if (decode_path(raw, out) != 0) continue;
        ++accepted;
        ASSERT_TRUE(out.starts_with('/')) << raw;
        ASSERT_EQ(out.find("//"), std::string::npos) << raw << " -> " << out;
        const std::string closed = out + "/";
        ASSERT_EQ(closed.find("/./"), std::string::npos) << raw << " -> " << out;
        ASSERT_EQ(closed.find("/../"), std::string::npos) << raw << " -> " << out;
        ASSERT_EQ(decoded(out), out) << raw;  // nothing is left to clean
    }
    EXPECT_GT(accepted, 10000u);
}

TEST(DecodeComponent, DecodesQueriesAndForms) {
    std::string out = "left over";
    EXPECT_TRUE(decode_component("", out));
    EXPECT_EQ(out, "");
    EXPECT_TRUE(decode_component("a+b%20c%2Bd%2f%00", out));
    EXPECT_EQ(out, std::string("a b c+d/\0", 9));
    EXPECT_TRUE(decode_component("%2541", out));
    EXPECT_EQ(out, "%41");
    for (std::string_view bad : {"%", "a%2", "%zz", "%%41"})
        EXPECT_FALSE(decode_component(bad, out)) << bad;
}

TEST(ValidHost, TakesHostsAndPorts) {
    for (std::string_view host : {"example.org", "example.org:8080", "example.org:", "127.0.0.1", "[::1]",
                                  "[::1]:80", "a_b", "xn--bcher-kva.example"}) {
        EXPECT_TRUE(is_valid_host(host)) << host;
    }
    for (std::string_view host :
         {"", ":80", "user@a", "a b", "a/b", "::1", "[::1", "a:b", "a:70000", "a,b c", "a\tb"}) {
        EXPECT_FALSE(is_valid_host(host)) << host;
    }
}

}  // namespace
}  // namespace marmoset::http
