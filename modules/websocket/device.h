// A serial line or a pair of named pipes that all its clients share: what is read goes to every one of them,
// what they send is written message by message. Open while there are clients.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device_file.h"
#include "message_cutter.h"
#include "module/abi.h"
#include "net/connection.h"
#include "settings.h"

namespace marmoset::websocket_module {

class DeviceClient;

class Device final : public net::Retired, private net::ConnectionObserver {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        /// The last client has gone, or the device has: it is to be forgotten and retired.
        virtual void on_device_ended(Device& device) = 0;
    };

    /// References outlive the device.
    Device(module::Worker& worker, const Settings& settings, const LinkEntry& entry, Owner& owner);
    ~Device() override;

    /// Opens it. The error's code is the errno.
    Result<void> open();
    /// A new client; it deletes itself at its end.
    void admit(http::Exchange& exchange, std::string_view subprotocol, unsigned slot);
    /// Closes it at once; no client is left.
    void finish();

    const LinkEntry& entry() const { return entry_; }

  private:
    friend class DeviceClient;
    class DeviceProtocol;

    bool watch(FileDescriptor file, net::Connection*& connection);
    void on_bytes(Bytes data);
    void send_to_all(const MessageCutter::Message& message);
    void on_output_progress();
    void on_connection_closed(net::Connection& connection, CloseReason reason) override;
    void end(const char* reason);
    void finish_if_idle();

    // For DeviceClient.
    bool takes_messages() const { return output() != nullptr; }
    void write(Bytes message);
    uint64_t unsent() const { return output() ? output()->unsent() : 0; }
    void leave(DeviceClient& client);
    net::Connection* output() const { return writer_ ? writer_ : is_tty_ ? reader_ : nullptr; }

    module::Worker& worker_;
    const Settings& settings_;
    const LinkEntry& entry_;
    Owner& owner_;
    const bool is_tty_;
    MessageCutter cutter_;
    net::Connection* reader_ = nullptr;  // of a tty: both ways; they delete themselves
    net::Connection* writer_ = nullptr;
    std::vector<DeviceClient*> clients_;
    bool ended_ = false;
};

}  // namespace marmoset::websocket_module
