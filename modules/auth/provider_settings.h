// The keys of type oAuth2. In: the group as the file has it. Out: which provider is asked, and how; or an
// error with file and line.
#pragma once

#include <memory>
#include <string>

#include "auth/openid_connect.h"
#include "base/result.h"
#include "claims.h"
#include "config/section.h"
#include "tls/mbedtls/client_context.h"

namespace marmoset::auth_module {

struct ProviderSettings {
    std::string discovery;  ///< URL; empty: no OpenID Connect, but OAuth 2.0 with the endpoints below
    std::string issuer;     ///< of OpenID Connect: what stands in the document and in ID tokens, byte by byte
    auth::OpenIdProvider endpoints;  ///< of OAuth 2.0
    auth::OpenIdClient client;       ///< redirect_uri empty: it is made of the request's scheme and Host
    ClaimRules rules;
    uint64_t timeout_ms = 10'000;                      ///< of each question
    std::shared_ptr<const tls::mbedtls::Context> tls;  ///< null: no https: URL is asked

    bool openid() const { return !discovery.empty(); }
};

/// Of a group whose type is oAuth2. Reads the CA file: blocks.
Result<ProviderSettings> read_provider(const config::Section& section);

/// An error if a key that means something to read_provider() only is set.
Result<void> refuse_provider_keys(const config::Section& section);

/// Of type oAuth2, auth_ep and token_ep are the provider's where they are URLs, as ouistiti has it.
bool is_url(std::string_view text);

}  // namespace marmoset::auth_module
