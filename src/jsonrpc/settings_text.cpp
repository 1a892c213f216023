#include "jsonrpc/settings_text.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"

namespace marmoset::jsonrpc {

namespace {

bool begins_with_key(std::string_view text) {
    const size_t end = static_cast<size_t>(
        std::find_if(text.begin(), text.end(), [](char c) { return c < 'a' || c > 'z'; }) - text.begin());
    return end > 0 && trim(text.substr(end)).starts_with('=');
}

Error unknown(std::string_view key, std::span<const std::string_view> keys) {
    std::string text = "there is no setting «" + std::string(key) + "»";
    const auto nearest = std::min_element(keys.begin(), keys.end(), [&](auto one, auto other) {
        return edit_distance(key, one) < edit_distance(key, other);
    });
    if (nearest != keys.end() && edit_distance(key, *nearest) <= 2)
        text += ", but «" + std::string(*nearest) + "»";
    return Error{text, EINVAL};
}

}  // namespace

Result<SettingsText> SettingsText::parse(std::string_view text, std::string_view single,
                                         std::span<const std::string_view> keys) {
    SettingsText settings;
    text = trim(text);
    if (!begins_with_key(text)) {
        if (!text.empty()) settings.values_.emplace(single, text);
        return settings;
    }
    while (!text.empty()) {
        const size_t end = std::min(text.find(';'), text.size());
        const std::string_view part = trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (part.empty()) continue;
        const size_t equals = part.find('=');
        if (equals == std::string_view::npos)
            return Error{"«" + std::string(part) + "» is no key=value", EINVAL};
        const std::string_view key = trim(part.substr(0, equals));
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) return unknown(key, keys);
        if (!settings.values_.emplace(key, trim(part.substr(equals + 1))).second)
            return Error{"«" + std::string(key) + "» stands twice", EINVAL};
    }
    return settings;
}

std::string_view SettingsText::text(std::string_view key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

Result<void> SettingsText::read(std::string_view key, std::string& out) const {
    if (has(key)) out = text(key);
    return {};
}

Result<void> SettingsText::read(std::string_view key, bool& out) const {
    if (!has(key)) return {};
    const std::string_view value = text(key);
    if (value != "yes" && value != "no") return Error{std::string(key) + " is yes or no", EINVAL};
    out = value == "yes";
    return {};
}

Result<void> SettingsText::read(std::string_view key, uint64_t& out, uint64_t least, uint64_t most) const {
    if (!has(key)) return {};
    const auto value = parse_decimal(text(key));
    if (!value || *value < least || *value > most) {
        return Error{
            std::string(key) + " is a number from " + std::to_string(least) + " to " + std::to_string(most),
            EINVAL};
    }
    out = *value;
    return {};
}

}  // namespace marmoset::jsonrpc
