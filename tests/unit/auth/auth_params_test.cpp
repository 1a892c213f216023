// The grammar of RFC 9110 11, Basic and Bearer, ext-values.
#include "auth/auth_params.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace marmoset::auth {
namespace {

/// «scheme|token68|name=value|…», or the error in brackets.
std::string written(const AuthScheme& scheme) {
    std::string text = scheme.scheme + "|" + scheme.token68;
    for (const AuthParam& param : scheme.params)
        text += "|" + param.name + (param.quoted ? ":=" : "=") + param.value;
    return text;
}
std::string credentials(std::string_view value) {
    const auto read = parse_credentials(value);
    return read ? written(*read) : "(" + read.error().text + ")";
}
std::string challenges(std::string_view value) {
    const auto read = parse_challenges(value);
    if (!read) return "(" + read.error().text + ")";
    std::string text;
    for (const AuthScheme& scheme : *read)
        text += (text.empty() ? "" : " ; ") + written(scheme);
    return text;
}

TEST(AuthParams, Credentials) {
    EXPECT_EQ("Basic|Zm9vOmJhcg==", credentials("Basic Zm9vOmJhcg=="));
    EXPECT_EQ("Bearer|a.b-c_d~e+f/g", credentials("Bearer   a.b-c_d~e+f/g"));
    EXPECT_EQ("Negotiate|", credentials("Negotiate"));
    EXPECT_EQ("D||a=1|b:=2, \"3\\", credentials(R"(D a=1 , b = "2, \"3\\")"));
    EXPECT_EQ("D||a=1|b=2", credentials("D a=1,,\t,b=2,"));
    EXPECT_EQ("D||a:=", credentials("D a=\"\""));
    EXPECT_EQ("D|a=", credentials("D a="));
    EXPECT_EQ("D|a==", credentials(" D a== "));
}

TEST(AuthParams, WhatAreNoCredentials) {
    EXPECT_EQ("(there is no scheme)", credentials(""));
    EXPECT_EQ("(there is no scheme)", credentials("=x"));
    EXPECT_EQ("(there is no scheme)", credentials("\"Basic\" x"));
    EXPECT_EQ("(a scheme is followed by a space)", credentials("Basic=x"));
    EXPECT_EQ("(a parameter stands twice)", credentials("D a=1, A=2"));
    EXPECT_EQ("(a quoted string has no end)", credentials("D a=\"1"));
    EXPECT_EQ("(a quoted string has no end)", credentials("D a=\"1\\"));
    EXPECT_EQ("(a control character stands in a quoted string)", credentials("D a=\"1\r\n2\""));
    EXPECT_EQ("(parameters are separated by commas)", credentials("D a=1 b=2"));
    EXPECT_EQ("(there is more than one scheme)", credentials("Basic x, Basic y"));
    EXPECT_EQ("(there is more than one scheme)", credentials("D a=1, E b=2"));
    EXPECT_EQ("(neither a token nor parameters follow the scheme)", credentials("Basic a b"));
    EXPECT_EQ("(neither a token nor parameters follow the scheme)", credentials("Basic ä"));
}

TEST(AuthParams, HasLimits) {
    std::string many = "D a0=0";
    for (size_t i = 1; i < kMostAuthParams; ++i)
        many += ",a" + std::to_string(i) + "=0";
    EXPECT_TRUE(parse_credentials(many));
    EXPECT_EQ("(there are too many parameters)", credentials(many + ",b=0"));
    EXPECT_EQ("(the credentials are too long)", credentials("B " + std::string(kLargestAuthField, 'x')));
    std::string schemes;
    for (size_t i = 0; i <= kMostChallenges; ++i)
        schemes += "A,";
    EXPECT_EQ("(there are too many challenges)", challenges(schemes));
}

TEST(AuthParams, Challenges) {  // RFC 9110 11.6.1's example, and lists that are easily misread
    EXPECT_EQ("Basic||realm:=simple ; Newauth||realm:=apps|type=1|title:=Login to \"apps\"",
              challenges(R"(Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"")"));
    EXPECT_EQ("Negotiate| ; Basic||realm=x", challenges(", Negotiate ,, Basic realm=x,"));
    EXPECT_EQ("A|t ; B|u= ; C||d=e ; F|", challenges("A t, B u=, C d=e, F"));
    EXPECT_EQ("(there is no challenge)", challenges(" , "));
}

TEST(AuthParams, NamesAreComparedWithoutCase) {
    const auto read = parse_credentials("dIGEST ReAlm=x");
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->is("Digest"));
    ASSERT_NE(nullptr, read->find("realm"));
    EXPECT_EQ("x", *read->find("realm"));
    EXPECT_EQ(nullptr, read->find("real"));
}

std::string basic(std::string_view pair) {
    const auto scheme = parse_credentials("Basic " + base64_encode(as_bytes(pair)));
    const auto read = parse_basic(*scheme);
    return read ? read->user + " / " + read->password : "(" + read.error().text + ")";
}

TEST(Basic, UserAndPassword) {  // RFC 7617 2 and 2.1
    EXPECT_EQ("Aladdin / open sesame", basic("Aladdin:open sesame"));
    EXPECT_EQ("test / 123£", basic("test:123£"));
    EXPECT_EQ("a / b:c:", basic("a:b:c:"));
    EXPECT_EQ(" / ", basic(":"));
    EXPECT_EQ("(Basic credentials have a colon)", basic("user"));
    EXPECT_EQ("(Basic credentials are UTF-8 without control characters)", basic("a:b\n"));
    EXPECT_EQ("(Basic credentials are UTF-8 without control characters)",
              basic(std::string_view("a:b\0c", 5)));
    EXPECT_EQ("(Basic credentials are UTF-8 without control characters)", basic("a:\xff"));
}

TEST(Basic, FieldsThatAreNone) {
    for (const char* value : {"Basic", "Basic a=b", "Bearer Zm9vOmJhcg==", "Basic Zm9v.mJh",
                              "Basic Zm9vOmJhcg", "Basic Zm9vOmJhcg==="}) {
        const auto scheme = parse_credentials(value);
        ASSERT_TRUE(scheme) << value;
        EXPECT_EQ(std::string(value) == "Basic Zm9vOmJhcg", static_cast<bool>(parse_basic(*scheme))) << value;
    }
}

TEST(Bearer, IsOneToken) {
    EXPECT_EQ("a.b.c", bearer_token(*parse_credentials("bearer a.b.c")));
    EXPECT_FALSE(bearer_token(*parse_credentials("Bearer a=b")));
    EXPECT_FALSE(bearer_token(*parse_credentials("Bearer")));
    EXPECT_FALSE(bearer_token(*parse_credentials("Basic abcd")));
}

TEST(ExtValue, OfThePublishedExamples) {  // RFC 8187 3.2.3
    EXPECT_EQ("£ rates", decode_ext_value("UTF-8''%c2%a3%20rates"));
    EXPECT_EQ("£ and € rates", decode_ext_value("utf-8'en'%c2%a3%20and%20%e2%82%ac%20rates"));
    EXPECT_EQ("a'b*c%d\"", decode_ext_value(encode_ext_value("a'b*c%d\"")));
    for (const char* wrong :
         {"", "UTF-8", "UTF-8'", "iso-8859-1'en'%A3%20rates", "UTF-8''%c2", "UTF-8''%c2%a", "UTF-8''%zz",
          "UTF-8''a b", "UTF-8''%00", "UTF-8''%0a", "UTF-8''a'b", "UTF-8''a*"})
        EXPECT_FALSE(decode_ext_value(wrong)) << wrong;
}

TEST(Writer, QuotesWhatMustBe) {
    const std::string text = AuthSchemeWriter("Basic")
                                 .quoted("realm", "a\"b\\c\r\nSet-Cookie: x")
                                 .token("charset", "UTF-8")
                                 .take();
    EXPECT_EQ("Basic realm=\"a\\\"b\\\\cSet-Cookie: x\", charset=UTF-8", text);
    EXPECT_EQ("a\"b\\cSet-Cookie: x", *parse_credentials(text)->find("realm"));
}

}  // namespace
}  // namespace marmoset::auth
