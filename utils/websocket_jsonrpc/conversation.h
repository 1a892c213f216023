// The engine: JSON-RPC 2.0 with one client, whatever carries it. In: texts of the client, answers of whoever
// runs the calls. Out: calls, and texts for the client. Knows no socket and no library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "frame.h"
#include "request.h"

namespace jsonrpc {

class Conversation {
  public:
    class Sink {
      public:
        /// Runs a call; answer() is told its number, once, perhaps before this returns. Also for
        /// notifications.
        virtual void call(uint64_t number, const Request& request) = 0;
        /// A text for the client.
        virtual void send(std::string_view text) = 0;

      protected:
        ~Sink() = default;
    };

    struct Limits {
        size_t batch = 256;         ///< requests in one batch; larger ones are refused
        size_t answer = 16u << 20;  ///< bytes of one text for the client, and of what its batches hold
        size_t held = 64u << 20;    ///< bytes that the batches of all clients hold
    };
    /// What the conversations of one server have in common.
    struct Common {
        uint64_t numbers = 0;  ///< the last one given: no two calls have the same
        size_t held = 0;       ///< bytes of answers that wait for the rest of their batch
    };

    /// `common` and `sink` outlive the object.
    Conversation(const Limits& limits, Common& common, Sink& sink)
        : limits_(limits), common_(common), sink_(sink) {}
    ~Conversation() { common_.held -= held_; }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    /// One message: a request or a batch, perhaps with NULs, newlines and spaces behind it, as ouistiti's
    /// clients send.
    void receive(std::string_view text);
    /// `json` is the text of a result or an error object. Numbers that are not under way are ignored.
    void answer(uint64_t number, AnswerKind kind, std::string_view json);

    /// Calls that have not been answered.
    size_t calls() const { return calls_.size(); }
    /// Bytes of their methods, params and ids, and of answers that wait for the rest of their batch.
    size_t bytes() const { return bytes_ + held_; }

  private:
    /// The answers to one message: what is said when the last of them is there.
    struct Reply {
        bool batch = false;
        size_t waiting = 1;  ///< calls without an answer, and 1 while the message is being read
        std::string text;
    };
    struct Call {
        std::shared_ptr<Reply> reply;
        std::string id;
        size_t bytes;
    };

    void take(const json_t* value, const std::shared_ptr<Reply>& reply);
    void add(Reply& reply, std::string response);
    void done(Reply& reply);
    std::string objection(const Call& call, size_t size) const;

    Limits limits_;
    Common& common_;
    Sink& sink_;
    std::unordered_map<uint64_t, Call> calls_;
    size_t bytes_ = 0;  ///< of calls_
    size_t held_ = 0;   ///< of batches' texts
};

}  // namespace jsonrpc
