// Fills the module table from a class, so that a module's author writes C++ and the loader sees a C
// structure.
//
//     class Skeleton {
//       public:
//         static constexpr const char* kName = "skeleton";
//         static constexpr const char* kHelp = "answers a fixed text";
//         static constexpr module::Phase kPhase = module::Phase::Content;
//         static constexpr uint8_t kOrder = 50;
//         static constexpr std::array kKeys = { config::Key{...} };
//         static Result<std::unique_ptr<Skeleton>> create(const module::Context&, const config::Section&);
//         http::Verdict on_request(http::Exchange&);            // optional, as are the others:
//         Result<void> start(module::Worker&); void stop(); void finish();
//         std::unique_ptr<net::Transport> wrap(std::unique_ptr<net::Transport>, const net::Address& peer);
//         void on_response(http::Exchange&); void on_done(http::Exchange&, bool aborted);
//     };
//     MARMOSET_MODULE(Skeleton, skeleton)
#pragma once

#include <exception>
#include <memory>

#include "log/logger.h"
#include "module/abi.h"

#ifndef MARMOSET_BUILD_TAG
#define MARMOSET_BUILD_TAG "unset"
#endif

namespace marmoset::module {

template <typename T>
class Adapter {
  public:
    static constexpr MarmosetModule table() {
        MarmosetModule module{};
        module.abi_major = kAbiMajor;
        module.abi_minor = kAbiMinor;
        module.size = sizeof(MarmosetModule);
        module.build_tag = MARMOSET_BUILD_TAG;
        module.name = T::kName;
        module.help = T::kHelp;
        module.phase = T::kPhase;
        module.order = T::kOrder;
        module.keys = T::kKeys.data();
        module.key_count = T::kKeys.size();
        module.create = create;
        module.destroy = [](void* instance) { delete static_cast<T*>(instance); };
        if constexpr (requires(T & t, Worker & worker) { t.start(worker); }) module.start = start;
        if constexpr (requires(T & t) { t.stop(); })
            module.stop = [](void* instance) { static_cast<T*>(instance)->stop(); };
        if constexpr (requires(T & t) { t.finish(); })
            module.finish = [](void* instance) { static_cast<T*>(instance)->finish(); };
        if constexpr (requires(T & t, http::Exchange & exchange) { t.on_request(exchange); })
            module.on_request = on_request;
        if constexpr (requires(T & t, http::Exchange & exchange) { t.on_response(exchange); })
            module.on_response = on_response;
        if constexpr (requires(T & t, http::Exchange & exchange) { t.on_done(exchange, true); })
            module.on_done = on_done;
        if constexpr (requires(T & t, std::unique_ptr<net::Transport> inner, const net::Address& peer) {
                          t.wrap(std::move(inner), peer);
                      })
            module.wrap = wrap;
        return module;
    }

  private:
    // An exception of a module ends its request, not the worker.
    template <typename Call>
    static bool guarded(const char* hook, Call call) noexcept {
        try {
            call();
            return true;
        } catch (const std::exception& exception) {
            log::error("module {}: {}: {}", T::kName, hook, exception.what());
        } catch (...) {
            log::error("module {}: {}: unknown exception", T::kName, hook);
        }
        return false;
    }

    static void* create(const Context& context, const config::Section& settings, Error& error) {
        void* instance = nullptr;
        const bool ok = guarded("create", [&] {
            auto result = T::create(context, settings);
            if (result) {
                instance = result.take().release();
            } else {
                error = result.error();
            }
        });
        if (!ok) error = Error{std::string(T::kName) + ": create failed"};
        return instance;
    }
    static bool start(void* instance, Worker& worker, Error& error) {
        bool started = false;
        guarded("start", [&] {
            auto result = static_cast<T*>(instance)->start(worker);
            started = static_cast<bool>(result);
            if (!started) error = result.error();
        });
        return started;
    }
    static http::Verdict on_request(void* instance, http::Exchange& exchange) {
        http::Verdict verdict = http::Verdict::fail(500);
        guarded("on_request", [&] { verdict = static_cast<T*>(instance)->on_request(exchange); });
        return verdict;
    }
    static void on_response(void* instance, http::Exchange& exchange) {
        guarded("on_response", [&] { static_cast<T*>(instance)->on_response(exchange); });
    }
    static void on_done(void* instance, http::Exchange& exchange, bool aborted) {
        guarded("on_done", [&] { static_cast<T*>(instance)->on_done(exchange, aborted); });
    }
    static net::Transport* wrap(void* instance, net::Transport* inner, const net::Address& peer) {
        std::unique_ptr<net::Transport> owned(inner);
        std::unique_ptr<net::Transport> wrapped;
        guarded("wrap", [&] { wrapped = static_cast<T*>(instance)->wrap(std::move(owned), peer); });
        return wrapped.release();
    }
};

}  // namespace marmoset::module

/// Defines the table of module class `type` under the name the loader looks for.
#define MARMOSET_MODULE(type, name)                                                         \
    extern "C" {                                                                            \
    extern const MarmosetModule marmoset_module_##name;                                     \
    const MarmosetModule marmoset_module_##name = marmoset::module::Adapter<type>::table(); \
    }
