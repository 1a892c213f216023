// The command line: ouistiti's flags with the same meaning, and long names. In: argc, argv. Out: Options, or
// what to print.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace marmoset::server {

struct Options {
    std::string config_file;                ///< -f, --config
    std::string pid_file;                   ///< -p, --pid-file
    std::optional<unsigned> port;           ///< -P, --port: for servers with port 0; 0: the kernel picks
    std::vector<std::string> module_paths;  ///< -M, --modules dir[:dir]; else $MARMOSET_MODULES_PATH,
                                            ///< $OUISTITI_MODULES_PATH, the built-in one
    std::string root;                       ///< -W, --root: chroot, when refused chdir
    std::optional<unsigned>
        only_server;  ///< -s, --server N: only the Nth server, counted from 0 as in ouistiti
    std::optional<std::string> log_file;  ///< -L, --log-file: wins over the configuration
    std::string ports_file;               ///< --ports-file: receives one bound address a line
    std::optional<unsigned> workers;      ///< --workers: wins over the configuration
    bool daemon = false;                  ///< -D, --daemon
    bool kill = false;         ///< -K, --kill: SIGTERM to the holder of the pid file's lock (needs -p)
    bool check = false;        ///< -t, --check: checks the configuration and exits
    bool print_paths = false;  ///< -C, --paths: prints the built-in paths as ouistiti does
    bool help_config = false;  ///< --help-config: prints every key with default and help
    bool version = false;      ///< -V, --version
    bool help = false;         ///< -h, --help
    bool verbose = false;      ///< -v, --verbose: log level debug
};

/// Parses, and fills in built-in paths of the configuration and the modules where nothing names them; the
/// error is one line, to be followed by a hint at --help (exit 1 then). Clustered short flags work.
Result<Options> parse_options(int argc, char** argv);

std::string help_text();     ///< of -h; complete, 80 columns
std::string version_text();  ///< "marmoset/0.1.0" first line as ouistiti's form, then features
std::string
default_hostname();  ///< of a server without one: the machine's name, with .local if it has no dot
std::string
paths_text();  ///< of -C: sysconfdir="..." prefix libdir pkglibdir datadir configfile pidfile hostname

}  // namespace marmoset::server
