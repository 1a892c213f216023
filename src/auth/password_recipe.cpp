#include "auth/password_recipe.h"

#include <cerrno>

#include "base/text.h"

namespace marmoset::auth {

namespace {

struct Algorithm {
    std::string_view name;
    PasswordForm form;
    DigestAlgorithm digest;
};

constexpr Algorithm kBasic[] = {
    {"yescrypt", PasswordForm::Yescrypt, {}},
    {"bcrypt", PasswordForm::Bcrypt, {}},
    {"sha512-crypt", PasswordForm::Sha512Crypt, {}},
    {"sha256-crypt", PasswordForm::Sha256Crypt, {}},
    {"MD5", PasswordForm::Digest, DigestAlgorithm::Md5},
    {"SHA-256", PasswordForm::Digest, DigestAlgorithm::Sha256},
    {"SHA-512", PasswordForm::Digest, DigestAlgorithm::Sha512},
};
constexpr Algorithm kDigest[] = {
    {"SHA-256", PasswordForm::RealmHash, DigestAlgorithm::Sha256},
    {"MD5", PasswordForm::RealmHash, DigestAlgorithm::Md5},
    {"SHA-512", PasswordForm::RealmHash, DigestAlgorithm::Sha512},
    {"SHA-512-256", PasswordForm::RealmHash, DigestAlgorithm::Sha512_256},
};

template <size_t N>
bool choose(const Algorithm (&known)[N], std::string_view name, PasswordRecipe& recipe) {
    for (const Algorithm& one : known) {
        if (!name.empty() && !equal_caseless(name, one.name)) continue;
        recipe.form = one.form;
        recipe.algorithm = one.digest;
        return true;
    }
    return false;
}

}  // namespace

Result<PasswordRecipe> parse_password_recipe(std::string_view type, std::string_view algorithm,
                                             std::string_view realm) {
    if (type.empty()) type = realm.empty() ? "Basic" : "Digest";
    PasswordRecipe recipe;
    recipe.realm = realm;
    if (equal_caseless(type, "Digest")) {
        if (realm.empty()) return Error{"passwords of Digest need a realm", EINVAL};
        if (choose(kDigest, algorithm, recipe)) return recipe;
        return Error{"algorithms of Digest are MD5, SHA-256, SHA-512 and SHA-512-256", EINVAL};
    }
    if (!equal_caseless(type, "Basic")) return Error{"the type is Basic or Digest", EINVAL};
    if (choose(kBasic, algorithm, recipe)) return recipe;
    return Error{
        "algorithms are yescrypt, bcrypt, sha512-crypt, sha256-crypt, MD5, SHA-256 and SHA-512; MD5, "
        "SHA-256, "
        "SHA-512 and SHA-512-256 of Digest",
        EINVAL};
}

}  // namespace marmoset::auth
