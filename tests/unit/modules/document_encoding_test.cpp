// RFC 9110 12.5.3: Accept-Encoding against the encodings there are; content types; redirects to folders.

#include "modules/document/encoding.h"

#include <gtest/gtest.h>

#include "modules/document/location.h"
#include "modules/document/mime.h"

namespace marmoset::document {
namespace {

constexpr EncodingSet kIdentity = bit(Encoding::Identity);
constexpr EncodingSet kWithGzip = kIdentity | bit(Encoding::Gzip);
constexpr EncodingSet kAll = kWithGzip | bit(Encoding::Brotli);

std::string_view chosen(std::string_view value, EncodingSet available = kAll) {
    return coding_name(choose_encoding(value, available));
}

TEST(Encoding, TakesTheBestThatIsThere) {
    EXPECT_EQ("br", chosen("gzip, deflate, br"));
    EXPECT_EQ("gzip", chosen("gzip, deflate, br", kWithGzip));
    EXPECT_EQ("identity", chosen("gzip, deflate, br", kIdentity));
    EXPECT_EQ("gzip", chosen("gzip"));
    EXPECT_EQ("gzip", chosen("X-GZIP"));
    EXPECT_EQ("identity", chosen("deflate, zstd"));
}

TEST(Encoding, SendsTheFileAsItIsToThoseWhoDoNotAsk) {
    EXPECT_EQ("identity", chosen(""));
    EXPECT_EQ("identity", chosen(" , "));
    EXPECT_EQ("identity", chosen("identity"));
}

TEST(Encoding, ObeysQualities) {
    EXPECT_EQ("gzip", chosen("br;q=0.5, gzip;q=0.8"));
    EXPECT_EQ("br", chosen("br;q=0.5, gzip;q=0.5"));
    EXPECT_EQ("gzip", chosen("br;q=0, gzip"));
    EXPECT_EQ("identity", chosen("br;q=0, gzip;q=0.000"));
    EXPECT_EQ("identity", chosen("identity;q=1, gzip;q=0.5, br;q=0.9"));
    EXPECT_EQ("br", chosen("identity;q=0.5, br"));
    EXPECT_EQ("br", chosen("identity;q=0.001, br;q=0.002"));
    EXPECT_EQ("gzip", chosen("gzip ; q=0.9 , br ;Q=0.1"));
}

TEST(Encoding, StarStandsForTheOthers) {
    EXPECT_EQ("br", chosen("*"));
    EXPECT_EQ("gzip", chosen("br;q=0, *"));
    EXPECT_EQ("gzip", chosen("gzip;q=0.5, *;q=0.1"));
    EXPECT_EQ("identity", chosen("*;q=0"));
    EXPECT_EQ("gzip", chosen("*;q=0, gzip"));
}

TEST(Encoding, RefusingEverythingStillGivesABody) {
    EXPECT_EQ("identity", chosen("identity;q=0", kIdentity));
    EXPECT_EQ("identity", chosen("identity;q=0, *;q=0"));
}

TEST(Encoding, MalformedQualitiesCountAsRefusals) {
    EXPECT_EQ("gzip", chosen("br;q=2, gzip"));
    EXPECT_EQ("gzip", chosen("br;q=x, gzip;q=0.1"));
    EXPECT_EQ("br", chosen("br;level=9, gzip"));
}

TEST(Encoding, QualityValues) {
    EXPECT_EQ(1000, parse_quality("1"));
    EXPECT_EQ(1000, parse_quality("1.000"));
    EXPECT_EQ(1000, parse_quality("1."));
    EXPECT_EQ(0, parse_quality("0"));
    EXPECT_EQ(500, parse_quality("0.5"));
    EXPECT_EQ(250, parse_quality("0.25"));
    EXPECT_EQ(7, parse_quality("0.007"));
    for (const char* bad : {"", "2", "1.001", "0.1234", ".5", "-1", "0,5", "0.5x", "00.5", "1e0"}) {
        EXPECT_EQ(-1, parse_quality(bad)) << bad;
    }
}

TEST(Mime, BuiltInTypes) {
    EXPECT_EQ("text/html", builtin_type("/index.html"));
    EXPECT_EQ("text/html", builtin_type("/INDEX.HTM"));
    EXPECT_EQ("text/css", builtin_type("/a.b.css"));
    EXPECT_EQ("text/javascript", builtin_type("/js/app.mjs"));
    EXPECT_EQ("application/json", builtin_type("/app.js.map"));
    EXPECT_EQ("application/wasm", builtin_type("/m.wasm"));
    EXPECT_EQ("image/avif", builtin_type("/m.avif"));
    EXPECT_EQ("font/woff2", builtin_type("/m.woff2"));
    EXPECT_EQ("application/manifest+json", builtin_type("/m.webmanifest"));
    EXPECT_EQ("audio/flac", builtin_type("/m.flac"));
    EXPECT_EQ("image/svg+xml", builtin_type("/m.svg"));
}

TEST(Mime, UnknownTypes) {
    for (const char* path : {"/", "/README", "/a.html/b", "/x.unknownending", "/x.", "/.", "/x.htmlx",
                             "/x.averyveryverylongending"}) {
        EXPECT_EQ(kUnknownType, builtin_type(path)) << path;
    }
    EXPECT_EQ("text/html", builtin_type("/.html"));
}

TEST(Mime, ConfiguredTypesComeFirst) {
    const MimeTypes types({{".foo,.bar$", "x/foo"}, {".html$", "application/x-page"}});
    EXPECT_EQ("x/foo", types.type_of("/a.FOO"));
    EXPECT_EQ("x/foo", types.type_of("/a.bar"));
    EXPECT_EQ("application/x-page", types.type_of("/index.html"));
    EXPECT_EQ("text/html", types.type_of("/index.htm"));
    EXPECT_EQ(kUnknownType, types.type_of("/a.barn"));
}

TEST(Location, AddsTheSlash) {
    EXPECT_EQ("/docs/", folder_location("/docs", false, ""));
    EXPECT_EQ("/a/b/?x=1&y=%20", folder_location("/a/b", true, "x=1&y=%20"));
    EXPECT_EQ("/a/?", folder_location("/a", true, ""));
}

TEST(Location, EncodesAnew) {
    EXPECT_EQ("/a%20b%25/", folder_location("/a b%", false, ""));
    EXPECT_EQ("/%3F%23%22%3C%3E%5B%5D%7F/", folder_location("/?#\"<>[]\x7f", false, ""));
    EXPECT_EQ("/%C3%A9/", folder_location("/\xc3\xa9", false, ""));
    EXPECT_EQ("/a%0D%0ASet-Cookie:x/", folder_location("/a\r\nSet-Cookie:x", false, ""));
    EXPECT_EQ("/-._~!$&'()*+,;=:@/", folder_location("/-._~!$&'()*+,;=:@", false, ""));
}

TEST(Location, NeverNamesAHost) {
    EXPECT_EQ("/example.org/", folder_location("//example.org", false, ""));
    EXPECT_EQ("/example.org/", folder_location("///example.org/", false, ""));
    EXPECT_EQ("/%5Cexample.org/", folder_location("/\\example.org", false, ""));
}

}  // namespace
}  // namespace marmoset::document
