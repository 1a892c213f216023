#include "provider_settings.h"

#include <algorithm>

#include "auth/user.h"

namespace marmoset::auth_module {

namespace {

constexpr std::string_view kWellKnown = "/.well-known/openid-configuration";

Result<std::string> read_url(const config::Section& section, const char* key) {
    std::string url(section.string(key));
    if (!auth::is_provider_url(url))
        return section.error(key, "expected an https: URL (http: of this machine alone)");
    return url;
}

// The place of the discovery document and the issuer tell each other.
Result<void> read_openid(const config::Section& section, ProviderSettings& settings) {
    for (const char* key : {"auth_ep", "token_ep"}) {
        if (is_url(section.string(key)))
            return section.error(key, "the discovery document tells it; expected a path of this server");
    }
    if (section.has("userinfo_ep"))
        return section.error("userinfo_ep", "the discovery document tells it; expected without discovery");
    const char* const key = section.has("discovery") ? "discovery" : "issuer";
    auto url = read_url(section, key);
    if (!url) return url.error();
    settings.issuer = section.string("issuer");
    settings.discovery = key == std::string_view("issuer") ? auth::openid_discovery_url(*url) : *url;
    if (settings.issuer.empty() && url->ends_with(kWellKnown))
        settings.issuer = url->substr(0, url->size() - kWellKnown.size());
    if (settings.issuer.empty()) {
        return section.error("issuer",
                             "not set; expected, as discovery does not end in " + std::string(kWellKnown));
    }
    return {};
}

Result<void> read_plain(const config::Section& section, ProviderSettings& settings) {
    const std::pair<const char*, std::string*> places[] = {
        {"auth_ep", &settings.endpoints.authorization_endpoint},
        {"token_ep", &settings.endpoints.token_endpoint},
        {"userinfo_ep", &settings.endpoints.userinfo_endpoint}};
    for (const auto& [key, place] : places) {
        if (!is_url(section.string(key)) && key != std::string_view("userinfo_ep")) {
            return section.error("discovery",
                                 "not set; expected it, or the URLs auth_ep, token_ep and userinfo_ep of a "
                                 "provider that knows no OpenID Connect");
        }
        auto url = read_url(section, key);
        if (!url) return url.error();
        *place = url.take();
    }
    return {};
}

Result<void> read_rules(const config::Section& section, ClaimRules& rules) {
    rules.name = section.string("name_claim");
    rules.group = section.string("group_claim");
    rules.other_group = section.string("group");
    if (rules.name.empty()) return section.error("name_claim", "is empty");
    const auto groups = section.strings("groups");
    if (rules.group.empty() != groups.empty()) {
        return section.error(rules.group.empty() ? "group_claim" : "groups",
                             "not set; group_claim and groups go together: nobody is in a group here by a "
                             "provider's word alone");
    }
    for (const std::string& entry : groups) {
        const size_t equals = entry.rfind('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == entry.size() ||
            !auth::is_valid_user_field(entry.substr(equals + 1)))
            return section.error("groups", "\"" + entry + "\"; expected \"the provider's group=ours\"");
        rules.groups.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return {};
}

Result<void> read_client(const config::Section& section, ProviderSettings& settings) {
    auth::OpenIdClient& client = settings.client;
    client.id = section.has("client_id") ? section.string("client_id") : section.string("realm");
    if (client.id.empty())
        return section.error("client_id", "not set; expected the name this server has at the provider");
    client.secret = section.string("client_passwd");
    client.scope = settings.openid() ? "openid profile" : "";
    if (section.has("scope")) client.scope = section.string("scope");
    const std::string words = " " + client.scope + " ";
    if (settings.openid() && words.find(" openid ") == std::string::npos)
        return section.error("scope", "has no openid, without which there is no ID token");
    if (!section.has("redirect_uri")) return {};
    auto url = read_url(section, "redirect_uri");
    if (!url) return url.error();
    client.redirect_uri = url.take();
    return {};
}

bool is_secure(std::string_view url) {
    return url.starts_with("https://");
}

}  // namespace

bool is_url(std::string_view text) {
    return text.find("://") != std::string_view::npos;
}

Result<ProviderSettings> read_provider(const config::Section& section) {
    ProviderSettings settings;
    const bool openid = section.has("discovery") || section.has("issuer");
    const auto places = openid ? read_openid(section, settings) : read_plain(section, settings);
    if (!places) return places.error();
    for (const auto& step : {read_client(section, settings), read_rules(section, settings.rules)}) {
        if (!step) return step.error();
    }
    settings.timeout_ms = section.milliseconds("provider_timeout");
    const auto& endpoints = settings.endpoints;
    if (section.has("cachain") || is_secure(settings.discovery) || is_secure(endpoints.token_endpoint) ||
        is_secure(endpoints.userinfo_endpoint)) {
        auto made = tls::mbedtls::make_client_context({std::string(section.string("cachain")), false});
        if (!made) return section.error("cachain", made.error().text);
        settings.tls = made.take();
    }
    return settings;
}

Result<void> refuse_provider_keys(const config::Section& section) {
    constexpr const char* kOnly = "goes with type = \"oAuth2\" only";
    for (const char* key : {"discovery", "client_id", "client_passwd", "scope", "redirect_uri", "userinfo_ep",
                            "group_claim", "groups", "cachain"}) {
        if (section.has(key)) return section.error(key, kOnly);
    }
    // These have defaults, which a file may write down.
    const ProviderSettings defaults;
    if (section.string("name_claim") != defaults.rules.name) return section.error("name_claim", kOnly);
    if (section.milliseconds("provider_timeout") != defaults.timeout_ms)
        return section.error("provider_timeout", kOnly);
    return {};
}

}  // namespace marmoset::auth_module
