#include "settings.h"

#include <cerrno>

#include "auth/password_recipe.h"
#include "jsonrpc/settings_text.h"

namespace marmoset::authrpc {

using namespace jsonrpc;

namespace {

constexpr std::string_view kKeys[] = {"dbname", "group",    "type",    "algorithm", "realm",
                                      "issuer", "failures", "foreign", "signin"};

Error invalid(std::string text) {
    return Error{std::move(text), EINVAL};
}

}  // namespace

Result<Settings> parse_settings(std::string_view argument) {
    const auto text = SettingsText::parse(argument, "dbname", kKeys);
    if (!text) return text.error();
    Settings settings;
    settings.dbname = text->text("dbname");
    if (settings.dbname.empty()) return invalid("-C names the database of users: a path, or dbname=…");
    settings.issuer = text->text("issuer");
    if (auto read = text->read("group", settings.group); !read) return read.error();
    if (settings.group.empty()) return invalid("group is the name of a group");
    if (auto read = text->read("foreign", settings.foreign); !read) return read.error();
    if (auto read = text->read("signin", settings.signin); !read) return read.error();
    uint64_t failures = settings.throttle.failures;
    if (auto read = text->read("failures", failures, 1, 1000000); !read) return read.error();
    settings.throttle.failures = static_cast<unsigned>(failures);
    settings.has_recipe = text->has("type") || text->has("algorithm") || text->has("realm");
    auto recipe =
        auth::parse_password_recipe(text->text("type"), text->text("algorithm"), text->text("realm"));
    if (!recipe) return recipe.error();
    settings.recipe = recipe.take();
    return settings;
}

}  // namespace marmoset::authrpc
