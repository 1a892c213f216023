// The way from a SubjectPublicKeyInfo in DER to a key; between token_key.cpp, which knows mbedTLS's keys, and
// token_key_set.cpp, which knows JSON.
#pragma once

#include "auth/token_key.h"

namespace marmoset::auth {

Result<std::shared_ptr<const TokenKey>> token_key_from_der(std::string_view der, std::string id);

}  // namespace marmoset::auth
