#include "server/configuration.h"

#include "log/logger.h"
#include "server/log_files.h"

namespace marmoset::server {

namespace {

// The access log is opened; the error log only tried: it is the process's, and changes when the configuration
// is taken into use.
Result<void> open_logs(Configuration& configuration, const Identity& identity) {
    const Settings& settings = *configuration.settings;
    const auto fault = [&](const char* key, const Error& error) {
        return Error{settings.document->global().location(key) + ": " + key + ": " + error.text, error.code};
    };
    const auto error_log = open_log(log_names(settings).error, identity);
    if (!error_log) return fault("log-file", error_log.error());
    const auto access_log = open_access_log(settings, identity, configuration.access_log);
    if (!access_log) return fault("access-log", access_log.error());
    return {};
}

// What was done once, at the start, is not done again.
void keep_fixed(const Configuration& current, const Options& options, Settings& settings) {
    const config::Section before = current.settings->document->global();
    const config::Section after = settings.document->global();
    for (const config::Key& key : config::global_keys()) {
        if (key.reloadable || key.type != config::Type::String) continue;
        if (key.name == std::string_view("pid-file") && !options.pid_file.empty()) continue;
        const std::string_view old_value = before.string(key.name);
        const std::string_view new_value = after.string(key.name);
        if (old_value != new_value) {
            log::warning("{}: {}: the change to \"{}\" needs a restart; \"{}\" stays",
                         after.location(key.name), key.name, new_value, old_value);
        }
    }
    const unsigned workers = current.settings->workers;
    if ((workers == 0) != (settings.workers == 0)) {
        log::warning("{}: workers: the change to {} needs a restart; {} stays", after.location("workers"),
                     settings.workers, workers);
        settings.workers = workers;
    }
    settings.user = current.settings->user;
    settings.group = current.settings->group;
    settings.init_d = current.settings->init_d;
    settings.pid_file = current.settings->pid_file;
}

}  // namespace

Result<std::unique_ptr<Configuration>> open_configuration(std::unique_ptr<Settings> settings,
                                                          const SocketList& before,
                                                          const Identity& identity) {
    auto configuration = std::make_unique<Configuration>();
    configuration->settings = std::move(settings);
    const auto logs = open_logs(*configuration, identity);
    if (!logs) return logs.error();
    auto sockets = bind_sites(*configuration->settings, before);
    if (!sockets) return sockets.error();
    configuration->sockets = sockets.take();
    return configuration;
}

std::unique_ptr<Settings> ConfigurationReader::load(bool with_warnings) const {
    config::Diagnostics diagnostics;
    registry_.forget_failures();
    auto settings = load_settings(options_, registry_, shared_, diagnostics);
    if (with_warnings || !settings) {
        for (const std::string& warning : diagnostics.warnings)
            log::warning("{}", warning);
    }
    for (const std::string& error : diagnostics.errors)
        log::error("{}", error);
    return settings;
}

bool ConfigurationReader::check() const {
    Configuration configuration;
    configuration.settings = load(false);
    if (!configuration.settings) return false;
    const auto logs = open_logs(configuration, identity_);
    if (!logs) log::error("{}", logs.error().text);
    return static_cast<bool>(logs);
}

std::unique_ptr<Configuration> ConfigurationReader::read(const Configuration& current) const {
    auto settings = load(true);
    if (!settings) return nullptr;
    keep_fixed(current, options_, *settings);
    auto opened = open_configuration(std::move(settings), current.sockets, identity_);
    if (!opened) {
        log::error("{}", opened.error().text);
        return nullptr;
    }
    return opened.take();
}

}  // namespace marmoset::server
