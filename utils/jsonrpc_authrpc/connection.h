// One client's connection: what the gateway says of the client, and the user that the client became by auth.
// In: nothing. Out: plain data. The server calls methods of one connection one after the other.
#pragma once

#include <string>
#include <utility>

#include "base/secret.h"

namespace marmoset::authrpc {

struct Connection {
    Connection(std::string user, std::string group, std::string address)
        : user(std::move(user)), group(std::move(group)), address(std::move(address)) {}

    const std::string user, group;  ///< of the session at the gate; empty: none
    const std::string address;      ///< without port; empty: not known

    /// By auth, on this connection; empty: none.
    std::string signed_in;
    /// The stored form of the password at that time: another one now ends it.
    Secret stored;

    void sign_out() {
        signed_in.clear();
        wipe(stored.text());
    }
};

}  // namespace marmoset::authrpc
