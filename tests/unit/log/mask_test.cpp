// Masking of secrets in targets.

#include <gtest/gtest.h>

#include "log/logger.h"

namespace marmoset::log {
namespace {

TEST(MaskSecrets, StarsOutValues) {
    struct Case {
        const char* target;
        const char* masked;
    };
    const Case cases[] = {
        {"", ""},
        {"/", "/"},
        {"/token/abc", "/token/abc"},
        {"/chat?room=1&name=key", "/chat?room=1&name=key"},
        {"/chat?token=abc", "/chat?token=***"},
        {"/chat?TOKEN=abc&x=1", "/chat?TOKEN=***&x=1"},
        {"/c?a=1&access_token=x;ticket=y&b=2", "/c?a=1&access_token=***;ticket=***&b=2"},
        {"/c?password=a%26b=c", "/c?password=***"},
        {"/c?passwd=1&pwd=2&newPassword=3&pass=4", "/c?passwd=***&pwd=***&newPassword=***&pass=***"},
        {"/c?secret=1&client_secret=2&key=3&api-key=4&clientKey=5&apikey=6",
         "/c?secret=***&client_secret=***&key=***&api-key=***&clientKey=***&apikey=***"},
        {"/c?code=1&auth_code=2&session=3&sessionId=4&sid=5&otp=6",
         "/c?code=***&auth_code=***&session=***&sessionId=***&sid=***&otp=***"},
        {"/c?user[key]=1&sig=2&jwt=3", "/c?user[key]=***&sig=***&jwt=***"},
        {"/c?keyboard=1&codec=2&author=3&monkey=4", "/c?keyboard=1&codec=2&author=3&monkey=4"},
        {"/c?%74oken=abc&%=1&a%4=2", "/c?%74oken=***&%=1&a%4=2"},
        {"/c?token", "/c?token"},
        {"/c?token=", "/c?token="},
        {"/c?token=a=b", "/c?token=***"},
        {"/c?&&token=a&", "/c?&&token=***&"},
        {"/c?a=1?token=x", "/c?a=1?token=x"},
        {"http://user:pass@host/x?a=1", "http://***@host/x?a=1"},
        {"http://host/a@b", "http://host/a@b"},
        {"http://us@er:pw@host", "http://***@host"},
        {"/c?url=http://u:p@h", "/c?url=http://u:p@h"},
    };
    for (const Case& one : cases)
        EXPECT_EQ(one.masked, mask_secrets(one.target));
}

}  // namespace
}  // namespace marmoset::log
