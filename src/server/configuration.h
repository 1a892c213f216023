// A configuration made real: settings with their module instances, listening sockets, access log. The one
// that is read again on SIGHUP is made beside the one that serves, and takes its sockets over.
#pragma once

#include <memory>

#include "config/document.h"
#include "log/access_log.h"
#include "module/registry.h"
#include "server/options.h"
#include "server/privileges.h"
#include "server/settings.h"
#include "server/sockets.h"

namespace marmoset::server {

struct Configuration {
    std::unique_ptr<Settings> settings;
    SocketList sockets;
    log::AccessLog access_log;
};

/// Opens what `settings` name. Sockets that `before` has are taken over; others are bound and do not listen.
Result<std::unique_ptr<Configuration>> open_configuration(std::unique_ptr<Settings> settings,
                                                          const SocketList& before, const Identity& identity);

/// Reads the configuration again, as the command line said at the start. What is wrong goes to the error log,
/// a line each.
class ConfigurationReader {
  public:
    /// All outlive the reader.
    ConfigurationReader(const Options& options, module::Registry& registry, module::SharedState& shared,
                        const Identity& identity)
        : options_(options), registry_(registry), shared_(shared), identity_(identity) {}

    /// Whether the configuration could be used: all but the sockets, which only the process that keeps them
    /// can bind.
    bool check() const;
    /// The configuration that follows `current`; nullptr if anything is wrong. What a reload can't change
    /// stays as in `current`, and is told.
    std::unique_ptr<Configuration> read(const Configuration& current) const;

    const Identity& identity() const { return identity_; }

  private:
    std::unique_ptr<Settings> load(bool with_warnings) const;

    const Options& options_;
    module::Registry& registry_;
    module::SharedState& shared_;
    const Identity& identity_;
};

}  // namespace marmoset::server
