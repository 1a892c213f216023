#include "server/launch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "config/document.h"
#include "log/logger.h"
#include "server/init_scripts.h"
#include "server/paths.h"
#include "server/pid_file.h"
#include "server/privileges.h"
#include "server/settings.h"
#include "server/sockets.h"
#include "server/supervisor.h"
#include "server/worker.h"

namespace marmoset::server {

namespace {

constexpr unsigned kKillWaitMs = 60000;

int fail(const std::string& text) {
    std::fprintf(stderr, "marmoset: %s\n", text.c_str());
    return 1;
}

// -W changes what relative paths mean; those of the command line mean what the caller saw.
std::string absolute(const std::string& path) {
    if (path.empty() || path.front() == '/' || path == "-") return path;
    char here[PATH_MAX];
    return getcwd(here, sizeof here) ? std::string(here) + "/" + path : path;
}

std::vector<std::string> module_paths(const Options& options) {
    std::vector<std::string> paths = options.module_paths;
    if (paths.empty()) paths.emplace_back(MARMOSET_PKGLIBDIR);
    for (std::string& path : paths)
        path = absolute(path);
    return paths;
}

// chroot once everything that needs the old root (configuration, modules' files) has been opened; not
// allowed: the working directory it stays, as in ouistiti.
void confine(const std::string& root) {
    if (!root.empty() && geteuid() == 0 && chroot(".") != 0)
        log::warning("chroot {}: not permitted, staying with chdir", root);
}

// Goes on in a child of its own session. The parent stays until daemon_is_ready() was called on the result,
// so that its end tells that the files which name the daemon are there; or until the child has failed, with
// status 1.
Result<FileDescriptor> become_daemon() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe", "", errno);
    FileDescriptor heard(ends[0]);
    FileDescriptor ready(ends[1]);
    const pid_t pid = fork();
    if (pid < 0) return errno_error("fork", "", errno);
    if (pid == 0) {
        setsid();
        return ready;
    }
    ready.reset();
    char byte;
    ssize_t count;
    do
        count = read(heard.get(), &byte, 1);
    while (count < 0 && errno == EINTR);
    _exit(count == 1 ? 0 : 1);
}

void daemon_is_ready(const FileDescriptor& ready) {
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; ++fd) {
        // A log on stderr of a daemon would go nowhere anyone reads.
        dup2(null, fd);
    }
    ::close(null);
    if (write(ready.get(), "", 1) < 0) log::error("the starting process is gone");
}

int print_version(module::Registry& registry) {
    std::fputs(version_text().c_str(), stdout);
    std::string names;
    for (const MarmosetModule* module : registry.all())
        names.append(" ").append(module->name);
    std::printf("modules:%s\n", names.empty() ? " none" : names.c_str());
    for (const std::string& error : registry.errors())
        std::printf("not usable: %s\n", error.c_str());
    return 0;
}

int print_config_help(module::Registry& registry) {
    std::vector<config::ModuleTable> tables;
    for (const MarmosetModule* module : registry.all())
        tables.push_back({module->name, {module->keys, module->key_count}});
    std::fputs(config::describe_configuration(tables).c_str(), stdout);
    return 0;
}

void report(const config::Diagnostics& diagnostics) {
    for (const std::string& warning : diagnostics.warnings)
        std::fprintf(stderr, "marmoset: warning: %s\n", warning.c_str());
    for (const std::string& error : diagnostics.errors)
        std::fprintf(stderr, "marmoset: %s\n", error.c_str());
}

Result<void> open_logs(const Settings& settings, const Identity& identity, log::AccessLog& access_log) {
    log::set_level(settings.log_level);
    if (settings.log_file) {
        auto opened = log::open(settings.log_file->empty() ? "-" : *settings.log_file);
        if (!opened) return opened;
    }
    auto opened = access_log.open(settings.access_log, settings.access_format);
    if (!opened) return opened;
    // As ouistiti: the files belong to the user the server runs as, so that it may reopen them.
    if (geteuid() == 0 && identity.uid != 0) {
        if (settings.log_file && log::descriptor() > 2 &&
            fchown(log::descriptor(), identity.uid, identity.gid) != 0) {
            return errno_error("chown", *settings.log_file, errno);
        }
        if (access_log.descriptor() > 2 && fchown(access_log.descriptor(), identity.uid, identity.gid) != 0) {
            return errno_error("chown", settings.access_log, errno);
        }
    }
    return {};
}

