// Sign-outs that a restart must not forget: a file of lines «session expiry», session in hexadecimal digits,
// expiry in seconds since 1970. In: sessions that are over. Out: the same after a restart. Calls block, from
// any thread and several processes: writers lock the file.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace marmoset::auth_module {

struct Revocation {
    std::array<uint8_t, 16> session{};
    int64_t expires = 0;  ///< when the session would have ended by itself
};

class RevocationFile {
  public:
    explicit RevocationFile(std::string path) : path_(std::move(path)) {}

    const std::string& path() const { return path_; }

    /// All that have not expired; the others are taken out of the file, for which a new one takes its place.
    /// A missing file is made. Lines that are none (the machine has lost its power) are passed over.
    Result<std::vector<Revocation>> load(int64_t now);
    /// One more, on the disk when the call returns. EFBIG: there are too many that have not expired.
    Result<void> append(const Revocation& revocation, int64_t now);

  private:
    const std::string path_;
};

}  // namespace marmoset::auth_module
