#include "auth/one_time.h"

#include <algorithm>
#include <vector>

#include "base/base64.h"
#include "base/digest.h"
#include "base/random.h"

namespace marmoset::auth {

std::string random_text(size_t bytes) {
    std::vector<uint8_t> data(std::max<size_t>(bytes, 16));
    random_bytes(data);
    return base64url_encode(data);
}

std::string fingerprint(std::string_view text) {
    return base64url_encode(as_bytes(digest(DigestAlgorithm::Sha256, {text})));
}

}  // namespace marmoset::auth
