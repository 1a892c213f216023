#include "module/dispatcher.h"

#include <algorithm>
#include <cstddef>

namespace marmoset::module {

Dispatcher::Dispatcher(std::vector<std::unique_ptr<Instance>> instances) : instances_(std::move(instances)) {
    std::stable_sort(instances_.begin(), instances_.end(), [](const auto& a, const auto& b) {
        if (a->module().phase != b->module().phase) return a->module().phase < b->module().phase;
        return a->module().order < b->module().order;
    });
    for (const auto& instance : instances_) {
        const MarmosetModule& module = instance->module();
        if (module.on_request) on_request_.push_back({instance->object(), module.on_request});
        if (module.on_response) on_response_.push_back({instance->object(), module.on_response});
        if (module.on_done) on_done_.insert(on_done_.begin(), {instance->object(), module.on_done});
        if (module.size >= offsetof(MarmosetModule, wrap) + sizeof module.wrap && module.wrap)
            wrap_.push_back({instance->object(), module.wrap});
    }
}

Result<void> Dispatcher::start(Worker& worker) {
    for (const auto& instance : instances_) {
        Error error;
        if (instance->module().start && !instance->module().start(instance->object(), worker, error)) {
            return Error{std::string(instance->module().name) + ": " + error.text, error.code};
        }
    }
    return {};
}

void Dispatcher::stop() {
    for (const auto& instance : instances_) {
        if (instance->module().stop) instance->module().stop(instance->object());
    }
}

void Dispatcher::finish() {
    for (const auto& instance : instances_) {
        if (instance->module().finish) instance->module().finish(instance->object());
    }
}

std::unique_ptr<net::Transport> Dispatcher::wrap(std::unique_ptr<net::Transport> socket,
                                                 const net::Address& peer) const {
    for (const auto& call : wrap_) {
        if (!socket) break;
        socket.reset(call.hook(call.object, socket.release(), peer));
    }
    return socket;
}

http::Verdict Dispatcher::on_request(http::Exchange& exchange) {
    return ask_from(exchange, 0);
}

http::Verdict Dispatcher::on_resume(http::Exchange& exchange, http::Verdict verdict) {
    return verdict.kind == http::Verdict::Next ? ask_from(exchange, exchange.hook + 1) : verdict;
}

http::Verdict Dispatcher::ask_from(http::Exchange& exchange, unsigned first) {
    for (unsigned i = first; i < on_request_.size(); ++i) {
        const http::Verdict verdict = on_request_[i].hook(on_request_[i].object, exchange);
        if (verdict.kind == http::Verdict::Next) continue;
        exchange.hook = i;
        return verdict;
    }
    // Nobody's. RFC 9110 9.3.7: OPTIONS * asks about the server as a whole.
    const http::Request& request = exchange.request;
    if (request.path == "*") {
        exchange.response.add("Allow", "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
        return exchange.respond(200);
    }
    if (request.method == http::Method::Trace) {
        exchange.response.add("Allow", "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
        return http::Verdict::fail(405);
    }
    // A module that refuses but lets the others be asked first has left its status.
    return http::Verdict::fail(exchange.response.status >= 400 ? exchange.response.status : 404);
}

void Dispatcher::on_response(http::Exchange& exchange) {
    for (const auto& call : on_response_)
        call.hook(call.object, exchange);
}

void Dispatcher::on_done(http::Exchange& exchange, bool aborted) {
    for (const auto& call : on_done_)
        call.hook(call.object, exchange, aborted);
}

}  // namespace marmoset::module
