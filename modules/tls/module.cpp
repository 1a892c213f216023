// tls: the clients of a `servers` entry speak TLS. In: accepted connections. Out: the same as transports that
// encrypt. Certificates and keys are read before the workers are forked and drop their privileges, anew at
// each reload; the keys of session tickets lie in memory that all workers share and that reloads keep.
#include <memory>
#include <string>

#include "library.h"
#include "module/adapter.h"
#include "settings.h"
#include "tls/ticket_keys.h"

namespace marmoset::tls_module {

class TlsModule final {
  public:
    static constexpr const char* kName = "tls";
    static constexpr const char* kHelp = "encrypts connections: https and wss";
    static constexpr module::Phase kPhase = module::Phase::Connection;
    static constexpr uint8_t kOrder = 50;
    static constexpr auto& kKeys = tls_module::kKeys;

    static Result<std::unique_ptr<TlsModule>> create(const module::Context& context,
                                                     const config::Section& section) {
        auto options = read_options(section);
        if (!options) return options.error();
        const std::string_view library = section.string("library");
        const MakeServerContext make = find_library(library);
        if (!make) {
            return section.error("library", "this server was built without " + std::string(library) +
                                                "; expected \"mbedtls\"");
        }
        if (section.boolean("tickets") && context.store) {
            // Sessions are of one entry, and of one library: each writes its own kind of ticket.
            const std::string name = "tls " + std::string(library) + " " + context.entry;
            options->ticket_keys =
                std::make_shared<tls::TicketKeys>(context.store->get(name, tls::TicketKeys::shared_size()),
                                                  section.milliseconds("ticket_lifetime") / 1000);
        }
        tls::OptionFault fault;
        auto made = make(*options, fault);
        if (!made) return section.error(fault.key, fault.text);
        auto tls = std::make_unique<TlsModule>();
        tls->context_ = std::move(made);
        return tls;
    }

    std::unique_ptr<net::Transport> wrap(std::unique_ptr<net::Transport> inner, const net::Address&) {
        return context_->accept(std::move(inner));
    }

  private:
    std::shared_ptr<tls::ServerContext> context_;
};

}  // namespace marmoset::tls_module

MARMOSET_MODULE(marmoset::tls_module::TlsModule, tls)
