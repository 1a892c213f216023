#include "server/settings.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_descriptor.h"
#include "base/text.h"
#include "config/groups.h"
#include "server/paths.h"

namespace marmoset::server {

namespace {

constexpr uint16_t kHttpsPort = 443;

// Those the process may run on: a container, a unit or taskset may have given it a part of the machine's.
unsigned usable_cores() {
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) == 0) return static_cast<unsigned>(CPU_COUNT(&cores));
    const long online = sysconf(_SC_NPROCESSORS_ONLN);  // more of them than the set has room for
    return online > 0 ? static_cast<unsigned>(online) : 1;
}

// The fields ouistiti sends with everything, each of which a word of `security` takes back.
std::string security_fields(const config::Section& section) {
    std::string fields;
    fields += section.has_word("security", "frame") ? "X-Frame-Options: SAMEORIGIN\r\n"
                                                    : "X-Frame-Options: DENY\r\n";
    if (!section.has_word("security", "sniff")) fields += "X-Content-Type-Options: nosniff\r\n";
    if (!section.has_word("security", "otherorigin")) fields += "Referrer-Policy: same-origin\r\n";
    return fields;
}

Result<std::string> configured_fields(const config::Section& section) {
    std::string fields;
    for (const std::string& line : section.strings("headers")) {
        const size_t colon = line.find(':');
        const bool printable =
            std::all_of(line.begin(), line.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
        if (colon == std::string::npos || !is_token(line.substr(0, colon)) || !printable) {
            return section.error("headers", "\"" + line + "\" is not a header line \"Name: value\"");
        }
        fields.append(line.substr(0, colon)).append(": ").append(trim(line.substr(colon + 1))).append("\r\n");
    }
    return fields;
}

http::Limits read_limits(const config::Section& section) {
    http::Limits limits;
    limits.header_size = section.size("header_size");
    limits.header_count = static_cast<size_t>(section.integer("header_count"));
    limits.request_line = section.size("request_line");
    limits.body_size = section.size("body_size");
    limits.header_timeout_ms = section.milliseconds("header_timeout");
    limits.body_timeout_ms = section.milliseconds("body_timeout");
    limits.keep_alive_ms = section.milliseconds("keepalivetimeout");
    limits.send_timeout_ms = section.milliseconds("send_timeout");
    limits.http09 = equal_caseless(section.string("version"), "HTTP/0.9");
    return limits;
}

Result<http::Forwarding> read_forwarding(const config::Section& section) {
    http::Forwarding forwarding;
    auto proxies = net::AddressSet::parse(section.strings("proxies"));
    if (!proxies) return section.error("proxies", proxies.error().text);
    if (proxies->holds_all())
        return section.error("proxies", "\"*\" would believe everybody; expected the proxies' addresses");
    forwarding.proxies = proxies.take();
    for (const std::string& word : section.strings("forwarded")) {
        if (!list_contains("none,x-forwarded-for,forwarded,proxy", word))
            return section.error("forwarded",
                                 "\"" + word + "\" is none of x-forwarded-for, forwarded, proxy and none");
    }
    const bool x_forwarded_for = section.has_word("forwarded", "x-forwarded-for");
    const bool forwarded = section.has_word("forwarded", "forwarded");
    forwarding.proxy_header = section.has_word("forwarded", "proxy");
    if (x_forwarded_for && forwarded) {
        return section.error("forwarded",
                             "x-forwarded-for and forwarded together: a client could write the one that the "
                             "proxies don't; expected one of them");
    }
    const bool any = x_forwarded_for || forwarded || forwarding.proxy_header;
    if (section.has_word("forwarded", "none") && any)
        return section.error("forwarded", "none beside others; expected it alone");
    if (section.has("forwarded") && any && forwarding.proxies.empty())
        return section.error("forwarded", "there are no proxies to believe; expected proxies = [\"…\"] too");
    if (!any) forwarding.proxies = {};
    forwarding.field = x_forwarded_for ? http::Forwarding::Field::XForwardedFor
                       : forwarded     ? http::Forwarding::Field::Forwarded
                                       : http::Forwarding::Field::None;
    return forwarding;
}

std::vector<module::MimeType> read_mime_types(const config::Section& global) {
    std::vector<module::MimeType> types;
    for (const config::Section& row : global.groups("mimetypes")) {
        types.push_back({std::string(row.string("ext")), std::string(row.string("mime"))});
    }
    return types;
}

Result<std::unique_ptr<module::Dispatcher>> make_modules(const config::Section& section,
                                                         module::Registry& registry,
                                                         module::Context context) {
    context.may_cache = section.has_word("security", "cache");
    std::vector<std::unique_ptr<module::Instance>> instances;
    const auto keys_of = [&registry](std::string_view group, std::span<const config::Key>& keys) {
        const MarmosetModule* module = registry.find(group);
        if (module) keys = {module->keys, module->key_count};
        return module != nullptr;
    };
    for (const config::ModuleGroup& group : config::module_groups(section, keys_of)) {
        const MarmosetModule* module = registry.find(group.module);
        context.group_number = 0;
        context.group_count = static_cast<unsigned>(group.sections.size());
        for (const config::Section& settings : group.sections) {
            context.slot = static_cast<unsigned>(instances.size());
            Error error;
            void* object = module->create(context, settings, error);
            if (!object) return error;
            instances.push_back(std::make_unique<module::Instance>(*module, object));
            ++context.group_number;
        }
    }
    return std::make_unique<module::Dispatcher>(std::move(instances));
}

Result<std::unique_ptr<Site>> make_site(const config::Section& section, const Options& options,
                                        module::Registry& registry, module::Context context, size_t index) {
    auto site = std::make_unique<Site>();
    site->name = section.has("hostname") ? std::string(section.string("hostname")) : default_hostname();
    site->location = section.location();
    auto port = static_cast<uint16_t>(section.integer("port"));
    if (!section.has("port") && section.has_group("tls")) port = kHttpsPort;
    if (port == 0 && options.port) port = static_cast<uint16_t>(*options.port);
    auto address = net::parse_listen_address(section.string("addr"), port);
    if (!address) return section.error("addr", address.error().text);
    site->address = *address;
    // Port 0 may stand in several entries.
    site->key = site->name + " " + address->text() + (port == 0 ? " " + std::to_string(index) : "");
    site->limits = read_limits(section);
    site->tls = section.has_group("tls");
    auto forwarding = read_forwarding(section);
    if (!forwarding) return forwarding.error();
    site->forwarding = forwarding.take();
    site->max_clients = static_cast<unsigned>(section.integer("maxclients"));
    site->clients_per_address = static_cast<unsigned>(section.integer("clients_per_address"));
    site->server_header = section.boolean("server_tokens") ? "marmoset/" MARMOSET_VERSION : "marmoset";
    auto fields = configured_fields(section);
    if (!fields) return fields.error();
    site->static_fields = security_fields(section) + *fields;
    const FileDescriptor here(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const std::string root(section.string("root"));
    if (!root.empty() && !options.check && chdir(root.c_str()) != 0)
        return section.error("root", errno_error("chdir", root, errno).text);
    context.server_name = site->name;
    context.entry = site->key;
    context.store = &registry.store();
    context.tls = site->tls;
    context.forwarding = &site->forwarding;
    auto dispatcher = make_modules(section, registry, std::move(context));
    if (!root.empty() && !options.check && fchdir(here.get()) != 0)
        return errno_error("fchdir", "back from " + root, errno);
    if (!dispatcher) return dispatcher.error();
    site->dispatcher = dispatcher.take();
    return site;
}

log::Level read_level(std::string_view name) {
    if (equal_caseless(name, "debug")) return log::Level::Debug;
    if (equal_caseless(name, "warning")) return log::Level::Warning;
    return equal_caseless(name, "error") ? log::Level::Error : log::Level::Info;
}

log::AccessFormat read_format(std::string_view name) {
    if (equal_caseless(name, "common")) return log::AccessFormat::Common;
    return equal_caseless(name, "json") ? log::AccessFormat::Json : log::AccessFormat::Combined;
}

void read_global(const config::Section& global, const Options& options, Settings& settings) {
    settings.user = global.string("user");
    settings.group = global.string("group");
    settings.user_location = global.location("user");
    settings.pid_file = options.pid_file.empty() ? std::string(global.string("pid-file")) : options.pid_file;
    settings.init_d = global.string("init_d");
    if (options.log_file) {
        settings.log_file = *options.log_file;
    } else if (global.has("log-file")) {
        settings.log_file = std::string(global.string("log-file"));
    }
    settings.log_level = options.verbose ? log::Level::Debug : read_level(global.string("log-level"));
    settings.access_log = global.string("access-log");
    settings.access_format = read_format(global.string("access-log-format"));
    settings.workers =
        global.has("workers") ? static_cast<unsigned>(global.integer("workers")) : usable_cores();
    if (options.workers) settings.workers = *options.workers;
    settings.max_memory = global.size("maxmemory");
    settings.drain_timeout_ms = global.milliseconds("drain_timeout");
}

}  // namespace

std::unique_ptr<Settings> load_settings(const Options& options, module::Registry& registry,
                                        module::SharedState& shared, config::Diagnostics& diagnostics) {
    auto loaded = config::Document::load(options.config_file, diagnostics);
    if (!loaded) {
        diagnostics.errors.push_back(loaded.error().text);
        return nullptr;
    }
    auto settings = std::make_unique<Settings>();
    settings->document = std::make_unique<config::Document>(loaded.take());
    const config::Document& document = *settings->document;
    document.check(
        [&registry](std::string_view group, std::span<const config::Key>& keys) {
            const MarmosetModule* module = registry.find(group);
            if (module) keys = {module->keys, module->key_count};
            return module != nullptr;
        },
        diagnostics);
    diagnostics.errors.insert(diagnostics.errors.end(), registry.errors().begin(), registry.errors().end());
    if (!diagnostics.errors.empty()) return nullptr;

    const config::Section global = document.global();
    read_global(global, options, *settings);
    if (geteuid() == 0 && settings->user.empty() && !options.check) {
        diagnostics.errors.push_back(
            settings->user_location +
            ": user: not set, the workers would run as root; expected user = \"www-data\" (or "
            "user = \"root\" to want just that)");
    }
    const std::vector<config::Section> servers = document.servers();
    module::Context context;
    context.mime_types = read_mime_types(global);
    context.check_only = options.check;
    context.user = settings->user;
    context.group = settings->group;
    context.shared = &shared;
    for (size_t i = 0; i < servers.size(); ++i) {
        if (options.only_server && *options.only_server != i) continue;
        auto site = make_site(servers[i], options, registry, context, i);
        if (site) {
            settings->sites.push_back(site.take());
        } else {
            diagnostics.errors.push_back(site.error().text);
        }
    }
    if (options.only_server && *options.only_server >= servers.size()) {
        diagnostics.errors.push_back(fmt::format("{}: servers: -s {}: there are only {}, counted from 0",
                                                 global.location(), *options.only_server, servers.size()));
    }
    if (settings->sites.empty() && diagnostics.errors.empty()) {
        diagnostics.errors.push_back(global.location() +
                                     ": servers: none to serve; expected a list of groups");
    }
    if (!diagnostics.errors.empty()) return nullptr;
    return settings;
}

}  // namespace marmoset::server
