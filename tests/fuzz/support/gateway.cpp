#include "tests/fuzz/support/gateway.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <vector>

#include "tests/fuzz/support/fuzz.h"
#include "tests/support/scripted_peer.h"

extern "C" {
extern const MarmosetModule marmoset_module_websocket;
}

namespace marmoset::fuzz {

Gateway::Gateway() {
    listening.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder.path() + "/s";
    require(path.size() < sizeof address.sun_path, "a short path");
    path.copy(address.sun_path, path.size());
    require(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                listen(listening.get(), 8) == 0,
            "a socket to listen on");
    const std::string file = folder.write(
        "c.conf",
        "servers = ({ websocket = { docroot = \"" + folder.path() +
            "\"; origin = \"*\"; max_message = 5000; max_fragments = 20; headers = (\"X-Told\");\n"
            "compression = true; context_takeover = \"both\"; compression_threshold = 16; }; });\n");
    config::Diagnostics diagnostics;
    auto loaded = config::Document::load(file, diagnostics);
    require(static_cast<bool>(loaded), "a configuration");
    document = std::make_unique<config::Document>(loaded.take());
    const MarmosetModule& table = marmoset_module_websocket;
    const config::Section section =
        document->servers().front().group("websocket", {table.keys, table.key_count});
    Error error;
    void* object = table.create({}, section, error);
    require(object != nullptr, "an instance of the module");
    std::vector<std::unique_ptr<module::Instance>> instances;
    instances.push_back(std::make_unique<module::Instance>(table, object));
    dispatcher = std::make_unique<module::Dispatcher>(std::move(instances));
    service = std::make_unique<http::Service>(test::the_loop(), exchanges, *dispatcher, no_log);
    worker.reset(new module::Worker{test::the_loop(), exchanges, *service, no_log, 0});
    require(static_cast<bool>(dispatcher->start(*worker)), "a worker");
}

Gateway& gateway() {
    static Gateway the_gateway;
    return the_gateway;
}

}  // namespace marmoset::fuzz
