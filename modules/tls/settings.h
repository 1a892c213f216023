// The keys of the group tls. In: a section. Out: what the libraries are asked for.
#pragma once

#include <array>

#include "base/result.h"
#include "config/section.h"
#include "tls/server_options.h"

namespace marmoset::tls_module {

inline constexpr std::array kKeys = {
    config::Key{
        .name = "library",
        .type = config::Type::String,
        .default_text = "mbedtls",
        .help = "What does TLS: mbedtls (small, TLS 1.2), or openssl (fast, TLS 1.3) where the server was "
                "built with it.",
        .choices = "mbedtls|openssl"},
    config::Key{.name = "crtfile",
                .type = config::Type::StringList,
                .default_text = nullptr,
                .help =
                    "Certificates, PEM or DER, each followed by those that signed it. Of several the client "
                    "gets one for the name it asks for, and of a kind (RSA, ECDSA) it knows."},
    config::Key{.name = "keyfile",
                .type = config::Type::StringList,
                .default_text = nullptr,
                .help = "Their private keys, in the same order; unset: in the files of the certificates."},
    config::Key{.name = "cachain",
                .type = config::Type::String,
                .default_text = nullptr,
                .help =
                    "Certificates of authorities: those that continue the chain of crtfile are sent with it; "
                    "clients' certificates must be signed by one of them."},
    config::Key{.name = "dhmfile",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Diffie-Hellman parameters, for old clients without elliptic curves."},
    config::Key{.name = "minversion",
                .type = config::Type::String,
                .default_text = "1.2",
                .help = "Oldest version of TLS.",
                .choices = "1.2|1.3"},
    config::Key{.name = "ciphers",
                .type = config::Type::String,
                .default_text = nullptr,
                .help =
                    "Cipher suites, best first, by OpenSSL's or IANA's names with colons or commas between; "
                    "unset: ECDHE with AES-GCM or ChaCha20."},
    config::Key{.name = "tickets",
                .type = config::Type::Boolean,
                .default_text = "true",
                .help = "Whether clients may resume sessions, at any worker, by tickets."},
    config::Key{.name = "ticket_lifetime",
                .type = config::Type::Seconds,
                .default_text = "7200",
                .help = "How long a ticket is good; the keys change as often.",
                .min = 10,
                .max = 7 * 86400},
    config::Key{.name = "clientauth",
                .type = config::Type::String,
                .default_text = "none",
                .help =
                    "Whether clients show certificates: none are asked for; optional: those that are shown "
                    "must be good; required.",
                .choices = "none|optional|required"},
    config::Key{.name = "ocsp",
                .type = config::Type::StringList,
                .default_text = nullptr,
                .help =
                    "Files of OCSP responses (DER), sent with the certificates they are about; openssl only. "
                    "Fetching them is another program's task; SIGHUP reads them again."},
    config::Key{
        .name = "tls_handshake_timeout",
        .type = config::Type::Seconds,
        .default_text = "10",
        .help = "Time from the accept to the end of the TLS handshake; beyond it the connection is closed.",
        .min = 1,
        .max = 86400},
};

/// All but the ticket keys.
Result<tls::ServerOptions> read_options(const config::Section& section);

}  // namespace marmoset::tls_module
