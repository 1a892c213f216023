// The params of a JSON-RPC 2.0 call (its section 4.2): by name or by position, made into one form. In:
// params, the names in the order of their positions. Out: an object, or what is wrong with them.
#pragma once

#include <span>

#include "base/json.h"

namespace marmoset::jsonrpc {

/// Whether members that are not among the names are an error, or left out.
enum class OtherMembers : uint8_t { Refused, LeftOut };

/// A new object with the given params that are not null. `params` may be null: there are none.
Result<Json> named_params(const json_t* params, std::span<const char* const> names, OtherMembers others);

}  // namespace marmoset::jsonrpc
