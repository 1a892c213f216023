#include "settings.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "jsonrpc/settings_text.h"

namespace marmoset::sqlrpc {

namespace {

constexpr std::string_view kKeys[] = {"dir",  "default", "write",   "groups", "timeout", "rows",
                                      "size", "memory",  "threads", "cursor", "heap"};

}  // namespace

Result<Settings> parse_settings(std::string_view argument) {
    const auto text = jsonrpc::SettingsText::parse(argument, "default", kKeys);
    if (!text) return text.error();
    Settings settings;
    settings.dir = text->text("dir");
    settings.database = text->text("default");
    if (settings.dir.empty() && settings.database.empty())
        return Error{"-C names a database: a path, or dir=…;default=…", EINVAL};
    uint64_t seconds = settings.timeout_ms / 1000;
    uint64_t mebibytes = settings.memory >> 20;
    uint64_t heap = settings.heap >> 20;
    uint64_t life = settings.cursor_ms / 1000;
    for (const auto& read :
         {text->read("write", settings.write), text->read("timeout", seconds, 1, 3600),
          text->read("rows", settings.rows, 1, 100'000), text->read("size", settings.size, 4096, 256u << 20),
          text->read("memory", mebibytes, 4, 4096), text->read("heap", heap, 8, 65536),
          text->read("cursor", life, 1, 86400), text->read("threads", settings.threads, 1, 1024)}) {
        if (!read) return read.error();
    }
    settings.timeout_ms = 1000 * seconds;
    settings.memory = mebibytes << 20;
    settings.cursor_ms = 1000 * life;
    if (!text->has("heap")) heap = std::max(heap, 2 * mebibytes);
    if (heap < 2 * mebibytes) return Error{"heap is at least twice memory", EINVAL};
    settings.heap = heap << 20;
    if (text->has("groups")) {
        settings.groups.clear();
        std::string_view list = text->text("groups");
        while (const auto name = next_list_element(list))
            settings.groups.emplace_back(*name);
        if (settings.groups.empty()) return Error{"groups are names, or *", EINVAL};
    }
    return settings;
}

}  // namespace marmoset::sqlrpc
