// The module interface: one constant table per module, `marmoset_module_<name>`, the same for a `.so` found
// with -M and for one linked in. Write a class and let module/adapter.h fill the table; modules/skeleton is
// the tutorial.
//
// History of the interface (newest first):
//   2.3  2026-11-22  Exchange::permits, Exchange::add_guard
//   2.2  2026-11-22  Exchange::remote, Exchange::secure, Connection::secure; Context::forwarding
//   2.1  2026-11-22  wrap: a module puts a transport of its own (TLS) around accepted connections;
//                    Context::entry, Context::store
//   2.0  2026-11-22  Exchange::identity in place of Exchange::user; Request::replace; bodies wait until they
//                    are asked for; Context::shared, user, group, group_number, group_count
//   1.2  2026-11-22  Worker::handed_over
//   1.1  2026-11-22  Worker::users; instances may end while their loop goes on
//   1.0  2026-11-22  first version
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/section.h"
#include "http/exchange.h"
#include "http/forwarding.h"
#include "http/service.h"
#include "module/shared_state.h"
#include "module/shared_store.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/transport.h"

namespace marmoset::module {

inline constexpr uint16_t kAbiMajor = 2;
inline constexpr uint16_t kAbiMinor = 3;

/// When in the life of a request a module's hooks are called. Modules of one phase are asked in the order of
/// their `order` field.
enum class Phase : uint8_t { Connection, Access, Content, Response };

/// One row of `mimetypes` of the configuration.
struct MimeType {
    std::string patterns;  ///< pattern list on the file's path, without case
    std::string type;
};

/// What an instance is made in: one per group and `servers` entry, created before the workers are forked.
/// Lives as long as the instance.
struct Context {
    std::string server_name;        ///< hostname of the entry, for logs
    unsigned slot = 0;              ///< index for Exchange::slot
    unsigned group_number = 0;      ///< of a list of groups of the module: this one's place …
    unsigned group_count = 1;       ///< … and how many there are
    std::string user, group;        ///< who the workers run as; empty: who starts the server
    SharedState* shared = nullptr;  ///< what all workers have in common; outlives the instance
    std::vector<MimeType> mime_types;
    bool tls = false;        ///< the entry's clients come over TLS
    bool may_cache = false;  ///< `security` has the word cache: no Cache-Control is to be added by default
    // 2.1
    std::string entry;             ///< names the entry among the others, and stays over reloads
    SharedStore* store = nullptr;  ///< memory that all workers share and reloads keep; for the time of create
    // 2.2
    const http::Forwarding* forwarding = nullptr;  ///< the proxies that are believed; outlives the instance
    bool check_only = false;  ///< -t: folders that are named need not exist yet, nothing will be served
};

/// What an instance may use once its worker runs. All of it outlives the instance's stop().
struct Worker {
    net::Loop& loop;
    http::ExchangePool& exchanges;
    http::Service& service;
    log::AccessLog& access_log;
    unsigned number;  ///< 0 …
    /// Objects that may live on when all clients have gone (a connection to a system server that still takes
    /// data) count themselves here while they live: the instance is not destroyed before they are.
    size_t users = 0;
    /// Clients whose connections have left the worker and that the instance still answers for: for the
    /// worker's end they are clients like others. When one of them is gone `handed_over_gone` runs at the
    /// turn's end.
    size_t handed_over = 0;
    net::TurnEnd* handed_over_gone = nullptr;
};

}  // namespace marmoset::module

extern "C" {

/// The table. Every hook gets its instance first; a null hook is never called and costs nothing. No hook may
/// throw.
struct MarmosetModule {
    uint16_t abi_major;     ///< loads if equal to ours
    uint16_t abi_minor;     ///< and not above ours
    uint32_t size;          ///< sizeof(MarmosetModule); not above ours
    const char* build_tag;  ///< compiler, standard library and flavour; equal to ours
    const char* name;       ///< the configuration group it serves
    const char* help;       ///< one sentence
    marmoset::module::Phase phase;
    uint8_t order;                      ///< within the phase; smaller is asked first
    const marmoset::config::Key* keys;  ///< of its group
    size_t key_count;

    /// Reads the settings, opens what needs privileges. Null and `error` on failure: the server does not
    /// start.
    void* (*create)(const marmoset::module::Context& context, const marmoset::config::Section& settings,
                    marmoset::Error& error);
    void (*destroy)(void* instance);
    /// In each worker, privileges dropped, before the first client. False and `error`: the worker does not
    /// start.
    bool (*start)(void* instance, marmoset::module::Worker& worker, marmoset::Error& error);
    /// The worker is stopping, or after a reload its drain timeout has passed: let clients end politely.
    /// Called at most once; the instance is finished when all connections are gone, or shortly after.
    void (*stop)(void* instance);
    /// All connections are gone, and the loop is about to end or (a reload with `workers = 0`) goes on
    /// without the instance: close handles. Work in the thread pool may still call back.
    void (*finish)(void* instance);

    marmoset::http::Verdict (*on_request)(void* instance, marmoset::http::Exchange& exchange);
    void (*on_response)(void* instance, marmoset::http::Exchange& exchange);
    /// The exchange is over; called in reverse order for every module, also those that were not asked.
    void (*on_done)(void* instance, marmoset::http::Exchange& exchange, bool aborted);

    /// 2.1. A client has connected (behind a PROXY header: the one it names is `peer`): returns the transport
    /// that its connection is to use, which owns `inner`.
    /// Asked in the order of the phase Connection: who comes first is next to the socket. Null: the client is
    /// refused; `inner` is deleted then as well. Called for every client, so nothing may be read or computed
    /// yet: that is for Transport::handshake().
    marmoset::net::Transport* (*wrap)(void* instance, marmoset::net::Transport* inner,
                                      const marmoset::net::Address& peer);
};

}  // extern "C"
