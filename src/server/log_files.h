// The logs a configuration names, opened before privileges are dropped and given to the user the server runs
// as, so that it may reopen them (as ouistiti does).
#pragma once

#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "log/access_log.h"
#include "server/privileges.h"
#include "server/settings.h"

namespace marmoset::server {

/// Which files: empty where the log is none, or a standard descriptor, which is never reopened.
struct LogNames {
    std::string error;
    std::string access;
};
LogNames log_names(const Settings& settings);

/// Opens `path` as a log of `identity`'s. `path` empty: an empty descriptor.
Result<FileDescriptor> open_log(const std::string& path, const Identity& identity);

/// Makes the error log and the level of `settings` those of this process. On failure they stay.
Result<void> use_error_log(const Settings& settings, const Identity& identity);

Result<void> open_access_log(const Settings& settings, const Identity& identity, log::AccessLog& access_log);

}  // namespace marmoset::server
