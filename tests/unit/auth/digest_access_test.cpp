// The examples of RFC 7616 3.9 (the second with its erratum 4897), and what credentials must be.
#include "auth/digest_access.h"

#include <gtest/gtest.h>

#include "auth/password_hash.h"
#include "base/hex.h"

namespace marmoset::auth {
namespace {

constexpr std::string_view kMufasa =
    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=MD5,"
    " nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001,"
    " cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth,"
    " response=\"8ca523f5e9506fed4657c9700eebdbec\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

constexpr std::string_view kDoe =
    "Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\","
    " realm=\"api@example.org\", uri=\"/doe.json\", algorithm=SHA-512-256,"
    " nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001,"
    " cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", qop=auth,"
    " response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\","
    " opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", userhash=true";

Result<DigestCredentials> parse(std::string_view text) {
    const auto scheme = parse_credentials(text);
    if (!scheme) return scheme.error();
    return parse_digest_credentials(*scheme);
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
    std::string result(text);
    const size_t at = result.find(from);
    EXPECT_NE(std::string::npos, at) << from;
    return result.replace(at, from.size(), to);
}

std::string error_of(std::string_view text) {
    const auto parsed = parse(text);
    return parsed ? "fine" : parsed.error().text;
}

TEST(DigestAccess, ExampleWithMd5AndSha256) {  // RFC 7616 3.9.1
    const auto credentials = parse(kMufasa);
    ASSERT_TRUE(credentials) << credentials.error().text;
    EXPECT_EQ("Mufasa", credentials->username);
    EXPECT_EQ("/dir/index.html", credentials->uri);
    EXPECT_EQ(1u, credentials->nonce_count);
    EXPECT_FALSE(credentials->userhash);
    const auto ha1 = digest_ha1("Circle of Life", "Mufasa", "http-auth@example.org", DigestAlgorithm::Md5);
    EXPECT_TRUE(verify_digest_response(*credentials, "GET", *ha1));

    const std::string sha256 =
        replaced(replaced(kMufasa, "MD5", "SHA-256"), "8ca523f5e9506fed4657c9700eebdbec",
                 "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    const auto other = parse(sha256);
    ASSERT_TRUE(other) << other.error().text;
    EXPECT_TRUE(verify_digest_response(
        *other, "GET",
        *digest_ha1("Circle of Life", "Mufasa", "http-auth@example.org", DigestAlgorithm::Sha256)));
}

TEST(DigestAccess, ExampleWithSha512_256AndUserhash) {  // RFC 7616 3.9.2
    const auto credentials = parse(kDoe);
    ASSERT_TRUE(credentials) << credentials.error().text;
    EXPECT_TRUE(credentials->userhash);
    EXPECT_EQ(digest_userhash(DigestAlgorithm::Sha512_256, "Jäsøn Doe", "api@example.org"),
              credentials->username);
    const auto ha1 =
        digest_ha1("Secret, or not?", "Jäsøn Doe", "api@example.org", DigestAlgorithm::Sha512_256);
    EXPECT_TRUE(verify_digest_response(*credentials, "GET", *ha1));
}

TEST(DigestAccess, AStoredFormDoesAsWell) {
    const auto stored =
        make_password({PasswordForm::RealmHash, DigestAlgorithm::Sha512_256, "api@example.org", 0},
                      "Jäsøn Doe", "Secret, or not?");
    const auto ha1 = digest_ha1(*stored, "Jäsøn Doe", "api@example.org", DigestAlgorithm::Sha512_256);
    ASSERT_TRUE(ha1);
    EXPECT_TRUE(verify_digest_response(*parse(kDoe), "GET", *ha1));
}

TEST(DigestAccess, EachPartOfTheResponseCounts) {
    const auto ha1 = digest_ha1("Circle of Life", "Mufasa", "http-auth@example.org", DigestAlgorithm::Md5);
    const auto right = [&](std::string_view from, std::string_view to, std::string_view method = "GET") {
        return verify_digest_response(*parse(replaced(kMufasa, from, to)), method, *ha1);
    };
    EXPECT_TRUE(right("Mufasa", "Mufasa"));
    EXPECT_FALSE(right("Mufasa", "Mufasa", "POST"));
    EXPECT_FALSE(right("/dir/index.html", "/dir/index.htm"));
    EXPECT_FALSE(right("GiTo0v", "GiTo0w"));
    EXPECT_FALSE(right("00000001", "00000002"));
    EXPECT_FALSE(right("f2/wE4q", "f2/wE4Q"));
    EXPECT_FALSE(right("8ca523", "8ca524"));
    EXPECT_FALSE(right("eebdbec\"", "eebdbed\""));
    EXPECT_TRUE(right("8ca523f5e", "8CA523F5E"));  // hex digits in whatever case
    const auto wrong = digest_ha1("Circle of Lift", "Mufasa", "http-auth@example.org", DigestAlgorithm::Md5);
    EXPECT_FALSE(verify_digest_response(*parse(kMufasa), "GET", *wrong));
}

TEST(DigestAccess, SessionsHaveAnHa1OfTheirOwn) {  // RFC 7616 3.4.2
    auto credentials = *parse(replaced(kMufasa, "MD5", "MD5-sess"));
    EXPECT_TRUE(credentials.session);
    const auto ha1 = digest_ha1("Circle of Life", "Mufasa", "http-auth@example.org", DigestAlgorithm::Md5);
    EXPECT_FALSE(verify_digest_response(credentials, "GET", *ha1));
    const std::string session =
        digest(DigestAlgorithm::Md5, {hex_encode(*ha1), ":", credentials.nonce, ":", credentials.cnonce});
    credentials.session = false;
    const std::string expected = digest_response(credentials, "GET", session);
    credentials.session = true;
    EXPECT_EQ(expected, digest_response(credentials, "GET", *ha1));
}

TEST(DigestAccess, NamesBeyondAscii) {  // RFC 7616 3.4
    const auto name =
        parse(replaced(kMufasa, "username=\"Mufasa\"", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"));
    ASSERT_TRUE(name) << name.error().text;
    EXPECT_EQ("Jäsøn Doe", name->username);
}

TEST(DigestAccess, CredentialsThatAreNone) {
    EXPECT_EQ("fine", error_of(kMufasa));
    EXPECT_EQ("Digest without qop is not accepted: it does not protect from replay",
              error_of(replaced(kMufasa, " qop=auth,", "")));
    EXPECT_EQ("qop=auth-int is not accepted, qop=auth is",
              error_of(replaced(kMufasa, "qop=auth", "qop=auth-int")));
    EXPECT_EQ("qop is auth", error_of(replaced(kMufasa, "qop=auth", "qop=other")));
    EXPECT_EQ("the algorithm is not one of ours", error_of(replaced(kMufasa, "MD5", "SHA-1")));
    EXPECT_EQ("the response is a hash in hex", error_of(replaced(kMufasa, "MD5", "SHA-256")));
    for (const char* part : {"realm", "nonce", "uri", "response", "cnonce"}) {
        EXPECT_EQ(std::string("Digest needs ") + part,
                  error_of(replaced(kMufasa, std::string(" ") + part + "=", " x=")));
    }
    for (const char* count : {"00000000", "1", "0000000g", "000000001", "+0000001"})
        EXPECT_NE("fine", error_of(replaced(kMufasa, "nc=00000001", std::string("nc=") + count))) << count;
    EXPECT_NE("fine", error_of(replaced(kMufasa, "nc=00000001,", "")));
    EXPECT_NE("fine", error_of(replaced(kMufasa, "username=", "usernam=")));
    EXPECT_NE("fine", error_of(std::string(kMufasa) + ", username*=UTF-8''x"));
    EXPECT_NE("fine", error_of(std::string(kMufasa) + ", userhash=maybe"));
    EXPECT_NE("fine", error_of(std::string(kMufasa) + ", userhash=true"));  // the name is no hash
    EXPECT_NE("fine", error_of(replaced(kMufasa, "username=\"Mufasa\"", "username*=UTF-8''%ff")));
    EXPECT_NE("fine", error_of("Digest"));
    EXPECT_NE("fine", error_of("Basic Zm9vOmJhcg=="));
}

TEST(DigestAccess, NamesOfAlgorithms) {
    for (const char* name : {"MD5", "SHA-256", "SHA-512-256", "SHA-512", "MD5-sess", "SHA-512-256-sess"}) {
        const auto known = parse_digest_algorithm(name);
        ASSERT_TRUE(known) << name;
        EXPECT_EQ(name, digest_algorithm_name(known->algorithm, known->session));
    }
    EXPECT_TRUE(parse_digest_algorithm("sha-256"));
    for (const char* name : {"", "-sess", "SHA1", "SHA-256-sess-sess", "SHA256"})
        EXPECT_FALSE(parse_digest_algorithm(name)) << name;
}

TEST(DigestAccess, ChallengesCanBeReadAgain) {
    DigestChallenge challenge;
    challenge.realm = "a \"quoted\\ realm";
    challenge.nonce = "n0nce";
    challenge.opaque = "0paque";
    challenge.algorithm = DigestAlgorithm::Sha512_256;
    challenge.stale = challenge.userhash = true;
    const auto read = parse_challenges(format_digest_challenge(challenge) + ", Basic realm=\"x\"");
    ASSERT_TRUE(read) << read.error().text;
    ASSERT_EQ(2u, read->size());
    const AuthScheme& digest = read->front();
    EXPECT_TRUE(digest.is("digest"));
    EXPECT_EQ(challenge.realm, *digest.find("realm"));
    EXPECT_EQ("SHA-512-256", *digest.find("algorithm"));
    EXPECT_EQ("auth", *digest.find("qop"));
    EXPECT_EQ("n0nce", *digest.find("nonce"));
    EXPECT_EQ("0paque", *digest.find("opaque"));
    EXPECT_EQ("true", *digest.find("stale"));
    EXPECT_EQ("true", *digest.find("userhash"));
    EXPECT_EQ("UTF-8", *digest.find("charset"));
    EXPECT_EQ(nullptr, digest.find("domain"));
}

TEST(DigestAccess, TheServersProof) {  // RFC 7616 3.5: as the response, without the method
    const auto credentials = parse(kMufasa);
    const auto ha1 = digest_ha1("Circle of Life", "Mufasa", "http-auth@example.org", DigestAlgorithm::Md5);
    const std::string info = digest_authentication_info(*credentials, *ha1, "next");
    const auto read = parse_credentials("X " + info);
    ASSERT_TRUE(read) << info;
    EXPECT_EQ(digest_response(*credentials, "", *ha1), *read->find("rspauth"));
    EXPECT_NE(credentials->response, *read->find("rspauth"));
    EXPECT_EQ("00000001", *read->find("nc"));
    EXPECT_EQ(credentials->cnonce, *read->find("cnonce"));
    EXPECT_EQ("next", *read->find("nextnonce"));
}

}  // namespace
}  // namespace marmoset::auth
