// What a server's TLS is asked for, in words that every library understands.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tls/cipher_suite.h"
#include "tls/ticket_keys.h"

namespace marmoset::tls {

struct ServerOptions {
    struct KeyPair {
        std::string certificate_file;  ///< PEM or DER: the server's own first, then those that signed it
        std::string key_file;          ///< may be the same file
    };
    enum class Version : uint8_t { Tls12, Tls13 };
    enum class ClientCertificate : uint8_t {
        None,      ///< not asked for
        Optional,  ///< asked for; one that is shown must be good
        Required,
    };

    std::vector<KeyPair> pairs;  ///< at least one
    std::string chain_file;      ///< authorities: of the server's certificates and of the clients'
    std::string dh_file;         ///< parameters of Diffie-Hellman, PEM
    Version minimum = Version::Tls12;
    std::vector<const CipherSuite*> suites;  ///< in order of preference; empty: the default ones
    ClientCertificate client_certificate = ClientCertificate::None;
    std::vector<std::string> ocsp_files;  ///< responses to be stapled, DER
    uint64_t handshake_timeout_ms = 10000;
    std::shared_ptr<TicketKeys> ticket_keys;  ///< null: no tickets
};

/// What is wrong with the options: the configuration's key that says it, and one line.
struct OptionFault {
    const char* key = "";
    std::string text;
};

}  // namespace marmoset::tls
