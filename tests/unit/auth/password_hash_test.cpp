// Stored forms: those of ouistiti and of libcrypt, made elsewhere, and our own.
#include "auth/password_hash.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/hex.h"

namespace marmoset::auth {
namespace {

// Of user «foo» and password «bar», by Python's hashlib and crypt; realm «test».
constexpr const char* kForms[] = {
    "bar",
    "$1$N7UdGUp1E+RbVvZSTy1R8g==",
    "$5$/N4rLtula/QIYB+3If6bXDONEO5CnqBPrlURto+/j7k=",
    "$6$2CxOtSYcuciqmFXt1n0b0QSC9BUphY2SUJTRc/pmKqkf85vFsYhhUnNIQCHfsW/YKEz2hMzw/Hlb46ovwebBgQ==",
    "$a1$N7UdGUp1E+RbVvZSTy1R8g==",
    "$a5$/N4rLtula/QIYB+3If6bXDONEO5CnqBPrlURto+/j7k=",
    "$a5$$/N4rLtula/QIYB+3If6bXDONEO5CnqBPrlURto+/j7k=",
    "$a5$_N4rLtula_QIYB-3If6bXDONEO5CnqBPrlURto-_j7k",  // the alphabet for URLs, no padding
    "$a6$2CxOtSYcuciqmFXt1n0b0QSC9BUphY2SUJTRc/pmKqkf85vFsYhhUnNIQCHfsW/YKEz2hMzw/Hlb46ovwebBgQ==",
    "$a1$realm=test$a3Vj22kZsoRpnvKQMIvk2g==",
    "$a5$realm=test$sLXQh327XETbZd8sHl+duiSu/Q3IX43UoIkN8kGSasw=",
    "$a6$realm=test$xkJrwh2KrjhAXoZ2Gcfd4kOs62E8z4zy8OgvjNpuea1hH8b3PUpHJwfY8pipA0LkqebDD2ZfmoyjwzVcMM21dg==",
    "$a7$realm=test$8CUkO4tv3zwqV4myr0jAz/lgGlRJ6qkRrPtRnpFcKWs=",
    "$6$saltstring$88RS2V.D4lbqS2Tyd.vTlUssLIHbUr.cg3ODlcl5Dkii8bUuolsXnckoHcsf7p1EmDfwRtYC34Jz7JU/csQSN1",
    "$5$saltstring$ckecdJS/eSdm0unAeZ/CaKuX1FzfM/3J.RC9FlHSQe.",
    "$1$saltstrn$VvAJ7Rsjqgv9UVMpi/FTI/",
    "$2b$05$CCCCCCCCCCCCCCCCCCCCC.SuAw1DSog9bLJX0l1Gg5aZu6lwQK4xy",
    "$y$j75$abcdefgh$BZssh33A2n5EqF2cke/GVeUzUu5HuTQfBpvDAvSTuv6",
};

TEST(PasswordHash, TakesThePasswordOfEachForm) {
    for (const char* form : kForms) {
        EXPECT_TRUE(verify_password(form, "foo", "bar")) << form;
        EXPECT_TRUE(verify_password(form, "foo", "bar", "test")) << form;
    }
}

TEST(PasswordHash, TakesNoOther) {
    using namespace std::literals;
    for (const char* form : kForms) {
        // Another case, a prefix, more behind it, nothing, a NUL where libcrypt would stop, the form itself.
        for (const std::string_view wrong :
             {"Bar"sv, "BAR"sv, "ba"sv, "barx"sv, "bar "sv, ""sv, "bar\0x"sv, "\0"sv, "baz"sv})
            EXPECT_FALSE(verify_password(form, "foo", wrong)) << form << " " << wrong;
        if (form[0] == '$') {
            EXPECT_FALSE(verify_password(form, "foo", form)) << form;
        }
    }
}

TEST(PasswordHash, ARealmsFormIsOfItsUserAndRealm) {
    const char* form = "$a5$realm=test$sLXQh327XETbZd8sHl+duiSu/Q3IX43UoIkN8kGSasw=";
    EXPECT_FALSE(verify_password(form, "Foo", "bar"));
    EXPECT_FALSE(verify_password(form, "foo", "bar", "tests"));
    EXPECT_FALSE(verify_password(form, "foo", "bar", "other"));
    // The label says another realm than the digest was made with.
    EXPECT_FALSE(verify_password("$a5$realm=other$sLXQh327XETbZd8sHl+duiSu/Q3IX43UoIkN8kGSasw=", "foo", "bar",
                                 "test"));
}

TEST(PasswordHash, ALongRealmIsCutInTheFormOnly) {
    const std::string realm(40, 'r');
    const std::string form =
        "$a5$realm=" + std::string(32, 'r') + "$0vqoMkNHYUWVTiDgEsdcAa9rZwCLXtcy67jBZ3PUWfQ=";
    EXPECT_TRUE(verify_password(form, "foo", "bar", realm));
    EXPECT_FALSE(verify_password(form, "foo", "bar", realm + "r"));
    EXPECT_FALSE(verify_password(form, "foo", "bar"));  // the cut one is not what was hashed
    PasswordRecipe recipe{PasswordForm::RealmHash, DigestAlgorithm::Sha256, realm, 0};
    const auto made = make_password(recipe, "foo", "bar");
    ASSERT_TRUE(made);
    EXPECT_EQ(form, *made);
}

TEST(PasswordHash, WhatIsNoFormLetsNobodyIn) {
    for (const char* form : {"", "$", "$$", "$a", "$a5", "$a5$",
                             "$a9$N7UdGUp1E+RbVvZSTy1R8g==", "$a5$N7UdGUp1E+RbVvZSTy1R8g==", "$5$", "$5$!!!",
                             "$y$", "$6$salt", "$nothing$known$here", "$a5$realm=test$", "$a5$user=foo$AAAA",
                             "$a1$realm=test$a3Vj22kZsoRpnvKQMIvk2g==x"}) {
        EXPECT_FALSE(verify_password(form, "foo", "bar")) << form;
        EXPECT_FALSE(verify_password(form, "foo", form)) << form;
        EXPECT_FALSE(verify_password(form, "foo", "")) << form;
    }
}

TEST(PasswordHash, LongPasswordsAreNotCut) {
    const std::string longest(kLongestPassword, 'x');
    EXPECT_TRUE(verify_password(longest, "foo", longest));
    EXPECT_FALSE(verify_password(longest + "x", "foo", longest + "x"));
    EXPECT_FALSE(make_password({PasswordForm::Clear, {}, {}, 0}, "foo", longest + "x"));
}

TEST(PasswordHash, MadeFormsHoldWhatTheyShould) {
    const struct {
        PasswordRecipe recipe;
        const char* prefix;
    } rows[] = {
        {{PasswordForm::Yescrypt, {}, {}, 1}, "$y$"},
        {{PasswordForm::Bcrypt, {}, {}, 4}, "$2b$04$"},
        {{PasswordForm::Sha512Crypt, {}, {}, 1000}, "$6$"},
        {{PasswordForm::Sha256Crypt, {}, {}, 1000}, "$5$"},
        {{PasswordForm::Clear, {}, {}, 0}, "s"},
        {{PasswordForm::Digest, DigestAlgorithm::Md5, {}, 0}, "$1$"},
        {{PasswordForm::Digest, DigestAlgorithm::Sha256, {}, 0}, "$5$"},
        {{PasswordForm::Digest, DigestAlgorithm::Sha512, {}, 0}, "$6$"},
        {{PasswordForm::RealmHash, DigestAlgorithm::Md5, "r", 0}, "$a1$realm=r$"},
        {{PasswordForm::RealmHash, DigestAlgorithm::Sha512_256, "r", 0}, "$a7$realm=r$"},
    };
    for (const auto& row : rows) {
        const auto made = make_password(row.recipe, "foo", "sésame, ouvre-toi");
        ASSERT_TRUE(made) << row.prefix;
        EXPECT_EQ(0u, made->find(row.prefix)) << *made;
        EXPECT_EQ(std::string::npos, made->find_first_of(":\n")) << *made;  // it stands in a password file
        EXPECT_TRUE(verify_password(*made, "foo", "sésame, ouvre-toi", "r")) << *made;
        EXPECT_FALSE(verify_password(*made, "foo", "sésame, ouvre-to", "r")) << *made;
    }
}

TEST(PasswordHash, SaltsDiffer) {
    const PasswordRecipe recipe{PasswordForm::Yescrypt, {}, {}, 1};
    EXPECT_NE(*make_password(recipe, "foo", "bar"), *make_password(recipe, "foo", "bar"));
}

TEST(PasswordHash, WhatCouldNotBeCheckedIsNotMade) {
    using namespace std::literals;
    const PasswordRecipe clear{PasswordForm::Clear, {}, {}, 0};
    for (const std::string_view wrong : {""sv, "a\nb"sv, "a\0b"sv, "a:b"sv, "$y$x"sv}) {
        const auto made = make_password(clear, "foo", wrong);
        ASSERT_FALSE(made) << wrong;
        EXPECT_EQ(EINVAL, made.error().code);
    }
    EXPECT_FALSE(make_password({PasswordForm::RealmHash, DigestAlgorithm::Md5, "", 0}, "foo", "bar"));
    EXPECT_FALSE(make_password({PasswordForm::RealmHash, DigestAlgorithm::Md5, "a:b", 0}, "foo", "bar"));
    EXPECT_FALSE(make_password({PasswordForm::RealmHash, DigestAlgorithm::Md5, "a$b", 0}, "foo", "bar"));
    // A form with a NUL would never be taken again.
    EXPECT_FALSE(make_password({PasswordForm::RealmHash, DigestAlgorithm::Md5, std::string("a\0b", 3), 0},
                               "foo", "bar"));
    EXPECT_FALSE(make_password({PasswordForm::RealmHash, DigestAlgorithm::Md5, "a\tb", 0}, "foo", "bar"));
    EXPECT_FALSE(make_password({PasswordForm::RealmHash, DigestAlgorithm::Sha1, "a", 0}, "foo", "bar"));
    EXPECT_FALSE(make_password({PasswordForm::Digest, DigestAlgorithm::Sha512_256, "", 0}, "foo", "bar"));
}

TEST(PasswordHash, Ha1FromClearTextAndFromTheRealmsForm) {
    const std::string expected = hex_encode(digest(DigestAlgorithm::Sha256, {"foo:test:bar"}));
    const auto ha1 = [](const char* stored, const char* realm, DigestAlgorithm algorithm) {
        const auto found = digest_ha1(stored, "foo", realm, algorithm);
        return found ? hex_encode(*found) : "none";
    };
    EXPECT_EQ(expected, ha1("bar", "test", DigestAlgorithm::Sha256));
    EXPECT_EQ(expected, ha1("$a5$realm=test$sLXQh327XETbZd8sHl+duiSu/Q3IX43UoIkN8kGSasw=", "test",
                            DigestAlgorithm::Sha256));
    EXPECT_EQ("none", ha1("$a5$realm=test$sLXQh327XETbZd8sHl+duiSu/Q3IX43UoIkN8kGSasw=", "test",
                          DigestAlgorithm::Md5));
    EXPECT_EQ("none", ha1("$a5$realm=test$sLXQh327XETbZd8sHl+duiSu/Q3IX43UoIkN8kGSasw=", "tes",
                          DigestAlgorithm::Sha256));
    EXPECT_EQ("none", ha1("$a5$realm=test$AAAA", "test", DigestAlgorithm::Sha256));
    EXPECT_EQ("none",
              ha1("$5$/N4rLtula/QIYB+3If6bXDONEO5CnqBPrlURto+/j7k=", "test", DigestAlgorithm::Sha256));
    EXPECT_EQ("none", ha1("", "test", DigestAlgorithm::Sha256));
}

}  // namespace
}  // namespace marmoset::auth
