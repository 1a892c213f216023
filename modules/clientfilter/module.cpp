// clientfilter: who may connect. In: the addresses of clients. Out: those that allow and deny keep out are
// closed at the accept, before a byte of theirs is read. Behind a trusted proxy it is the client's own
// address that counts: that of the PROXY header before TLS begins, that of X-Forwarded-For or Forwarded for
// each request (403).
#include <array>
#include <memory>

#include "http/forwarding.h"
#include "log/logger.h"
#include "module/adapter.h"
#include "net/address_set.h"
#include "net/connection.h"

namespace marmoset::clientfilter {

class ClientFilter final {
  public:
    static constexpr const char* kName = "clientfilter";
    static constexpr const char* kHelp = "lets clients in, or keeps them out, by their addresses";
    static constexpr module::Phase kPhase = module::Phase::Connection;
    static constexpr uint8_t kOrder = 10;  // before tls: who is kept out costs no handshake
    static constexpr std::array kKeys = {
        config::Key{.name = "allow",
                    .type = config::Type::StringList,
                    .default_text = nullptr,
                    .help =
                        "Who may connect: addresses, networks (10.0.0.0/8, 2001:db8::/32), patterns of whole "
                        "parts (10.0.0.*), unix, or * for everybody. Set without deny: nobody else."},
        config::Key{.name = "deny",
                    .type = config::Type::StringList,
                    .default_text = nullptr,
                    .help = "Who may not; a bare * only those that allow does not name."},
        config::Key{.name = "denylast",
                    .type = config::Type::Boolean,
                    .default_text = "false",
                    .help = "Whether allow wins where both name the client."},
    };

    static Result<std::unique_ptr<ClientFilter>> create(const module::Context& context,
                                                        const config::Section& section) {
        auto allow = net::AddressSet::parse(section.strings("allow"));
        if (!allow) return section.error("allow", allow.error().text);
        auto deny = net::AddressSet::parse(section.strings("deny"));
        if (!deny) return section.error("deny", deny.error().text);
        auto filter = std::make_unique<ClientFilter>();
        filter->rule_ = {allow.take(), deny.take(), section.boolean("denylast")};
        filter->forwarding_ = context.forwarding;
        return filter;
    }

    Result<void> start(module::Worker& worker) {
        loop_ = &worker.loop;
        return {};
    }

    std::unique_ptr<net::Transport> wrap(std::unique_ptr<net::Transport> inner, const net::Address& peer) {
        if (!in_requests(peer) && !permits(peer)) return nullptr;
        return inner;
    }

    http::Verdict on_request(http::Exchange& exchange) {
        if (!in_requests(exchange.connection().peer()) || permits(exchange.remote()))
            return http::Verdict::next();
        return http::Verdict::fail(403);
    }

  private:
    /// The connection is a proxy's, and each of its requests tells whose it is.
    bool in_requests(const net::Address& peer) const { return forwarding_ && forwarding_->in_requests(peer); }

    bool permits(const net::Address& client) {
        if (rule_.permits(client)) return true;
        loop_->counters().add(Counter::ClientsRefused);
        if (log_limit_.permit(loop_->now()))
            log::info("clientfilter: {} refused{}", client.text(), log_limit_.suffix());
        return false;
    }

    net::AddressRule rule_;
    const http::Forwarding* forwarding_ = nullptr;
    net::Loop* loop_ = nullptr;
    log::RateLimit log_limit_;
};

}  // namespace marmoset::clientfilter

using ClientFilterModule = marmoset::clientfilter::ClientFilter;
MARMOSET_MODULE(ClientFilterModule, clientfilter)
