// The cipher suites that can be asked for, by whichever name, whatever library makes them. In: a list of
// names. Out: rows of the table. What is not in it (no forward secrecy, no encryption, RC4, 3DES) can't be
// had.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace marmoset::tls {

struct CipherSuite {
    enum class Use : uint8_t {
        Default,    ///< ECDHE (or TLS 1.3) with an AEAD cipher
        WithDhe,    ///< by default where there are Diffie-Hellman parameters
        OnRequest,  ///< only when it is named: CBC modes
    };
    uint16_t number;  ///< IANA's
    bool tls13;       ///< of TLS 1.3, else of 1.2
    Use use;
    const char* name;          ///< IANA's: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    const char* openssl_name;  ///< "ECDHE-RSA-AES128-GCM-SHA256"
};

/// nullptr: not in the table.
const CipherSuite* find_cipher_suite(uint16_t number);

/// Names of either kind, without case, in order of preference, separated by colons, commas or spaces. An
/// error tells the name that is none.
Result<std::vector<const CipherSuite*>> parse_cipher_suites(std::string_view list);

/// What is used when none are named.
std::vector<const CipherSuite*> default_cipher_suites(bool with_dhe);

}  // namespace marmoset::tls
