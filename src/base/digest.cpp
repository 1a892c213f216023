// The only file that knows how the two mbedTLS generations spell their digests.
#include "base/digest.h"

#include <mbedtls/md.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>

#include <cstdlib>

#include "base/secret.h"

// 3.x marks the members of its structures so; 2.28 has them plain.
#ifndef MBEDTLS_PRIVATE
#define MBEDTLS_PRIVATE(member) member
#endif

namespace marmoset {

namespace {

// The software implementations cannot fail; going on with an unset digest would be worse than stopping.
void must(int error) {
    if (error != 0) std::abort();
}

int sha512_starts(mbedtls_sha512_context* context) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_sha512_starts(context, 0);
#else
    return mbedtls_sha512_starts_ret(context, 0);
#endif
}
int sha512_update(mbedtls_sha512_context* context, const uint8_t* data, size_t size) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_sha512_update(context, data, size);
#else
    return mbedtls_sha512_update_ret(context, data, size);
#endif
}
int sha512_finish(mbedtls_sha512_context* context, uint8_t* out) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_sha512_finish(context, out);
#else
    return mbedtls_sha512_finish_ret(context, out);
#endif
}

// SHA-512/256 (FIPS 180-4 6.7) is SHA-512 with other initial values (5.3.6.2), cut to 256 bits. mbedTLS has
// no name for it, but lets its initial values be replaced.
constexpr uint64_t kSha512_256Start[8] = {
    0x22312194fc2bf72c, 0x9f555fa3c84c64c2, 0x2393b86b6f53b151, 0x963877195940eabd,
    0x96283ee2a88effe3, 0xbe5e1e2553863992, 0x2b0199fc2c85b8aa, 0x0eb72ddc81c52ca2,
};

class Sha512_256 {
  public:
    Sha512_256() {
        mbedtls_sha512_init(&context_);
        must(sha512_starts(&context_));
        std::memcpy(context_.MBEDTLS_PRIVATE(state), kSha512_256Start, sizeof kSha512_256Start);
    }
    Sha512_256(const Sha512_256&) = delete;
    Sha512_256& operator=(const Sha512_256&) = delete;
    ~Sha512_256() { mbedtls_sha512_free(&context_); }

    void update(std::string_view part) { must(sha512_update(&context_, as_bytes(part).data(), part.size())); }
    std::string finish() {
        uint8_t whole[64];
        must(sha512_finish(&context_, whole));
        return std::string(as_text({whole, 32}));
    }

  private:
    mbedtls_sha512_context context_;
};

mbedtls_md_type_t md_type(DigestAlgorithm algorithm) {
    switch (algorithm) {
        case DigestAlgorithm::Md5:
            return MBEDTLS_MD_MD5;
        case DigestAlgorithm::Sha1:
            return MBEDTLS_MD_SHA1;
        case DigestAlgorithm::Sha512:
            return MBEDTLS_MD_SHA512;
        case DigestAlgorithm::Sha256:
        case DigestAlgorithm::Sha512_256:
            break;
    }
    return MBEDTLS_MD_SHA256;
}

class Named {
  public:
    explicit Named(DigestAlgorithm algorithm) : size_(digest_size(algorithm)) {
        mbedtls_md_init(&context_);
        must(mbedtls_md_setup(&context_, mbedtls_md_info_from_type(md_type(algorithm)), 0));
        must(mbedtls_md_starts(&context_));
    }
    Named(const Named&) = delete;
    Named& operator=(const Named&) = delete;
    ~Named() { mbedtls_md_free(&context_); }

    void update(std::string_view part) {
        must(mbedtls_md_update(&context_, as_bytes(part).data(), part.size()));
    }
    std::string finish() {
        uint8_t out[MBEDTLS_MD_MAX_SIZE];
        must(mbedtls_md_finish(&context_, out));
        return std::string(as_text({out, size_}));
    }

  private:
    mbedtls_md_context_t context_;
    size_t size_;
};

template <typename Hash>
std::string finish(Hash& hash, std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts)
        hash.update(part);
    return hash.finish();
}

// Digest of `first` with `parts` behind it.
std::string digest_behind(DigestAlgorithm algorithm, std::string_view first,
                          std::initializer_list<std::string_view> parts) {
    if (algorithm == DigestAlgorithm::Sha512_256) {
        Sha512_256 hash;
        hash.update(first);
        return finish(hash, parts);
    }
    Named hash(algorithm);
    hash.update(first);
    return finish(hash, parts);
}

}  // namespace

std::array<uint8_t, 20> sha1(Bytes data) {
    std::array<uint8_t, 20> digest;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    const int error = mbedtls_sha1(data.data(), data.size(), digest.data());
#else
    const int error = mbedtls_sha1_ret(data.data(), data.size(), digest.data());
#endif
    must(error);
    return digest;
}

size_t digest_size(DigestAlgorithm algorithm) {
    switch (algorithm) {
        case DigestAlgorithm::Md5:
            return 16;
        case DigestAlgorithm::Sha1:
            return 20;
        case DigestAlgorithm::Sha512:
            return 64;
        case DigestAlgorithm::Sha256:
        case DigestAlgorithm::Sha512_256:
            break;
    }
    return 32;
}

std::string digest(DigestAlgorithm algorithm, std::initializer_list<std::string_view> parts) {
    return digest_behind(algorithm, {}, parts);
}

std::string hmac(DigestAlgorithm algorithm, std::string_view key,
                 std::initializer_list<std::string_view> parts) {
    const bool wide = algorithm == DigestAlgorithm::Sha512 || algorithm == DigestAlgorithm::Sha512_256;
    std::string inner = key.size() > (wide ? 128u : 64u) ? digest(algorithm, {key}) : std::string(key);
    inner.resize(wide ? 128 : 64, '\0');
    std::string outer = inner;
    for (char& c : inner)
        c = static_cast<char>(c ^ 0x36);
    for (char& c : outer)
        c = static_cast<char>(c ^ 0x5c);
    const std::string first = digest_behind(algorithm, inner, parts);
    std::string result = digest(algorithm, {outer, first});
    wipe(inner);
    wipe(outer);
    return result;
}

}  // namespace marmoset
