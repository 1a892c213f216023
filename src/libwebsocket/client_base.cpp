#include "libwebsocket/client_base.h"

#include <algorithm>
#include <exception>

#include "websocket/close_code.h"
#include "websocket/utf8.h"

namespace marmoset::libwebsocket {

ClientBase::ClientBase(Context& context, std::unique_ptr<ClientInfo> info)
    : context_(context), info_(std::move(info)) {
    ++context_.clients;
}

ClientBase::~ClientBase() {
    count_out();
}

void ClientBase::count_out() {
    if (counted_) --context_.clients;
    counted_ = false;
}

// The callbacks run below libuv's C frames, which no exception may cross.
template <typename Call>
void ClientBase::guarded(const char* callback, Call call) {
    try {
        call();
        return;
    } catch (const std::exception& exception) {
        log::error("{}: {}, for client {}", callback, exception.what(), info_->id);
    } catch (...) {
        log::error("{}: an unknown exception, for client {}", callback, info_->id);
    }
    if (state_ == State::Opening) {
        reject(500, "internal error");
    } else if (state_ == State::Open) {
        fail(websocket::kInternalError, "internal error");
    }
}

void ClientBase::announce() {
    guarded("on_open", [this] { context_.handler.on_open(*this); });
    if (state_ == State::Opening && !deferred_) accept({});
}

void ClientBase::deliver(Bytes data, Part part, const Ref<MessageBuffer>* buffer) {
    context_.delivering = buffer;
    guarded("on_message", [&] {
        context_.handler.on_message(*this, {as_text(data), part.type, part.first, part.last});
    });
    context_.delivering = nullptr;
}

bool ClientBase::send(std::string_view data, Type type) {
    if (state_ != State::Open) return false;
    if (!in_message_) return do_send(as_bytes(data), {type});
    log::error("send: a message within another one, for client {}", info_->id);
    return false;
}

bool ClientBase::send_part(std::string_view data, Type type, bool last) {
    if (state_ != State::Open) return false;
    if (!do_send(as_bytes(data), {type, !in_message_, last})) return false;
    in_message_ = !last;
    return true;
}

void ClientBase::publish(std::string_view data, Type type) {
    if (state_ == State::Open) do_publish(as_bytes(data), type);
}

void ClientBase::tell_drained() {
    if (state_ == State::Open) guarded("on_drained", [this] { context_.handler.on_drained(*this); });
}

void ClientBase::tell_closed(uint16_t code, std::string_view reason) {
    state_ = State::Gone;
    count_out();
    if (told_closed_) return;
    told_closed_ = true;
    guarded("on_close", [&] { context_.handler.on_close(*this, code, reason); });
}

void ClientBase::accept(std::string_view subprotocol) {
    if (state_ != State::Opening) return;
    const auto& offered = info_->protocols;
    if (!subprotocol.empty() && std::find(offered.begin(), offered.end(), subprotocol) == offered.end()) {
        log::warning("accept: subprotocol \"{}\" was not offered, for client {}", subprotocol, info_->id);
        subprotocol = {};
    }
    state_ = State::Open;
    do_accept(subprotocol);
}

void ClientBase::reject(unsigned http_status, std::string_view reason) {
    if (state_ != State::Opening) return;
    if (http_status < 400 || http_status > 599) {
        log::warning("reject: {} is no HTTP error status, 500 instead", http_status);
        http_status = 500;
    }
    state_ = State::Closing;
    told_closed_ = true;
    count_out();
    do_reject(static_cast<uint16_t>(http_status), reason);
}

void ClientBase::close(uint16_t code, std::string_view reason) {
    if (state_ == State::Opening) {
        reject(503, reason);
        return;
    }
    if (state_ != State::Open) {
        told_closed_ = true;  // what ends it already is not told any more either
        return;
    }
    if (!websocket::is_sendable_close_code(code)) {
        log::warning("close: code {} may not stand on the wire, 1011 instead, for client {}", code,
                     info_->id);
        code = websocket::kInternalError;
    }
    if (reason.size() > websocket::kMaxCloseReason) {
        const Bytes cut = as_bytes(reason.substr(0, websocket::kMaxCloseReason));
        reason = reason.substr(0, websocket::complete_utf8_prefix(cut));
    }
    state_ = State::Closing;
    told_closed_ = true;
    count_out();
    do_close(code, reason);
}

}  // namespace marmoset::libwebsocket
