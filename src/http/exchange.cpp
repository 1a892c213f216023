#include "http/exchange.h"

#include <algorithm>

#include "http/http1.h"

namespace marmoset::http {

Verdict Exchange::respond(unsigned status, std::string_view content_type, std::string_view body) {
    response.status = status;
    if (!content_type.empty()) response.add("Content-Type", content_type);
    response.body_text(body);
    return Verdict::done();
}

Verdict Exchange::respond(unsigned status) {
    response.status = status;
    return Verdict::done();
}

bool Exchange::read_body(BodyReader* reader) {
    const bool wants_body =
        request.method == Method::Post || request.method == Method::Put || request.method == Method::Patch;
    if (reader && wants_body && !request.chunked && !request.content_length) return false;
    body_reader_ = reader;
    if (reader) protocol_->body_wanted();
    return true;
}

void Exchange::resume(Verdict verdict) {
    protocol_->on_resume(*this, verdict);
}

void Exchange::upgrade(std::string_view fields, std::unique_ptr<net::Protocol> protocol) {
    protocol_->upgrade(*this, fields, std::move(protocol));
}

bool Exchange::permits(std::string_view name) const {
    return std::all_of(guards_.begin(), guards_.end(),
                       [&](const PathGuard* guard) { return guard->permits(*this, name); });
}

void*& Exchange::slot(unsigned index) {
    if (index >= slots_.size()) slots_.resize(index + 1, nullptr);
    return slots_[index];
}

Exchange& ExchangePool::acquire() {
    if (free_.empty()) {
        free_.push_back(static_cast<uint32_t>(exchanges_.size()));
        exchanges_.push_back(std::make_unique<Exchange>());
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    Exchange& exchange = *exchanges_[index];
    if (++generation_ == 0) ++generation_;  // an id is never 0
    exchange.id_ = static_cast<ExchangeId>(generation_) << 32 | index;
    return exchange;
}

void ExchangePool::release(Exchange& exchange) {
    const auto index = static_cast<uint32_t>(exchange.id_);
    exchange.request.clear();
    exchange.response.clear();
    exchange.identity.clear();
    exchange.slots_.clear();
    exchange.guards_.clear();
    exchange.hook = 0;
    exchange.id_ = 0;
    exchange.protocol_ = nullptr;
    exchange.connection_ = nullptr;
    exchange.service_ = nullptr;
    exchange.body_reader_ = nullptr;
    free_.push_back(index);
}

Exchange* ExchangePool::find(ExchangeId id) const {
    const auto index = static_cast<uint32_t>(id);
    if (id == 0 || index >= exchanges_.size() || exchanges_[index]->id_ != id) return nullptr;
    return exchanges_[index].get();
}

}  // namespace marmoset::http
