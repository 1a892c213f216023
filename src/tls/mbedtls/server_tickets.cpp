#include "tls/mbedtls/server_tickets.h"

#include <mbedtls/gcm.h>

#include <cstring>

#include "tls/mbedtls/random.h"
#include "tls/mbedtls/ticket_use.h"

namespace marmoset::tls::mbedtls {

namespace {

// A ticket: the key's name, a nonce, then by AES-256-GCM the time (seconds, big endian) and the session as
// mbedTLS writes it, and the tag. Authenticated with it: name, nonce, scope.
constexpr size_t kName = 16;
constexpr size_t kNonce = 12;
constexpr size_t kTag = 16;
constexpr size_t kTime = 8;
constexpr size_t kHead = kName + kNonce;
constexpr size_t kOverhead = kHead + kTime + kTag;

class Cipher {
  public:
    explicit Cipher(const TicketKey& key) {
        mbedtls_gcm_init(&gcm_);
        usable_ = mbedtls_gcm_setkey(&gcm_, MBEDTLS_CIPHER_ID_AES, key.cipher.data(),
                                     static_cast<unsigned>(key.cipher.size() * 8)) == 0;
    }
    ~Cipher() { mbedtls_gcm_free(&gcm_); }
    Cipher(const Cipher&) = delete;
    Cipher& operator=(const Cipher&) = delete;

    bool seal(uint8_t* ticket, size_t size, const uint8_t* added, size_t added_size) {
        return usable_ && mbedtls_gcm_crypt_and_tag(&gcm_, MBEDTLS_GCM_ENCRYPT, size, ticket + kName, kNonce,
                                                    added, added_size, ticket + kHead, ticket + kHead, kTag,
                                                    ticket + kHead + size) == 0;
    }
    bool open(uint8_t* ticket, size_t size, const uint8_t* added, size_t added_size) {
        return usable_ &&
               mbedtls_gcm_auth_decrypt(&gcm_, size, ticket + kName, kNonce, added, added_size,
                                        ticket + kHead + size, kTag, ticket + kHead, ticket + kHead) == 0;
    }

  private:
    mbedtls_gcm_context gcm_;
    bool usable_;
};

std::array<uint8_t, kHead + 32> added_data(const uint8_t* ticket, const std::array<uint8_t, 32>& scope) {
    std::array<uint8_t, kHead + 32> added;
    std::memcpy(added.data(), ticket, kHead);
    std::memcpy(added.data() + kHead, scope.data(), scope.size());
    return added;
}

}  // namespace

ServerTickets::ServerTickets(std::shared_ptr<TicketKeys> keys, const std::array<uint8_t, 32>& scope)
    : keys_(std::move(keys)), scope_(scope) {}

void ServerTickets::install(mbedtls_ssl_config& config) {
    mbedtls_ssl_conf_session_tickets_cb(&config, write, parse, this);
}

int ServerTickets::write(void* context, const mbedtls_ssl_session* session, unsigned char* start,
                         const unsigned char* end, size_t* size, uint32_t* lifetime) {
    auto& self = *static_cast<ServerTickets*>(context);
    *size = 0;
    *lifetime = static_cast<uint32_t>(self.keys_->lifetime_s());
    const auto room = static_cast<size_t>(end - start);
    if (room < kOverhead) return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    TicketKey key;
    if (!self.keys_->newest(key)) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    std::memcpy(start, key.name.data(), kName);
    if (const int status = random_bytes(nullptr, start + kName, kNonce); status != 0) return status;
    store_big<uint64_t>(start + kHead, TicketKeys::now_s());
    size_t session_size = 0;
    const int status =
        mbedtls_ssl_session_save(session, start + kHead + kTime, room - kOverhead, &session_size);
    if (status != 0) return status;
    const auto added = added_data(start, self.scope_);
    const bool sealed = Cipher(key).seal(start, kTime + session_size, added.data(), added.size());
    explicit_bzero(&key, sizeof key);
    if (!sealed) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    *size = kOverhead + session_size;
    return 0;
}

int ServerTickets::parse(void* context, mbedtls_ssl_session* session, unsigned char* ticket, size_t size) {
    auto& self = *static_cast<ServerTickets*>(context);
    if (size < kOverhead) return MBEDTLS_ERR_SSL_INVALID_MAC;
    TicketKey key;
    bool replaced = false;
    if (!self.keys_->find({ticket, kName}, key, replaced)) return MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED;
    const auto added = added_data(ticket, self.scope_);
    const size_t sealed = size - kHead - kTag;
    const bool opened = Cipher(key).open(ticket, sealed, added.data(), added.size());
    explicit_bzero(&key, sizeof key);
    if (!opened) return MBEDTLS_ERR_SSL_INVALID_MAC;
    const uint64_t made_s = load_big<uint64_t>(ticket + kHead);
    if (TicketKeys::now_s() >= made_s + self.keys_->lifetime_s())
        return MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED;
    const int status = mbedtls_ssl_session_load(session, ticket + kHead + kTime, sealed - kTime);
    if (status == 0) TicketUse::taken();
    return status;
}

}  // namespace marmoset::tls::mbedtls
