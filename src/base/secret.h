// Memory that held a secret. In: the memory. Out: zeros, which no optimiser leaves out.
#pragma once

#include <cstring>
#include <string>

namespace marmoset {

/// Overwrites the text and empties it. Copies made before are the caller's affair.
inline void wipe(std::string& text) {
    ::explicit_bzero(text.data(), text.size());
    text.clear();
}

/// A text that is overwritten when it goes.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { wipe(text_); }

    std::string& text() { return text_; }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

}  // namespace marmoset
