// Making tokens. The text is written as ouistiti's are, member for member: its clients compare such things.
#include "auth/json_web_token.h"
#include "base/base64.h"

namespace marmoset::auth {

namespace {

/// A JSON object with jansson's default spacing.
class PayloadWriter {
  public:
    explicit PayloadWriter() : object_(json_object()) {}

    void text(const char* name, const std::string& value) {
        if (!value.empty()) set(name, string(value));
    }
    void texts(const char* name, const std::vector<std::string>& values) {
        if (values.size() == 1) return text(name, values.front());
        if (values.empty()) return;
        json_t* list = json_array();
        for (const std::string& value : values)
            failed_ = json_array_append_new(list, string(value)) != 0 || failed_;
        set(name, list);
    }
    void date(const char* name, int64_t value) {
        if (value != 0) set(name, json_integer(value));
    }
    /// nullopt: a text was not UTF-8.
    std::optional<std::string> take() {
        if (failed_) return std::nullopt;
        const size_t size = json_dumpb(object_.get(), nullptr, 0, JSON_PRESERVE_ORDER);
        std::string out(size, '\0');
        if (size == 0 || json_dumpb(object_.get(), out.data(), size, JSON_PRESERVE_ORDER) != size)
            return std::nullopt;
        return out;
    }

  private:
    static json_t* string(const std::string& value) { return json_stringn(value.data(), value.size()); }
    void set(const char* name, json_t* value) {
        failed_ = json_object_set_new(object_.get(), name, value) != 0 || failed_;
    }

    Json object_;
    bool failed_ = false;
};

}  // namespace

Result<std::string> make_token(const TokenKey& key, const Claims& claims) {
    PayloadWriter payload;
    payload.text("user", claims.user);
    payload.text("home", claims.home);
    payload.text("status", claims.status);
    payload.texts("roles", claims.roles);
    payload.date("exp", claims.expires);
    payload.text("iss", claims.issuer);
    payload.text("sub", claims.subject);
    payload.texts("aud", claims.audience);
    payload.date("nbf", claims.not_before);
    payload.date("iat", claims.issued_at);
    payload.text("jti", claims.id);
    payload.text("nonce", claims.nonce);
    payload.text("azp", claims.authorized_party);
    const auto text = payload.take();
    if (!text) return Error{"claims are UTF-8"};
    return sign_token(key, *text);
}

Result<std::string> sign_token(const TokenKey& key, std::string_view payload) {
    std::string header = R"({"alg": ")";
    header.append(algorithm_name(key.algorithm())).append(R"(", "typ": "JWT")");
    if (!key.id().empty()) {
        const Json id(json_stringn(key.id().data(), key.id().size()));
        char* quoted = id ? json_dumps(id.get(), JSON_ENCODE_ANY) : nullptr;
        if (quoted == nullptr) return Error{"the name of a key is UTF-8"};
        header.append(R"(, "kid": )").append(quoted);
        std::free(quoted);
    }
    header += "}";
    std::string token = base64url_encode(as_bytes(header)) + "." + base64url_encode(as_bytes(payload));
    const auto signature = key.sign(token);
    if (!signature) return signature.error();
    return token + "." + base64url_encode(as_bytes(*signature));
}

}  // namespace marmoset::auth
