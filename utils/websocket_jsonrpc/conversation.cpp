// The engine of one client. In: its texts, answers to its calls. Out: calls, Response objects, batches of
// them.
#include "conversation.h"

#include "base/json.h"

namespace jsonrpc {

namespace {

// What a Response object has besides its id and its result.
constexpr size_t kEnvelope = 64;

}  // namespace

void Conversation::receive(std::string_view text) {
    const size_t last = text.find_last_not_of(std::string_view("\0 \t\r\n", 5));
    text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
    json_error_t problem;
    const marmoset::Json value(json_loadb(text.data(), text.size(), JSON_DECODE_ANY, &problem));
    if (!value) {
        sink_.send(error_response({}, error_object(kParseError, problem.text)));
        return;
    }
    const auto reply = std::make_shared<Reply>();
    if (!json_is_array(value.get())) {
        take(value.get(), reply);
    } else if (json_array_size(value.get()) == 0 || json_array_size(value.get()) > limits_.batch) {
        const bool empty = json_array_size(value.get()) == 0;
        const std::string why =
            empty ? "a batch without requests" : "more than " + std::to_string(limits_.batch) + " requests";
        add(*reply, error_response({}, error_object(kInvalidRequest, why)));
    } else {
        reply->batch = true;
        for (size_t i = 0; i < json_array_size(value.get()); ++i)
            take(json_array_get(value.get(), i), reply);
    }
    done(*reply);
}

void Conversation::take(const json_t* value, const std::shared_ptr<Reply>& reply) {
    Request request;
    std::string error;
    if (!read_request(value, request, error)) {
        add(*reply, error_response(request.id, error));
        return;
    }
    const uint64_t number = ++common_.numbers;
    const size_t bytes = request.size();
    ++reply->waiting;
    bytes_ += bytes;
    calls_.emplace(number, Call{reply, request.id, bytes});
    sink_.call(number, request);
}

void Conversation::answer(uint64_t number, AnswerKind kind, std::string_view json) {
    const auto found = calls_.find(number);
    if (found == calls_.end()) return;
    const Call call = std::move(found->second);
    calls_.erase(found);
    bytes_ -= call.bytes;
    if (call.id.empty()) {
        // a notification
    } else if (const std::string error = objection(call, call.id.size() + json.size() + kEnvelope);
               !error.empty()) {
        add(*call.reply, error_response(call.id, error));
    } else if (kind == AnswerKind::Result) {
        add(*call.reply, result_response(call.id, json));
    } else {
        add(*call.reply, error_response(call.id, json));
    }
    done(*call.reply);
}

// The error object that an answer of `size` bytes is replaced by, or "".
std::string Conversation::objection(const Call& call, size_t size) const {
    if (call.reply->text.size() + size > limits_.answer) {
        const std::string why = "the answer has more than " + std::to_string(limits_.answer) + " bytes";
        return error_object(kInternalError, why);
    }
    const bool waits = call.reply->batch && call.reply->waiting > 1;
    if (waits && (held_ + size > limits_.answer || common_.held + size > limits_.held))
        return error_object(kBusy, "too many answers wait for the rest of their batch");
    return {};
}

void Conversation::add(Reply& reply, std::string response) {
    if (!reply.batch) {
        reply.text = std::move(response);
        return;
    }
    reply.text.append(reply.text.empty() ? "[" : ",").append(response);
    held_ += response.size() + 1;
    common_.held += response.size() + 1;
}

void Conversation::done(Reply& reply) {
    if (--reply.waiting != 0 || reply.text.empty()) return;  // notifications are not answered
    if (reply.batch) {
        held_ -= reply.text.size();
        common_.held -= reply.text.size();
        reply.text += "]";
    }
    sink_.send(reply.text);
}

}  // namespace jsonrpc
