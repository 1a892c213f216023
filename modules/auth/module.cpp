// auth: the module's hooks. In: every request of the server, before any content module sees it. Out: requests
// with an identity, or answers that ask for one. What happens in between: gate.h.
#include <uv.h>

#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include "gate.h"
#include "keys.h"
#include "log/logger.h"
#include "module/adapter.h"

namespace marmoset::auth_module {

namespace {

// How much is remembered at a time, by all workers and all groups together: half of it before anything is
// refused for lack of room. Tickets live half a minute, nonces as configured, revocations as long as their
// sessions would have.
constexpr size_t kTickets = 65536;
constexpr size_t kNonces = 65536;
constexpr size_t kFailures = 131072;
constexpr size_t kRevocations = 65536;
constexpr size_t kCodes = 16384;

Tables make_tables(module::SharedState& shared) {
    using enum SharedTable::WhenFull;
    return {shared.table("auth.tickets", kTickets, Refuse), shared.table("auth.nonces", kNonces, Refuse),
            shared.table("auth.failures", kFailures, Forget),
            shared.table("auth.revocations", kRevocations, Refuse),
            shared.table("auth.codes", kCodes, Refuse)};
}

}  // namespace

class AuthModule final {
  public:
    static constexpr const char* kName = "auth";
    static constexpr const char* kHelp = "lets only users in who have signed in";
    static constexpr module::Phase kPhase = module::Phase::Access;
    static constexpr uint8_t kOrder = 100;
    static constexpr const auto& kKeys = auth_module::kKeys;

    static Result<std::unique_ptr<AuthModule>> create(const module::Context& context,
                                                      const config::Section& section) {
        auto settings = read_settings(context, section);
        if (!settings) return settings.error();
        auto tokens = Tokens::make(*settings);
        if (!tokens) return section.error("secret", tokens.error().text);
        const Tables tables = make_tables(*context.shared);
        for (const Revocation& one : std::exchange(settings->revoked, {})) {
            if (!Sessions::revoke(tables.revocations, one.session, uv_hrtime() / 1'000'000,
                                  one.expires - time(nullptr)))
                return section.error("revocations", "holds more sign-outs than there is room for");
        }
        const bool last = context.group_number + 1 == context.group_count;
        return std::unique_ptr<AuthModule>(new AuthModule(
            std::make_unique<Gate>(settings.take(), tokens.take(), tables, context.slot, last)));
    }

    Result<void> start(module::Worker& worker) { return gate_->start(worker); }
    void finish() { gate_->finish(); }
    http::Verdict on_request(http::Exchange& exchange) { return gate_->on_request(exchange); }
    void on_response(http::Exchange& exchange) { gate_->on_response(exchange); }
    void on_done(http::Exchange& exchange, bool /*aborted*/) { gate_->on_done(exchange); }

  private:
    explicit AuthModule(std::unique_ptr<Gate> gate) : gate_(std::move(gate)) {}

    std::unique_ptr<Gate> gate_;
};

}  // namespace marmoset::auth_module

MARMOSET_MODULE(marmoset::auth_module::AuthModule, auth)
