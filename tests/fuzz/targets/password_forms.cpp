// Lines of password files and stored forms. In: lines; each is a line of a file, and a stored form with the
// next line as password. Lines go the way back; of the forms that are cheap exactly the right password is
// taken.
#include "auth/file_store.h"
#include "auth/password_hash.h"
#include "base/base64.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

using auth::StoredPassword;

/// A field of a line, as a reader splits it that knows nothing but colons.
std::string field(std::string_view line, unsigned number) {
    for (; number > 0; --number) {
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos) return {};
        line.remove_prefix(colon + 1);
    }
    return std::string(line.substr(0, line.find(':')));
}

void check_line(std::string_view line) {
    const auto user = auth::parse_password_line(line);
    if (!user) return;
    if (line.ends_with('\r')) line.remove_suffix(1);
    require_equal(field(line, 0), user->name, "the name");
    require_equal(field(line, 1), user->password, "the password");
    require_equal(field(line, 2), user->group, "the group");
    require_equal(field(line, 3), user->home, "the home");
    require(auth::is_valid_user_name(user->name) && user->name[0] != '#', "a valid name");
    // A stored form may end in a CR, or hold a NUL, which makes it one that nobody's password is.
    if (user->password.ends_with('\r')) return;
    const std::string again = auth::format_password_line(*user);
    const auto read = auth::parse_password_line(again);
    require(read.has_value(), "a line as we write it");
    require_equal(again, auth::format_password_line(*read), "a line, written and read again");
}

/// The stored form that a right password of this text has, by the table in password_hash.h.
std::string rebuilt(const StoredPassword& form, std::string_view user, std::string_view password) {
    const std::string raw = form.kind == StoredPassword::Kind::Digest
                                ? digest(form.algorithm, {password})
                                : digest(form.algorithm, {user, ":", form.realm, ":", password});
    return base64url_encode(as_bytes(raw));
}

void check_form(std::string_view stored, std::string_view password) {
    const StoredPassword form = auth::parse_stored_password(stored);
    // What libcrypt is asked for costs as much as the form says.
    if (form.kind == StoredPassword::Kind::Crypt) return;
    const bool taken = auth::verify_password(stored, "foo", password);
    const bool possible = !password.empty() && password.size() <= auth::kLongestPassword &&
                          password.find('\0') == std::string_view::npos;
    require(!taken || possible, "a password that can be one");
    bool right = false;
    if (form.kind == StoredPassword::Kind::Clear) right = stored == password;
    if (form.kind == StoredPassword::Kind::Digest || form.kind == StoredPassword::Kind::RealmHash) {
        std::string value(form.value);
        while (value.ends_with('='))
            value.pop_back();
        for (char& c : value)
            c = c == '+' ? '-' : c == '/' ? '_' : c;
        right = value == rebuilt(form, "foo", password);
    }
    require(taken == (right && possible), "exactly the right password");
    require(!auth::verify_password(stored, "foo", "", "realm"), "the empty password");
}

/// What we make is taken again, and by its user, password and realm only.
void check_made(std::string_view user, std::string_view password, std::string_view realm) {
    for (const auto algorithm :
         {DigestAlgorithm::Md5, DigestAlgorithm::Sha256, DigestAlgorithm::Sha512_256}) {
        const auth::PasswordRecipe recipe{auth::PasswordForm::RealmHash, algorithm, std::string(realm), 0};
        const auto made = auth::make_password(recipe, user, password);
        if (!made) return;
        require(password.find('\0') == std::string_view::npos, "libcrypt would stop at a NUL");
        require(made->find_first_of(":\r\n") == std::string::npos, "what can stand in a file");
        require(auth::verify_password(*made, user, password, realm), "the password that it was made of");
        require(!auth::verify_password(*made, user, std::string(password) + "x", realm), "another password");
        require(!auth::verify_password(*made, std::string(user) + "x", password, realm), "another user");
        require(!auth::verify_password(*made, user, password, std::string(realm) + "x"), "another realm");
        const auto ha1 = auth::digest_ha1(*made, user, realm, algorithm);
        require(ha1 && *ha1 == digest(algorithm, {user, ":", realm, ":", password}), "HA1");
    }
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const auto bytes = exact({data, size});
    Fields fields(bytes);
    std::string_view before, last;
    while (!fields.empty()) {
        const std::string_view line = fields.until('\n');
        check_line(line);
        check_form(last, line);
        check_made(before, last, line);
        before = last;
        last = line;
    }
    return 0;
}
