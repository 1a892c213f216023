#include "tls/openssl/server_tickets.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>

namespace marmoset::tls::openssl {

namespace {

// Where a context keeps its tickets.
int place() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

}  // namespace

ServerTickets::ServerTickets(std::shared_ptr<TicketKeys> keys) : keys_(std::move(keys)) {}

bool ServerTickets::install(SSL_CTX* context) {
    algorithm_.reset(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
    SSL_CTX_set_timeout(context, static_cast<long>(keys_->lifetime_s()));
    return algorithm_ && SSL_CTX_set_ex_data(context, place(), this) == 1 &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1;
}

int ServerTickets::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                             EVP_MAC_CTX* mac, int encrypt) {
    auto& self = *static_cast<ServerTickets*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), place()));
    return self.begin(name, iv, cipher, mac, encrypt == 1);
}

// 1: go on; 2: go on, and the client gets a new ticket; 0: no ticket, or not ours; -1: error.
int ServerTickets::begin(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                         bool encrypt) {
    TicketKey key;
    bool replaced = false;
    if (encrypt) {
        if (!keys_->newest(key)) return 0;
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(algorithm_.get())) != 1) return -1;
        std::memcpy(name, key.name.data(), key.name.size());
    } else if (!keys_->find({name, key.name.size()}, key, replaced)) {
        return 0;
    }
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    const bool set =
        EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
        EVP_CipherInit_ex2(cipher, algorithm_.get(), key.cipher.data(), iv, encrypt ? 1 : 0, nullptr) == 1;
    OPENSSL_cleanse(&key, sizeof key);
    return !set ? -1 : replaced ? 2 : 1;
}

}  // namespace marmoset::tls::openssl
