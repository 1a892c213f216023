// marmoset_token: tokens and one-time codes by hand. In: the command line, keys in files. Out: a token, its
// claims, a code; an exit status that scripts can use.
#include <cerrno>
#include <cstdio>

#include "auth/one_time.h"
#include "auth/secret_input.h"
#include "auth/totp.h"
#include "base/base32.h"
#include "base/random.h"
#include "base/secret.h"
#include "options.h"

namespace {

using namespace marmoset;
using namespace marmoset::auth;

int fail(const Error& error) {
    std::fprintf(stderr, "marmoset_token: %s\n", error.text.c_str());
    return kFailure;
}

int refused(std::string_view why) {
    std::fprintf(stderr, "marmoset_token: not valid: %.*s\n", static_cast<int>(why.size()), why.data());
    return kRefused;
}

Result<std::shared_ptr<const TokenKey>> read_key(const CommandLine& line) {
    const bool shared = !line.secret_file.empty();
    auto text = read_secret_file(shared ? line.secret_file : line.key_file);
    if (!text) return text.error();
    const Secret secret(text.take());
    if (!shared) return TokenKey::from_pem(secret.text(), line.key_id);
    auto key = TokenKey::shared_secret(secret.text(), line.key_id);
    if (key && (*key)->is_weak())
        std::fputs("marmoset_token: the secret is short: 32 bytes or more can't be guessed\n", stderr);
    return key;
}

Result<TokenKeySet> read_keys(const CommandLine& line) {
    if (!line.key_set_file.empty()) {
        const auto text = read_secret_file(line.key_set_file);
        if (!text) return text.error();
        return TokenKeySet::parse(*text);
    }
    auto key = read_key(line);
    if (!key) return key.error();
    TokenKeySet keys;
    keys.add(key.take());
    return keys;
}

/// What follows the command, or the first line of standard input.
Result<std::string> argument_of(const CommandLine& line, const char* prompt) {
    if (!line.argument.empty()) return line.argument;
    return read_password(prompt);
}

int make(const CommandLine& line) {
    const auto key = read_key(line);
    if (!key) return fail(key.error());
    Claims claims = line.claims;
    claims.user = line.user;
    claims.issuer = line.issuer;
    if (!line.audience.empty()) claims.audience.push_back(line.audience);
    claims.expires = line.now + static_cast<int64_t>(line.minutes) * 60;
    const auto token = make_token(**key, claims);
    if (!token) return fail(token.error());
    std::printf("%s\n", token->c_str());
    return kSuccess;
}

int check(const CommandLine& line) {
    const auto keys = read_keys(line);
    if (!keys) return fail(keys.error());
    const auto token = argument_of(line, "Token: ");
    if (!token) return fail(token.error());
    TokenRules rules;
    rules.now = line.now;
    rules.leeway = line.leeway;
    rules.issuer = line.issuer;
    rules.audience = line.audience;
    const TokenCheck result = verify_token(*token, *keys, rules);
    if (!result) return refused(fault_name(result.fault));
    if (json_dumpf(result.payload.get(), stdout, JSON_INDENT(2)) != 0)
        return fail(errno_error("write", "standard output", errno));
    std::fputc('\n', stdout);
    return kSuccess;
}

int make_secret() {
    std::printf("%s\n", random_text(32).c_str());
    uint8_t key[20];  // RFC 4226 4, R6
    random_bytes(key);
    std::printf("%s\n", base32_encode(key).c_str());
    return kSuccess;
}

int totp(const CommandLine& line) {
    std::string key;
    if (!line.user_key.empty()) {
        auto decoded = base32_decode(line.user_key);
        if (!decoded || decoded->empty()) return fail(Error{"--user-key is base32"});
        key = *std::move(decoded);
    } else {
        const auto secret = read_secret_file(line.secret_file);
        if (!secret) return fail(secret.error());
        if (secret->empty()) return fail(Error{"the secret is empty"});
        key = totp_user_key(*secret, line.user);
    }
    const TotpSettings settings;
    const auto now = static_cast<uint64_t>(line.now);
    if (line.command == "totp-url") {
        std::printf("%s\n", totp_url(settings, key, line.user, line.issuer).c_str());
        return kSuccess;
    }
    if (line.command == "totp") {
        const uint64_t counter = totp_counter(settings, now);
        std::printf("%s\n", hotp_code(settings.algorithm, key, counter, settings.digits).c_str());
        return kSuccess;
    }
    const auto code = argument_of(line, "Code: ");
    if (!code) return fail(code.error());
    return verify_totp(settings, key, *code, now, 0) ? kSuccess : refused("code");
}

int run(const CommandLine& line) {
    if (line.command == "make") return make(line);
    if (line.command == "check") return check(line);
    if (line.command == "secret") return make_secret();
    return totp(line);
}

}  // namespace

int main(int argc, char** argv) {
    CommandLine line;
    int status = kFailure;
    if (!line.parse(argc, argv, status)) return status;
    status = run(line);
    if (std::fflush(stdout) != 0) return fail(errno_error("write", "standard output", errno));
    return status;
}
