// The methods of authrpc: who one is, and the changes of users that follow from it. In: calls with their
// connections. Out: answers, lines for the log. Blocks on the database and on hashes of passwords;
// thread-safe but for one Connection in two threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/password_check.h"
#include "auth/sqlite_store.h"
#include "auth/throttle.h"
#include "connection.h"
#include "jsonrpc/answer.h"
#include "jsonrpc/line_limit.h"
#include "settings.h"

namespace marmoset::authrpc {

using jsonrpc::Answer;
using jsonrpc::Refusal;

enum class Level : uint8_t { Error, Warning, Info };
using Log = std::function<void(Level, const std::string&)>;
/// Monotonic milliseconds.
using Clock = std::function<uint64_t()>;

/// Who calls, according to the database as it is now.
struct Identity {
    enum class Source : uint8_t { Nobody, Gateway, Auth } source = Source::Nobody;
    std::string name;
    std::optional<auth::User> user;  ///< nullopt: the gateway's, and the database does not know it
    bool administrator = false;

    bool known() const { return source != Source::Nobody; }
};

class Service {
  public:
    /// Opens the database. The thread that calls is in the process that is to use it.
    static Result<std::unique_ptr<Service>> open(Settings settings, Log log,
                                                 Clock clock = jsonrpc::monotonic_ms);

    // Params have been made named ones (jsonrpc/named_params.h).
    Answer auth(Connection& connection, const json_t* params);
    Answer passwd(Connection& connection, const json_t* params);
    Answer adduser(Connection& connection, const json_t* params);
    Answer rmuser(Connection& connection, const json_t* params);
    Answer whoami(Connection& connection, const json_t* params);
    Answer signout(Connection& connection, const json_t* params);
    Answer listusers(Connection& connection, const json_t* params);
    Answer listgroups(Connection& connection, const json_t* params);
    Answer moduser(Connection& connection, const json_t* params);

  private:
    Service(Settings settings, std::shared_ptr<auth::SqliteStore> store, Log log, Clock clock);

    /// The user whose name and password these are, counted and logged; or the refusal. A password alone is
    /// not enough for a user with a second factor, but for one who is that user at the gate already.
    std::optional<auth::User> verify(const Connection& connection, const std::string& name,
                                     const std::string& password, Refusal& refusal);
    /// False: the database could not be asked.
    bool identify(Connection& connection, Identity& identity, Refusal& refusal);
    /// identify(), and an administrator.
    bool administrator(Connection& connection, Identity& identity, const char* method, Refusal& refusal);
    bool hash(const std::string& name, const std::string& stored_before, const std::string& password,
              std::string& stored, Refusal& refusal) const;
    Refusal failed(const Error& error) const;
    Refusal denied(const Connection& connection, const Identity& identity, const char* method) const;
    void log_change(const Connection& connection, const std::string& who, const std::string& what) const;

    const Settings settings_;
    std::shared_ptr<auth::SqliteStore> store_;
    auth::PasswordCheck check_;
    SharedTable failures_;
    auth::Throttle throttle_;
    const Log log_;
    const Clock now_ms_;
    mutable jsonrpc::LineLimit denied_limit_;
};

/// Which digest a stored password is of, in ouistiti's words; "" for all other forms, which it does not know.
const char* algorithm_name(const auth::User& user);

/// What of a textual address the throttle counts: of IPv6 the network of 64 bits. Empty where it is not
/// known: all clients of such a socket would be one.
std::string throttle_source(const std::string& address);

}  // namespace marmoset::authrpc
