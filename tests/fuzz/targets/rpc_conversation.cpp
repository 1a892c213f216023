// JSON-RPC: texts of a client through the engine, formats of params, frames between processes. In: lines,
// each a text. Every text is answered as the rules of the specification, asked one by one, say; whatever the
// order the calls are answered in.
#include <jansson.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/json.h"
#include "tests/fuzz/support/fuzz.h"
#include "utils/websocket_jsonrpc/conversation.h"
#include "utils/websocket_jsonrpc/params_format.h"

namespace marmoset::fuzz {
namespace {

constexpr size_t kMaxBatch = 8, kMaxAnswer = 1 << 20;

/// Each call is answered with its params: at once, or at the end, last first.
class Echo final : public jsonrpc::Conversation::Sink {
  public:
    explicit Echo(bool at_once)
        : conversation({.batch = kMaxBatch, .answer = kMaxAnswer}, common, *this), at_once_(at_once) {}

    void call(uint64_t number, const jsonrpc::Request& request) override {
        require(waiting_.emplace(number, request).second, "a number that is used once");
        if (at_once_) answer(number);
    }
    void send(std::string_view text) override { sent.emplace_back(text); }

    void answer_all() {
        while (!waiting_.empty())
            answer(waiting_.rbegin()->first);
        require(conversation.calls() == 0 && conversation.bytes() == 0 && common.held == 0,
                "nothing is under way");
    }

    std::vector<std::string> sent;
    jsonrpc::Conversation::Common common;
    jsonrpc::Conversation conversation;

  private:
    void answer(uint64_t number) {
        const std::string params = waiting_.at(number).params;
        waiting_.erase(number);
        conversation.answer(number, jsonrpc::AnswerKind::Result, params.empty() ? "null" : params);
        conversation.answer(number, jsonrpc::AnswerKind::Error, "{}");  // too late
    }

