// What a chat name may look like. In: what a client asked for, or a user's name. Out: a name that can stand
// in a line and be told from others: 1 to 30 bytes of UTF-8 without spaces, controls and invisible
// characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chat {

inline constexpr size_t kMaxName = 30;            // bytes
inline constexpr unsigned kMaxNumber = 999;       // of the numbers behind a taken name
inline constexpr size_t kMaxRoomName = 64;        // bytes
inline constexpr std::string_view kNobody = "-";  // stands where a sender has no name; nobody is called so

bool is_utf8(std::string_view text);

/// The first `bytes` bytes, or fewer: cut between characters. `text` is UTF-8.
std::string_view cut_utf8(std::string_view text, size_t bytes);

/// What is left of `wanted` as a name: up to the first space, newline or NUL, without what does not show, cut
/// to 30 bytes. Empty: nothing.
std::string clean_name(std::string_view wanted);

/// `name` is one as it stands.
bool is_name(std::string_view name);

/// The name of a user who has signed in, as near as a name can be: what a name may not have becomes '_'.
std::string name_of_user(std::string_view user);

/// `name` with three digits behind it, its end cut off where that makes more than 30 bytes.
std::string numbered(std::string_view name, unsigned number);

/// `text` can be a room's name: valid UTF-8, no control characters, at most 64 bytes. Empty is one.
bool is_room_name(std::string_view text);

/// '#' and six hexadecimal digits; true, and the digits made small.
bool take_colour(std::string_view text, std::string& colour);

}  // namespace chat
