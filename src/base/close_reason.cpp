#include "base/close_reason.h"

namespace marmoset {

namespace {

constexpr CloseReasonInfo kReasons[] = {
#define REASON(name, text, status, code, is_error) {#name, text, status, code, is_error},
#include "base/close_reason.def"
#undef REASON
};

}  // namespace

const size_t kCloseReasonCount = sizeof kReasons / sizeof kReasons[0];

const CloseReasonInfo& describe(CloseReason reason) {
    return kReasons[static_cast<size_t>(reason)];
}

}  // namespace marmoset
