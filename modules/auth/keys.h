// The keys of the `auth` group.
#pragma once

#include <array>

#include "config/schema.h"

namespace marmoset::auth_module {

inline constexpr std::array kKeys = {
    config::Key{
        .name = "type",
        .type = config::Type::String,
        .default_text = nullptr,
        .help = "How users prove who they are: Basic, Digest, Bearer (a token), wwwform (the page signin), "
                "oAuth2 (an OpenID or OAuth 2.0 provider), or None: everyone is user. Needed.",
        .choices = "Basic|Digest|Bearer|wwwform|oAuth2|None"},
    config::Key{.name = "authz",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Where users are kept: simple (user and passwd of this group), file, unix (the "
                        "system's), sqlite, jwt (tokens alone tell); unset: what the other keys name.",
                .choices = "simple|file|unix|sqlite|jwt"},
    config::Key{.name = "user",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "The one user (authz simple), or who everyone is (type None)."},
    config::Key{.name = "passwd",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Password of user, in clear or in any form of marmoset_passwd."},
    config::Key{.name = "group",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Group of user; of type oAuth2, of those whom group_claim puts into no other."},
    config::Key{
        .name = "home", .type = config::Type::String, .default_text = nullptr, .help = "Home of user."},
    config::Key{.name = "file",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Password file, lines of user:password:group:home; or the system's shadow file."},
    config::Key{
        .name = "dbname",
        .type = config::Type::String,
        .default_text = nullptr,
        .help = "SQLite database of users; made when missing, with one user whose password is shown once."},
    config::Key{.name = "realm",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "What is signed in to, shown to users and part of Digest's password forms; unset: "
                        "issuer, or the server's hostname."},
    config::Key{.name = "issuer",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Who issues tokens, and whose are accepted; of several joined by + all must stand in "
                        "them; unset: the realm. Of type oAuth2 the URL that the provider calls itself."},
    config::Key{.name = "opaque",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Text that Digest clients send back."},
    config::Key{.name = "algorithm",
                .type = config::Type::String,
                .default_text = "SHA-256",
                .help = "Hash of Digest.",
                .choices = "MD5|SHA-256|SHA-512-256|SHA-512"},
    config::Key{.name = "userhash",
                .type = config::Type::Boolean,
                .default_text = "false",
                .help = "Whether Digest clients may send the hash of a user's name instead of the name; "
                        "looking it up costs a walk over all users."},
    config::Key{.name = "nonce_expire",
                .type = config::Type::Seconds,
                .default_text = "300",
                .help = "How long a nonce of Digest is good.",
                .min = 1,
                .max = 86400},
    config::Key{.name = "secret",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "What tokens are signed with, 32 bytes or more; unset: secret_file, or a random one "
                        "that a restart forgets."},
    config::Key{.name = "secret_file",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "File that holds secret; made with a random one when missing, so that a restart ends "
                        "no session."},
    config::Key{.name = "token_key",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "PEM file of the key that tokens of others are signed with: RSA (RS256) or EC P-256 "
                        "(ES256), public key or certificate."},
    config::Key{.name = "audience",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "What must stand in the aud of tokens of others; unset: they have none."},
    config::Key{.name = "expire",
                .type = config::Type::Integer,
                .default_text = "30",
                .help = "Minutes that a session lasts from its sign-in on.",
                .min = 1,
                .max = 525600},
    config::Key{
        .name = "options",
        .type = config::Type::Words,
        .default_text = "",
        .help =
            "cookie: a sign-in sets session cookies; header: it answers with X-Auth-Token, and each answer "
            "with X-Remote-User, -Group and -Home; token: tokens are handed out at token_ep; totp: a sign-in "
            "needs a second factor; redirect: browsers are sent to signin; home: tells X-Remote-Home; "
            "management: those of the group root manage users at /mngt below auth_ep; jwt: without users "
            "tokens alone tell who one is, with them as token; chown: ouistiti's, refused.",
        .choices = "cookie|header|token|totp|redirect|home|management|jwt|chown"},
    config::Key{.name = "signin",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Page that browsers are sent to instead of 401; a path of this server, which needs "
                        "no sign-in itself."},
    config::Key{.name = "auth_ep",
                .type = config::Type::String,
                .default_text = "/auth",
                .help = "Where the gate itself answers: GET tells who one is, POST with a form signs in, "
                        "POST to /signout below it out, to /ticket hands out a ticket for a websocket. Of "
                        "type oAuth2 a URL is the provider's authorization endpoint."},
    config::Key{.name = "token_ep",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Where tokens are handed out (options token); unset: /token below auth_ep. Of type "
                        "oAuth2 a URL is the provider's token endpoint."},
    config::Key{.name = "protect",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Patterns of paths that need a sign-in whatever unprotect says; without one they are "
                        "403, and nobody is asked for it."},
    config::Key{.name = "unprotect",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Patterns of paths that need no sign-in; one with a ~ in it always does."},
    config::Key{.name = "discovery",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "URL of the discovery document of the OpenID provider where users sign in (type "
                        "oAuth2); unset: issuer with /.well-known/openid-configuration."},
    config::Key{.name = "client_id",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Name of this server at the provider; unset: realm."},
    config::Key{.name = "client_passwd",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Its password there; unset: it has none, and PKCE alone proves that it asks.",
                .alias = "client_secret"},
    config::Key{.name = "redirect_uri",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "URL of /callback below auth_ep as browsers reach it and the provider knows it; "
                        "unset: made of each request's scheme and Host."},
    config::Key{.name = "scope",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "What the provider is asked to tell; unset: openid profile, or nothing of a provider "
                        "without discovery."},
    config::Key{.name = "userinfo_ep",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "URL where a provider without discovery, whose auth_ep and token_ep are URLs too, "
                        "tells who a user is."},
    config::Key{.name = "name_claim",
                .type = config::Type::String,
                .default_text = "preferred_username",
                .help = "What of the provider's claims is the user's name; with users here (dbname, file) it "
                        "must be one of theirs."},
    config::Key{
        .name = "group_claim",
        .type = config::Type::String,
        .default_text = nullptr,
        .help = "What of the claims lists the user's groups; dots lead into claims: realm_access.roles."},
    config::Key{.name = "groups",
                .type = config::Type::StringList,
                .default_text = nullptr,
                .help = "Which of those groups are ours, [\"staff=users\"]; the first that fits counts, else "
                        "the key group."},
    config::Key{.name = "cachain",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "PEM file of the authorities that the provider's certificate is checked with; unset: "
                        "the system's."},
    config::Key{.name = "provider_timeout",
                .type = config::Type::Seconds,
                .default_text = "10",
                .help = "How long the provider may take for an answer.",
                .min = 1,
                .max = 120},
    config::Key{.name = "revocations",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "File that keeps sign-outs over a restart; unset: secret_file, or dbname, with "
                        ".revoked at its end."},
    config::Key{.name = "failures",
                .type = config::Type::Integer,
                .default_text = "10",
                .help = "Failed sign-ins of one address before it has to wait (429), longer each time; of "
                        "one user twice as many.",
                .min = 1,
                .max = 1000000},
    config::Key{.name = "throttle",
                .type = config::Type::Seconds,
                .default_text = "900",
                .help = "Longest such wait of an address; of a user a minute at most.",
                .min = 1,
                .max = 86400},
};

}  // namespace marmoset::auth_module
