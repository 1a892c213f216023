// The modules of one `servers` entry in the order requests meet them. Implements the handler that http
// declares. Hooks are packed per event: a module without a hook costs nothing there.
#pragma once

#include <memory>
#include <vector>

#include "http/handler.h"
#include "module/abi.h"

namespace marmoset::module {

/// One configured group: a table and the instance it made. Destroys the instance.
class Instance {
  public:
    Instance(const MarmosetModule& module, void* object) : module_(&module), object_(object) {}
    ~Instance() { module_->destroy(object_); }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    const MarmosetModule& module() const { return *module_; }
    void* object() const { return object_; }

  private:
    const MarmosetModule* module_;
    void* object_;
};

class Dispatcher final : public http::Handler {
  public:
    /// Sorts by phase, then by the modules' order, then by place in the file.
    explicit Dispatcher(std::vector<std::unique_ptr<Instance>> instances);

    Result<void> start(Worker& worker);
    void stop();
    void finish();

    /// The transport of a client that has connected; null: it is refused.
    std::unique_ptr<net::Transport> wrap(std::unique_ptr<net::Transport> socket,
                                         const net::Address& peer) const;

    http::Verdict on_request(http::Exchange& exchange) override;
    http::Verdict on_resume(http::Exchange& exchange, http::Verdict verdict) override;
    void on_response(http::Exchange& exchange) override;
    void on_done(http::Exchange& exchange, bool aborted) override;

  private:
    http::Verdict ask_from(http::Exchange& exchange, unsigned first);

    template <typename Hook>
    struct Call {
        void* object;
        Hook hook;
    };
    std::vector<std::unique_ptr<Instance>> instances_;
    std::vector<Call<decltype(MarmosetModule::on_request)>> on_request_;
    std::vector<Call<decltype(MarmosetModule::on_response)>> on_response_;
    std::vector<Call<decltype(MarmosetModule::on_done)>> on_done_;
    std::vector<Call<decltype(MarmosetModule::wrap)>> wrap_;
};

}  // namespace marmoset::module