int serve_alone(const Settings& settings, std::vector<SiteSockets>& sockets, log::AccessLog& access_log,
                const Identity& identity) {
    const auto dropped = drop_privileges(identity);
    if (!dropped) return fail(dropped.error().text);
    AddressCounts address_counts(1);
    CounterPage counters;
    Worker worker(settings, sockets, access_log, address_counts, counters, &counters.own(), 0,
                  FileDescriptor());
    const auto started = worker.start();
    if (!started) return fail(started.error().text);
    worker.run();
    return 0;
}

}  // namespace

int launch(Options options) {
    if (options.help) return std::fputs(help_text().c_str(), stdout) < 0;
    if (options.print_paths) return std::fputs(paths_text().c_str(), stdout) < 0;
    options.config_file = absolute(options.config_file.empty() ? MARMOSET_CONFIGFILE : options.config_file);
    options.pid_file = absolute(options.pid_file);
    options.ports_file = absolute(options.ports_file);
    if (options.log_file) options.log_file = absolute(*options.log_file);
    module::Registry registry(module_paths(options));
    if (options.version) return print_version(registry);
    if (options.help_config) return print_config_help(registry);
    if (options.kill) {
        const auto killed = PidFile::kill_holder(options.pid_file, kKillWaitMs);
        return killed ? 0 : fail(killed.error().text);
    }
    signal(SIGPIPE, SIG_IGN);
    umask(0007);
    if (!options.root.empty() && chdir(options.root.c_str()) != 0)
        return fail(errno_error("-W", options.root, errno).text);

    config::Diagnostics diagnostics;
    const auto settings = load_settings(options, registry, diagnostics);
    report(diagnostics);
    if (!settings) return 1;
    if (options.check) {
        std::fprintf(stderr, "marmoset: %s: ok\n", options.config_file.c_str());
        return 0;
    }
    auto identity = find_identity(settings->user, settings->group);
    if (!identity) return fail(settings->user_location + ": user: " + identity.error().text);
    log::AccessLog access_log;
    const auto logs = open_logs(*settings, *identity, access_log);
    if (!logs) return fail(logs.error().text);

    std::optional<PidFile> pid_file;
    if (!settings->pid_file.empty()) {
        auto created = PidFile::create(settings->pid_file);
        if (!created) return fail(created.error().text);
        pid_file.emplace(created.take());
    }
    auto ports_file = PortsFile::open(options.ports_file);
    if (!ports_file) return fail(ports_file.error().text);
    raise_descriptor_limit();
    auto sockets = bind_sites(*settings);
    if (!sockets) return fail(sockets.error().text);
    confine(options.root);
    FileDescriptor ready;
    if (options.daemon) {
        auto daemon = become_daemon();
        if (!daemon) return fail(daemon.error().text);
        ready = daemon.take();
    }
    if (pid_file) {
        const auto written = pid_file->write();
        if (!written) return fail(written.error().text);
    }
    const pid_t self = getpid();
    log::set_process_name(settings->workers == 0 ? "server" : "supervisor");
    run_init_scripts(settings->init_d, "start");
    std::string addresses;
    for (const SiteSockets& site : *sockets)
        addresses.append(addresses.empty() ? "" : ", ").append(site.address);
    log::info("listening on {}, {} workers", addresses, settings->workers);
    if (geteuid() == 0 && identity->uid == 0)
        log::warning("{}: the server runs as root", settings->user_location);
    const auto ports = ports_file->write(*sockets);
    if (!ports) return fail(ports.error().text);
    if (ready) {
        daemon_is_ready(ready);
        ready.reset();
    }

    const int status = settings->workers == 0 ? serve_alone(*settings, *sockets, access_log, *identity)
                                              : Supervisor(*settings, *sockets, access_log, *identity).run();
    if (getpid() == self) {
        run_init_scripts(settings->init_d, "stop");
        remove_socket_files(*sockets);
        ports_file->remove();
        if (settings->workers > 0) log::info("stopped");
    }
    return status;
}

}  // namespace marmoset::server
