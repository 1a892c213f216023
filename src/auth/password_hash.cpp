#include "auth/password_hash.h"

#include <crypt.h>

#include <cerrno>
#include <memory>

#include "base/base64.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/utf8_sequence.h"

namespace marmoset::auth {

namespace {

// ouistiti's numbers, which are crypt's where it has them; 7 is ours.
std::optional<DigestAlgorithm> algorithm_of(char number) {
    switch (number) {
        case '1':
            return DigestAlgorithm::Md5;
        case '5':
            return DigestAlgorithm::Sha256;
        case '6':
            return DigestAlgorithm::Sha512;
        case '7':
            return DigestAlgorithm::Sha512_256;
        default:
            return std::nullopt;
    }
}

char number_of(DigestAlgorithm algorithm) {
    switch (algorithm) {
        case DigestAlgorithm::Md5:
            return '1';
        case DigestAlgorithm::Sha256:
            return '5';
        case DigestAlgorithm::Sha512:
            return '6';
        case DigestAlgorithm::Sha512_256:
            return '7';
        case DigestAlgorithm::Sha1:
            break;
    }
    return '\0';
}

// Both alphabets, with padding or without: programs that wrote such files differed.
std::optional<std::string> decode_digest(std::string_view text, DigestAlgorithm algorithm) {
    std::string url(text);
    for (char& c : url) {
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    while (url.ends_with('='))
        url.pop_back();
    auto raw = base64url_decode(url);
    if (raw && raw->size() != digest_size(algorithm)) raw.reset();
    return raw;
}

StoredPassword parse_digest_form(std::string_view rest, DigestAlgorithm algorithm) {
    StoredPassword form;
    form.algorithm = algorithm;
    const size_t dollar = rest.rfind('$');
    const std::string_view attributes =
        dollar == std::string_view::npos ? std::string_view() : rest.substr(0, dollar);
    form.value = dollar == std::string_view::npos ? rest : rest.substr(dollar + 1);
    if (attributes.empty()) {
        form.kind = StoredPassword::Kind::Digest;
    } else if (attributes.starts_with("realm=")) {
        form.kind = StoredPassword::Kind::RealmHash;
        form.realm = attributes.substr(6);
    }
    return form;
}

bool usable(std::string_view password) {
    return !password.empty() && password.size() <= kLongestPassword &&
           password.find('\0') == std::string_view::npos;
}

// What libcrypt works in: 32 KiB, and full of what the password was afterwards.
struct CryptSpace {
    crypt_data data{};
    CryptSpace() = default;
    CryptSpace(const CryptSpace&) = delete;
    CryptSpace& operator=(const CryptSpace&) = delete;
    ~CryptSpace() { ::explicit_bzero(&data, sizeof data); }
};

// nullopt: `setting` is nothing that libcrypt knows.
std::optional<std::string> crypt_with(std::string_view setting, std::string_view password) {
    const Secret phrase{std::string(password)};
    const auto space = std::make_unique<CryptSpace>();
    const char* hash = ::crypt_rn(phrase.text().c_str(), std::string(setting).c_str(), &space->data,
                                  static_cast<int>(sizeof space->data));
    if (hash == nullptr || hash[0] == '*') return std::nullopt;
    return hash;
}

// The lengths of clear texts are no one's business either: digests are compared.
bool same_text(std::string_view one, std::string_view other) {
    return equal_constant_time(digest(DigestAlgorithm::Sha256, {one}),
                               digest(DigestAlgorithm::Sha256, {other}));
}

bool verify_digest(const StoredPassword& form, const std::string& actual) {
    const auto expected = decode_digest(form.value, form.algorithm);
    return expected && equal_constant_time(*expected, actual);
}

Error invalid(const char* text) {
    return Error{text, EINVAL};
}

const char* crypt_prefix(PasswordForm form) {
    switch (form) {
        case PasswordForm::Bcrypt:
            return "$2b$";
        case PasswordForm::Sha512Crypt:
            return "$6$";
        case PasswordForm::Sha256Crypt:
            return "$5$";
        default:
            return "$y$";
    }
}

Result<std::string> make_crypt(const PasswordRecipe& recipe, std::string_view password) {
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    // No bytes given: it asks the kernel's generator.
    if (::crypt_gensalt_rn(crypt_prefix(recipe.form), recipe.cost, nullptr, 0, setting, sizeof setting) ==
        nullptr)
        return errno_error("crypt_gensalt", crypt_prefix(recipe.form), errno);
    auto hash = crypt_with(setting, password);
    if (!hash) return errno_error("crypt", crypt_prefix(recipe.form), errno);
    return *std::move(hash);
}

}  // namespace

StoredPassword parse_stored_password(std::string_view stored) {
    StoredPassword form;
    if (stored.empty() || stored.find('\0') != std::string_view::npos) return form;
    form.value = stored;
    if (stored[0] != '$') {
        form.kind = StoredPassword::Kind::Clear;
        return form;
    }
    if (stored.size() > 4 && stored[1] == 'a' && stored[3] == '$') {
        const auto algorithm = algorithm_of(stored[2]);
        return algorithm ? parse_digest_form(stored.substr(4), *algorithm) : StoredPassword{};
    }
    // crypt's $1$, $5$, $6$ have a salt, and so a third '$'.
    if (stored.size() > 3 && stored[2] == '$' && stored.find('$', 3) == std::string_view::npos) {
        const auto algorithm = algorithm_of(stored[1]);
        if (algorithm && stored[1] != '7') return parse_digest_form(stored.substr(3), *algorithm);
    }
    form.kind = StoredPassword::Kind::Crypt;
    return form;
}

bool verify_password(std::string_view stored, std::string_view user, std::string_view password,
                     std::string_view realm) {
    if (!usable(password)) return false;
    const StoredPassword form = parse_stored_password(stored);
    switch (form.kind) {
        case StoredPassword::Kind::None:
            return false;
        case StoredPassword::Kind::Clear:
            return same_text(form.value, password);
        case StoredPassword::Kind::Digest:
            return verify_digest(form, digest(form.algorithm, {password}));
        case StoredPassword::Kind::RealmHash: {
            const std::string_view whole = realm.empty() ? form.realm : realm;
            const bool ours = form.realm == whole.substr(0, kStoredRealm);
            return verify_digest(form, digest(form.algorithm, {user, ":", whole, ":", password})) && ours;
        }
        case StoredPassword::Kind::Crypt: {
            const auto hash = crypt_with(form.value, password);
            return hash && equal_constant_time(*hash, form.value);
        }
    }
    return false;
}

Result<std::string> make_password(const PasswordRecipe& recipe, std::string_view user,
                                  std::string_view password) {
    if (!usable(password) || password.find_first_of("\r\n") != std::string_view::npos)
        return invalid("a password is 1 to 511 bytes, without NUL and line ends");
    switch (recipe.form) {
        case PasswordForm::Clear:
            if (password[0] == '$' || password.find(':') != std::string_view::npos)
                return invalid("a password kept as clear text begins with no «$» and has no «:»");
            return std::string(password);
        case PasswordForm::Digest:
        case PasswordForm::RealmHash:
            break;
        default:
            return make_crypt(recipe, password);
    }
    const bool with_realm = recipe.form == PasswordForm::RealmHash;
    const char number = number_of(recipe.algorithm);
    if (number == '\0' || (number == '7' && !with_realm))
        return invalid("no stored form of a password is made of this digest");
    if (!with_realm) {
        return std::string("$") + number + "$" +
               base64_encode(as_bytes(digest(recipe.algorithm, {password})));
    }
    if (recipe.realm.empty() || recipe.realm.find_first_of(":$") != std::string::npos ||
        !is_utf8_without_controls(recipe.realm))
        return invalid("the realm of a stored password is text without «:» and «$»");
    const std::string hash = digest(recipe.algorithm, {user, ":", recipe.realm, ":", password});
    return std::string("$a") + number + "$realm=" + recipe.realm.substr(0, kStoredRealm) + "$" +
           base64_encode(as_bytes(hash));
}

std::optional<std::string> digest_ha1(std::string_view stored, std::string_view user, std::string_view realm,
                                      DigestAlgorithm algorithm) {
    const StoredPassword form = parse_stored_password(stored);
    if (form.kind == StoredPassword::Kind::Clear)
        return digest(algorithm, {user, ":", realm, ":", form.value});
    if (form.kind != StoredPassword::Kind::RealmHash || form.algorithm != algorithm ||
        form.realm != realm.substr(0, kStoredRealm))
        return std::nullopt;
    return decode_digest(form.value, algorithm);
}

}  // namespace marmoset::auth
