// What both kinds of clients have in common: the life of a client as the program sees it, and calling the
// program's handler so that its exceptions end one client and not the server.
#pragma once

#include <memory>
#include <string>

#include "libwebsocket/context.h"

namespace marmoset::libwebsocket {

class ClientBase : public Client {
  public:
    const ClientInfo& info() const override { return *info_; }
    void accept(std::string_view subprotocol) final;
    void reject(unsigned http_status, std::string_view reason) final;
    void defer() final { deferred_ = true; }
    bool send(std::string_view data, Type type) final;
    bool send_part(std::string_view data, Type type, bool last) final;
    void publish(std::string_view data, Type type) final;
    void close(uint16_t code, std::string_view reason) final;

    /// Served on a connection of its own that the gateway handed over.
    virtual bool direct() const { return false; }

  protected:
    enum class State : uint8_t {
        Opening,  ///< on_open has been or is being called, not answered yet
        Open,
        Closing,  ///< the program, or the server, has closed it; output may still be leaving
        Gone,
    };

    /// `context` outlives the client.
    ClientBase(Context& context, std::unique_ptr<ClientInfo> info);
    ~ClientBase() override;

    /// Tells the handler of the client, and accepts it unless the handler answered or deferred.
    void announce();
    /// Gives the handler a message, or a part; `buffer` is what it lies in, or nullptr.
    void deliver(Bytes data, Part part, const Ref<MessageBuffer>* buffer);
    void tell_drained();
    /// Tells the handler, unless the program closed the client itself, and counts it out. The client is Gone.
    void tell_closed(uint16_t code, std::string_view reason);

    State state() const { return state_; }
    /// A message of the program's has been begun and not ended.
    bool in_message() const { return in_message_; }
    void set_state(State state) { state_ = state; }
    Context& context() const { return context_; }

  private:
    // What the protocols do; the state has been checked and set.
    virtual void do_accept(std::string_view subprotocol) = 0;
    virtual void do_reject(uint16_t http_status, std::string_view reason) = 0;
    virtual void do_close(uint16_t code, std::string_view reason) = 0;
    /// As Client::send(); the client is Open, and parts come in order.
    virtual bool do_send(Bytes data, Part part) = 0;
    /// As Client::publish(); the client is Open.
    virtual void do_publish(Bytes data, Type type) = 0;
    /// Ends the client with `code`; on_close follows, not from within this call.
    virtual void fail(uint16_t code, const char* reason) = 0;

    void count_out();
    template <typename Call>
    void guarded(const char* callback, Call call);

    Context& context_;
    std::unique_ptr<ClientInfo> info_;
    State state_ = State::Opening;
    bool deferred_ = false;
    bool counted_ = true;
    bool told_closed_ = false;  // the program knows that the client is gone
    bool in_message_ = false;
};

}  // namespace marmoset::libwebsocket
