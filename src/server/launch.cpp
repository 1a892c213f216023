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
#include "server/configuration.h"
#include "server/init_scripts.h"
#include "server/log_files.h"
#include "server/paths.h"
#include "server/pid_file.h"
#include "server/ports_file.h"
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

// Signals that would end a process which has no handler for them yet wait until it has: those that mean
// something to a server that runs from the start, those that end it from when it says that it listens.
void hold_signals(int how, std::initializer_list<int> numbers) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : numbers)
        sigaddset(&set, number);
    sigprocmask(how, &set, nullptr);
}

int serve_alone(std::unique_ptr<Configuration> configuration, const ConfigurationReader& reader,
                PortsFile& ports_file, bool chroot) {
    if (chroot) confine();
    const auto dropped = drop_privileges(reader.identity());
    if (!dropped) return fail(dropped.error().text);
    AddressCounts address_counts;
    CounterPage counters;
    WorkerPlace place;
    place.counters = &counters;
    place.slot = &counters.own();
    place.row = *address_counts.take_row();
    Worker::Reload reload;
    reload.read = [&reader](const Configuration& current) {
        auto next = reader.read(current);
        if (!next) log::error("not reloaded: the configuration stays as it was");
        return next;
    };
    reload.taken_into_use = [&](const Configuration& next, const SocketList& before) {
        remove_socket_files(before, next.sockets);
        const auto log = use_error_log(*next.settings, reader.identity());
        if (!log) log::error("{}", log.error().text);
        const auto ports = ports_file.write(next.sockets);
        if (!ports) log::error("{}", ports.error().text);
        log::info("reloaded, listening on {}, no workers", addresses(next.sockets));
    };
    Worker worker(std::move(configuration), address_counts, place, FileDescriptor(), std::move(reload));
    const auto started = worker.start();
    if (!started) return fail(started.error().text);
    hold_signals(SIG_UNBLOCK, {SIGHUP, SIGUSR1, SIGTERM, SIGINT});
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
    hold_signals(SIG_BLOCK, {SIGHUP, SIGUSR1});
    signal(SIGPIPE, SIG_IGN);
    umask(0007);
    if (!options.root.empty() && chdir(options.root.c_str()) != 0)
        return fail(errno_error("-W", options.root, errno).text);

    module::SharedState shared;  // in front of all that refers to it
    config::Diagnostics diagnostics;
    auto settings = load_settings(options, registry, shared, diagnostics);
    report(diagnostics);
    if (!settings) return 1;
    if (options.check) {
        std::fprintf(stderr, "marmoset: %s: ok\n", options.config_file.c_str());
        return 0;
    }
    auto identity = find_identity(settings->user, settings->group);
    if (!identity) return fail(settings->user_location + ": user: " + identity.error().text);
    const auto error_log = use_error_log(*settings, *identity);
    if (!error_log) return fail(error_log.error().text);

    std::optional<PidFile> pid_file;
    if (!settings->pid_file.empty()) {
        auto created = PidFile::create(settings->pid_file);
        if (!created) return fail(created.error().text);
        pid_file.emplace(created.take());
    }
    auto ports_file = PortsFile::open(options.ports_file);
    if (!ports_file) return fail(ports_file.error().text);
    raise_descriptor_limit();
    auto configuration = open_configuration(std::move(settings), {}, *identity);
    if (!configuration) return fail(configuration.error().text);
    const auto listening = listen_on((*configuration)->sockets);
    if (!listening) return fail(listening.error().text);
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
    const Settings& started = *(*configuration)->settings;
    const unsigned workers = started.workers;
    const std::string init_d = started.init_d;
    log::set_process_name(workers == 0 ? "server" : "supervisor");
    run_init_scripts(init_d, "start");
    hold_signals(SIG_BLOCK, {SIGTERM, SIGINT});
    log::info("listening on {}, {} workers", addresses((*configuration)->sockets), workers);
    if (geteuid() == 0 && identity->uid == 0)
        log::warning("{}: the server runs as root", started.user_location);
    const auto ports = ports_file->write((*configuration)->sockets);
    if (!ports) return fail(ports.error().text);
    if (ready) {
        daemon_is_ready(ready);
        ready.reset();
    }

    const ConfigurationReader reader(options, registry, shared, *identity);
    const bool chroot = !options.root.empty();
    const int status = workers == 0 ? serve_alone(configuration.take(), reader, *ports_file, chroot)
                                    : Supervisor(configuration.take(), reader, *ports_file, chroot).run();
    run_init_scripts(init_d, "stop");
    ports_file->remove();
    if (workers > 0) log::info("stopped");
    return status;
}

}  // namespace marmoset::server
