// The provider of type oAuth2, as one worker asks it: its discovery document and its keys, kept for an hour,
// and the exchange of a code for claims. In: codes that browsers have brought back. Out: claims that are
// verified. Every answer has a limit of size and time; so has the number of questions at a time.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/openid_connect.h"
#include "auth/token_key.h"
#include "base/json.h"
#include "http/client_call.h"
#include "net/loop.h"
#include "provider_settings.h"
#include "work_queue.h"

namespace marmoset::auth_module {

/// Questions to the provider that are under way.
class ProviderCalls {
  public:
    static constexpr size_t kMost = 8;

    /// Both outlive it.
    ProviderCalls(net::Loop& loop, const ProviderSettings& settings) : loop_(loop), settings_(settings) {}

    using Done = std::function<void(Result<http::ClientAnswer>)>;
    /// `done` is called later, on the loop: with an answer of status 200 or, with `any_status`, of any; or
    /// with what went wrong. An error: it was not begun, and nothing will be told; EBUSY: too many are under
    /// way.
    Result<void> ask(const std::string& url, http::ClientRequest request, bool any_status, Done done);
    /// What is under way is given up, and told to nobody; nothing more is begun.
    void close() {
        closed_ = true;
        calls_.clear();
    }

  private:
    net::Loop& loop_;
    const ProviderSettings& settings_;
    std::list<std::unique_ptr<http::ClientCall>> calls_;
    bool closed_ = false;
};

/// A document of the provider: fetched when it is asked for, once for all who wait; kept.
class ProviderDocument {
  public:
    static constexpr uint64_t kFreshMs = 3'600'000;
    static constexpr uint64_t kRetryMs = 5'000;     ///< after a failure it is not asked for again so soon
    static constexpr uint64_t kRefreshMs = 30'000;  ///< nor so soon again for something new in it

    /// Reads the text; an error leaves what was read before.
    using Take = std::function<Result<void>(std::string_view text)>;
    ProviderDocument(ProviderCalls& calls, net::Loop& loop, const char* name, Take take)
        : calls_(calls), loop_(loop), name_(name), take_(std::move(take)) {}

    /// There is one that need not be fetched: it is not old, or no other could be had a short while ago.
    bool ready() const { return fetched_ms_ != 0 && (age() < kFreshMs || has_failed()); }
    /// Whether to look for something new in it; true counts as a look.
    bool may_be_refreshed();

    using Done = std::function<void(bool usable)>;
    /// `done` is called later. False: it was tried a short while ago, or too many wait.
    bool fetch(const std::string& url, Done done);

  private:
    static constexpr size_t kMostWaiting = 256;
    void on_answer(const Result<http::ClientAnswer>& answer);
    uint64_t age() const { return loop_.now() - fetched_ms_; }
    bool has_failed() const { return failed_ms_ != 0 && loop_.now() - failed_ms_ < kRetryMs; }

    ProviderCalls& calls_;
    net::Loop& loop_;
    const char* const name_;  // for the log
    const Take take_;
    uint64_t fetched_ms_ = 0;  // 0: never
    uint64_t failed_ms_ = 0;   // 0: the last time was good
    uint64_t looked_ms_ = 0;   // for something new; 0: never
    std::vector<Done> waiting_;
};

class Provider {
  public:
    /// All outlive it; `pool` checks signatures.
    Provider(net::Loop& loop, const ProviderSettings& settings, WorkQueue& pool);

    const ProviderSettings& settings() const { return settings_; }

    /// What it says of itself; nullptr: find() it.
    const auth::OpenIdProvider* known() const;
    using Found = std::function<void(const auth::OpenIdProvider*)>;
    /// `found` is called later; with nullptr if it can't be had. False: it can't be had now.
    bool find(Found found);

    using Done = std::function<void(Result<Json> claims)>;
    /// Exchanges a code of an attempt for the user's claims: those of the ID token, and of userinfo where
    /// they are not enough. It has been found. `done` is called later, unless an error is returned. Errors of
    /// both: EACCES the provider refuses the code, EBUSY too much is asked already, ETIMEDOUT; else its
    /// answer is not to be believed.
    Result<void> redeem(const auth::OpenIdAttempt& attempt, const std::string& redirect_uri,
                        std::string_view code, Done done);

    void close() { calls_.close(); }

  private:
    struct Redemption {
        auth::OpenIdAttempt attempt;
        std::string id_token, access_token, subject;
        Json claims;
        Done done;
        bool keys_refreshed = false;
    };
    using Ref = std::shared_ptr<Redemption>;
    void on_tokens(const Ref& one, const Result<http::ClientAnswer>& answer);
    void fetch_keys(const Ref& one);
    void check_token(const Ref& one);
    void on_checked(const Ref& one, auth::TokenCheck check);
    void ask_userinfo(const Ref& one);
    void on_userinfo(const Ref& one, const Result<http::ClientAnswer>& answer);

    net::Loop& loop_;
    const ProviderSettings& settings_;
    WorkQueue& pool_;
    ProviderCalls calls_;
    std::optional<auth::OpenIdProvider> found_;
    std::shared_ptr<const auth::TokenKeySet> keys_;
    ProviderDocument discovery_, key_set_;
};

}  // namespace marmoset::auth_module
