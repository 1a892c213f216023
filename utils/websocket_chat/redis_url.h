// Where a backplane is: redis://[[user]:password@]host[:port][/channel]. In: text. Out: its parts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chat {

struct RedisUrl {
    std::string host;  ///< name or address; of IPv6 without its brackets
    uint16_t port = 6379;
    std::string channel = "marmoset-chat";
    std::string user, password;  ///< empty: none

    /// For logs: without user and password.
    std::string shown() const;
};

/// User, password and channel may be percent-encoded. Returns an empty string, or what is wrong, without a
/// word of the URL.
std::string parse_redis_url(std::string_view text, RedisUrl& url);

}  // namespace chat
