// Who may do what: rules of a role, a method and an expression of paths. In: a request's method and path, and
// its user. Out: whether a rule permits it; without one nothing is permitted. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/identity.h"

namespace marmoset::userfilter {

struct Rule {
    int64_t id = 0;
    std::string method;
    /// The name of a user or of a group, or one of: superuser, anonymous (nobody has signed in), *
    /// (everybody).
    std::string role;
    /// A pattern list (base/pattern.h) in which %u, %g and %h stand for the user, the group and the home.
    std::string expression;
};

/// Who asks.
struct Asker {
    std::string_view user, group, home;  ///< user empty: nobody has signed in
    bool superuser = false;
};

/// A rule's expression on a path. What replaces %u, %g and %h is itself: an alternative does not match where
/// that is empty, or has characters that mean something in patterns; nor where a user's or group's name has a
/// slash, which would lead to another's folder.
bool match_expression(std::string_view expression, std::string_view path, const Asker& asker);
/// The same for a server that has the path `name` and answers for `path` (base/pattern.h, match_server_path).
bool match_server_expression(std::string_view expression, std::string_view name, std::string_view path,
                             const Asker& asker);

class RuleSet {
  public:
    RuleSet() = default;
    explicit RuleSet(std::vector<Rule> rules) : rules_(std::move(rules)) {}

    /// A rule of GET permits HEAD as well (RFC 9110 9.3.2).
    bool permits(std::string_view method, std::string_view path, const Asker& asker) const;
    /// Whether a rule permits that the server `name` answers for `path`.
    bool permits_server(std::string_view method, std::string_view name, std::string_view path,
                        const Asker& asker) const;
    /// As they stand in the database.
    const std::vector<Rule>& all() const { return rules_; }

  private:
    std::vector<Rule> rules_;
};

}  // namespace marmoset::userfilter
