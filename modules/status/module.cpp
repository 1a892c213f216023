// status: the counters of all workers on one path, for monitoring. In: GET or HEAD of `path`, or of it with
// .json behind. Out: Prometheus's text format or JSON, to the clients that the configuration lets read it.
#include <array>
#include <memory>
#include <string>

#include "clients.h"
#include "exposition.h"
#include "module/adapter.h"

namespace marmoset::status_module {

class StatusModule final {
  public:
    static constexpr const char* kName = "status";
    static constexpr const char* kHelp = "shows the counters of all workers, for monitoring";
    static constexpr module::Phase kPhase = module::Phase::Content;
    static constexpr uint8_t kOrder = 20;
    static constexpr std::array kKeys = {
        config::Key{.name = "path",
                    .type = config::Type::String,
                    .default_text = "/status",
                    .help = "The path of the page; with .json behind it, the same as JSON."},
        config::Key{.name = "clients",
                    .type = config::Type::String,
                    .default_text = "local",
                    .help =
                        "Who may read it: local (loopback and UNIX sockets, so everyone behind a proxy on "
                        "this machine that proxies does not list), any, or a list of addresses and networks: "
                        "local,192.0.2.0/24."},
    };

    static Result<std::unique_ptr<StatusModule>> create(const module::Context&,
                                                        const config::Section& section) {
        auto status = std::make_unique<StatusModule>();
        status->path_ = section.string("path");
        if (!status->path_.starts_with('/'))
            return section.error("path", "\"" + status->path_ + "\" does not begin with /");
        auto clients = Clients::parse(section.string("clients"));
        if (!clients) return section.error("clients", clients.error().text);
        status->clients_ = clients.take();
        return status;
    }

    Result<void> start(module::Worker& worker) {
        page_ = worker.loop.counter_page();
        return {};
    }

    http::Verdict on_request(http::Exchange& exchange) {
        const http::Request& request = exchange.request;
        const std::string_view path = request.path;
        if (!path.starts_with(path_)) return http::Verdict::next();
        const std::string_view suffix = path.substr(path_.size());
        if (!suffix.empty() && suffix != ".json") return http::Verdict::next();
        if (!clients_.permit(exchange.remote())) return http::Verdict::fail(403);
        if (request.method != http::Method::Get && request.method != http::Method::Head) {
            exchange.response.add("Allow", "GET, HEAD");
            return http::Verdict::fail(405);
        }
        if (!page_) return http::Verdict::fail(503);  // more workers than the page has slots
        const Format format =
            suffix.empty() ? choose_format(request.target.query, request.joined("accept")) : Format::Json;
        exchange.response.set("Cache-Control", "no-store");
        if (suffix.empty()) exchange.response.add("Vary", "Accept");
        return exchange.respond(200, content_type(format), write_counters(*page_, format));
    }

  private:
    std::string path_;
    Clients clients_;
    const CounterPage* page_ = nullptr;  // outlives the worker
};

}  // namespace marmoset::status_module

MARMOSET_MODULE(marmoset::status_module::StatusModule, status)
