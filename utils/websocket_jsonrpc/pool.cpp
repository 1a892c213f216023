// Which process a client is with. In: clients, calls. Out: frames to their processes.
#include "pool.h"

#include <algorithm>

#include "log/logger.h"

namespace jsonrpc {

namespace {

constexpr unsigned kDefaultCount = 2, kDefaultOuistitiCount = 4;
constexpr unsigned kEndMs = 2000;

}  // namespace

std::string Pool::start() {
    const auto add = [this]() -> Process& {
        return *processes_.emplace_back(
            std::make_unique<Process>(server_, settings_, observer_, common_.numbers));
    };
    bool ouistiti = false;
    std::string error = add().start_and_wait(ouistiti);
    if (!error.empty()) return error;
    if (count_ == 0) count_ = ouistiti ? kDefaultOuistitiCount : kDefaultCount;
    while (processes_.size() < count_)
        add().start();
    for (const auto& process : processes_)
        process->await_start();
    marmoset::log::info("{} in {} processes{}", settings_.library, count_,
                        ouistiti ? ", ouistiti's interface" : "");
    return {};
}

void Pool::end() {
    for (const auto& process : processes_)
        process->begin_end();
    for (const auto& process : processes_)
        process->finish_end(kEndMs);
    processes_.clear();
    places_.clear();
}

bool Pool::open(uint64_t client, std::string metadata) {
    Process* best = nullptr;
    for (const auto& process : processes_) {
        if (!process->down() && (!best || process->clients() < best->clients())) best = process.get();
    }
    if (!best) return false;
    places_.emplace(client, best);
    best->open(client, std::move(metadata));
    return true;
}

void Pool::close(uint64_t client) {
    const auto found = places_.find(client);
    if (found == places_.end()) return;
    Process* const process = found->second;
    places_.erase(found);
    process->close(client);
}

Pool::Taken Pool::call(uint64_t client, uint64_t number, const Request& request) {
    const auto found = places_.find(client);
    if (found == places_.end()) return Taken::Down;
    size_t bytes = common_.held;
    for (const auto& process : processes_)
        bytes += process->bytes();
    if (bytes > kMostBytes) return Taken::Full;
    return found->second->call(client, number, request) ? Taken::Yes : Taken::Down;
}

}  // namespace jsonrpc
