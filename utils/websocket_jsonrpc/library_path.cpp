// The file that -L means. In: its values, the file system. Out: a path.
#include "library_path.h"

#include <sys/stat.h>

#include <filesystem>

namespace jsonrpc {

namespace {

// `path` or path.so, absolute; empty: there is neither.
std::string file_at(const std::string& path) {
    struct stat info;
    for (const std::string& name : {path, path + ".so"}) {
        if (stat(name.c_str(), &info) == 0 && S_ISREG(info.st_mode)) return std::filesystem::absolute(name);
    }
    return {};
}

}  // namespace

std::string find_library(const std::vector<std::string>& values, const std::string& folder) {
    if (values.empty()) return {};
    const std::string& name = values.back();
    std::string found;
    if (name.find('/') != std::string::npos) {
        found = file_at(name);
        return found.empty() ? name : found;
    }
    for (size_t i = 0; i + 1 < values.size() && found.empty(); ++i)
        found = file_at(values[i] + "/" + name);
    if (found.empty()) found = file_at(folder + "/" + name);
    if (!found.empty()) return found;
    return name.find(".so") == std::string::npos ? name + ".so" : name;
}

}  // namespace jsonrpc