    bool at_once_;
    std::map<uint64_t, jsonrpc::Request> waiting_;
};

/// What one Request object is answered with: "", or the id and the kind of answer.
std::string rule(const json_t* request) {
    const json_t* const id = json_object_get(request, "id");
    const bool legal_id = !id || json_is_string(id) || json_is_number(id) || json_is_null(id);
    const std::string told = id && legal_id ? jsonrpc::dump(id) : "null";
    const json_t* const version = json_object_get(request, "jsonrpc");
    const json_t* const params = json_object_get(request, "params");
    const bool valid = json_is_object(request) && legal_id && json_is_string(version) &&
                       std::strcmp(json_string_value(version), "2.0") == 0 &&
                       json_is_string(json_object_get(request, "method")) &&
                       (!params || json_is_null(params) || json_is_array(params) || json_is_object(params));
    if (!valid) return told + " error -32600";
    if (!id) return {};
    return told + " result " + (params ? jsonrpc::dump(params) : "null");
}

std::string told(const json_t* response) {
    require(json_is_object(response), "a response is an object");
    require(std::strcmp(json_string_value(json_object_get(response, "jsonrpc")), "2.0") == 0, "its version");
    const json_t* const error = json_object_get(response, "error");
    const json_t* const result = json_object_get(response, "result");
    require(!error != !result && json_object_get(response, "id"), "an id, and a result or an error");
    const std::string id = jsonrpc::dump(json_object_get(response, "id"));
    if (result) return id + " result " + jsonrpc::dump(result);
    require(json_is_string(json_object_get(error, "message")), "an error's message");
    return id + " error " + std::to_string(json_integer_value(json_object_get(error, "code")));
}

/// The answers to a text, as lines, in the order of the requests.
std::vector<std::string> expected(std::string_view text, bool& batch) {
    while (!text.empty() && std::strchr(" \t\r\n", text.back()))  // a NUL too
        text.remove_suffix(1);
    const Json value(json_loadb(text.data(), text.size(), JSON_DECODE_ANY, nullptr));
    batch = false;
    if (!value) return {"null error -32700"};
    std::vector<std::string> lines;
    const auto add = [&lines](std::string line) {
        if (!line.empty()) lines.push_back(std::move(line));
    };
    if (!json_is_array(value.get())) {
        add(rule(value.get()));
    } else if (json_array_size(value.get()) == 0 || json_array_size(value.get()) > kMaxBatch) {
        add("null error -32600");
    } else {
        batch = true;
        for (size_t i = 0; i < json_array_size(value.get()); ++i)
            add(rule(json_array_get(value.get(), i)));
    }
    return lines;
}

void check_text(std::string_view text) {
    bool batch;
    std::vector<std::string> lines = expected(text, batch);
    std::sort(lines.begin(), lines.end());
    for (const bool at_once : {true, false}) {
        Echo echo(at_once);
        echo.conversation.receive(text);
        echo.answer_all();
        require(echo.sent.size() == (lines.empty() ? 0u : 1u), "one text, or none");
        if (lines.empty()) continue;
        const Json answer(json_loadb(echo.sent[0].data(), echo.sent[0].size(), 0, nullptr));
        require(static_cast<bool>(answer), "an answer is JSON");
        require(echo.sent[0].find_first_of(std::string_view("\0\n", 2)) == std::string::npos,
                "an answer is one line");
        require(json_is_array(answer.get()) == batch, "a batch is answered by an array");
        std::vector<std::string> got;
        if (batch) {
            for (size_t i = 0; i < json_array_size(answer.get()); ++i)
                got.push_back(told(json_array_get(answer.get(), i)));
        } else {
            got.push_back(told(answer.get()));
        }
        std::sort(got.begin(), got.end());
        require(got.size() == lines.size(), "as many answers as requests that want one");
        for (size_t i = 0; i < got.size(); ++i)
            require_equal(lines[i], got[i], "an answer");
    }
}

/// A format, and a value behind it.
void check_format(std::string_view line, std::string_view next) {
    const Json value(json_loadb(next.data(), next.size(), JSON_DECODE_ANY, nullptr));
    const bool readable = jsonrpc::is_format(line);
    const std::string why = jsonrpc::misfit(line, value.get());
    require(readable || why.empty(), "what is no format fits all");
    if (readable && !line.empty()) {
        const std::string optional = std::string(line) + "?";
        if (jsonrpc::is_format(optional))
            require(jsonrpc::misfit(optional, nullptr).empty(), "an optional value");
        const std::string inside = "{a: " + std::string(line) + "}";
        if (jsonrpc::is_format(inside)) {
            const Json object(json_object());
            if (value) json_object_set(object.get(), "a", value.get());
            require(jsonrpc::misfit(inside, object.get()).empty() == why.empty(), "the same as a member");
        }
    }
}

/// Bytes as frames: however they are cut, the same frames come.
void check_frames(Bytes input) {
    const auto read = [&](Pieces* pieces) {
        jsonrpc::FrameReader reader;
        jsonrpc::Frame frame;
        std::string all;
        for (size_t at = 0; at < input.size();) {
            const size_t size = pieces ? pieces->next(input.size() - at) : input.size() - at;
            std::memcpy(reader.space(size), input.data() + at, size);
            reader.taken(size);
            at += size;
            while (reader.next(frame))
                jsonrpc::append_frame(all, frame);
        }
        return all + (reader.broken() ? " broken" : "");
    };
    Pieces pieces(input);
    const std::string whole = read(nullptr);
    require_equal(whole, read(&pieces), "frames in pieces");
    const bool broken = whole.ends_with(" broken");
    const size_t size = whole.size() - (broken ? 7 : 0);
    require(as_text(input).substr(0, size) == whole.substr(0, size), "frames, written again");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const Bytes input(data, size);
    check_frames(input);
    Fields fields(input);
    std::string_view before;
    while (!fields.empty()) {
        const std::string_view line = fields.until('\n');
        check_text(line);
        check_format(before, line);
        before = line;
    }
    return 0;
}
