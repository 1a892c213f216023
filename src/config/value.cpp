// Helpers of the configuration reader. In: settings, keys, texts. Out: values and wording.

#include "config/value.h"

#include <fmt/format.h>
#include <libconfig.h>

#include <algorithm>

#include "base/text.h"
#include "config/source.h"

namespace marmoset::config {

std::optional<uint64_t> parse_size(std::string_view text) {
    if (text.empty()) return std::nullopt;
    unsigned shift = 0;
    switch (to_lower(text.back())) {
        case 'k':
            shift = 10;
            break;
        case 'm':
            shift = 20;
            break;
        case 'g':
            shift = 30;
            break;
        default:
            break;
    }
    if (shift != 0) text.remove_suffix(1);
    auto number = parse_decimal(text);
    if (!number || *number > (static_cast<uint64_t>(INT64_MAX) >> shift)) return std::nullopt;
    return *number << shift;
}

std::string size_text(uint64_t bytes) {
    for (auto [shift, unit] : {std::pair(30, 'G'), std::pair(20, 'M'), std::pair(10, 'K')}) {
        if (bytes != 0 && bytes % (uint64_t{1} << shift) == 0)
            return fmt::format("{}{}", bytes >> shift, unit);
    }
    return fmt::format("{}", bytes);
}

std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        size_t end = std::min(text.find_first_of(", \t"), text.size());
        if (end != 0) words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    return words;
}

std::vector<std::string_view> alternatives(const char* text) {
    std::vector<std::string_view> found;
    std::string_view rest = text != nullptr ? text : "";
    while (!rest.empty()) {
        size_t end = std::min(rest.find('|'), rest.size());
        found.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(rest.size(), end + 1));
    }
    return found;
}

bool is_choice(const char* choices, std::string_view word) {
    if (choices == nullptr) return true;
    auto all = alternatives(choices);
    return std::any_of(all.begin(), all.end(),
                       [&](std::string_view choice) { return equal_caseless(choice, word); });
}

bool is_named(const Key& key, std::string_view name) {
    if (name == key.name) return true;
    auto others = alternatives(key.alias);
    return std::find(others.begin(), others.end(), name) != others.end();
}

int64_t minimum_of(const Key& key) {
    bool unsigned_type = key.type == Type::Seconds || key.type == Type::Size;
    return unsigned_type ? std::max<int64_t>(key.min, 0) : key.min;
}

int64_t maximum_of(const Key& key) {
    return key.type == Type::Seconds ? std::min<int64_t>(key.max, INT64_MAX / 1000) : key.max;
}

const char* type_text(Type type) {
    switch (type) {
        case Type::String:
            return "a string";
        case Type::Integer:
            return "an integer";
        case Type::Boolean:
            return "a boolean";
        case Type::Seconds:
            return "a number of seconds";
        case Type::Size:
            return "a size";
        case Type::Group:
            return "a group";
        case Type::GroupList:
            return "a list of groups";
        case Type::StringList:
            return "a list of strings";
        case Type::Words:
            return "a string of words";
        case Type::Ignored:
            break;
    }
    return "anything";
}

namespace {

std::string choices_text(const char* choices) {
    std::string text;
    auto all = alternatives(choices);
    for (size_t i = 0; i < all.size(); ++i) {
        if (i != 0) text += i + 1 == all.size() ? " or " : ", ";
        text += all[i];
    }
    return text;
}

std::string range_text(const Key& key) {
    auto number = [&](int64_t value) {
        return key.type == Type::Size ? size_text(static_cast<uint64_t>(value)) : fmt::format("{}", value);
    };
    bool low = key.min != std::numeric_limits<int64_t>::min();
    bool high = key.max != std::numeric_limits<int64_t>::max();
    if (low && high) return fmt::format(" from {} to {}", number(key.min), number(key.max));
    if (low) return fmt::format(", {} or more", number(key.min));
    if (high) return fmt::format(", {} or less", number(key.max));
    return {};
}

}  // namespace

std::string expectation(const Key& key) {
    switch (key.type) {
        case Type::String:
            return key.choices != nullptr ? choices_text(key.choices) : "a string";
        case Type::Words:
            return "words of " + choices_text(key.choices);
        case Type::StringList:
            return key.choices != nullptr ? "a list of " + choices_text(key.choices) : "a list of strings";
        case Type::Boolean:
            return "true or false";
        case Type::Integer:
            return "an integer" + range_text(key);
        case Type::Seconds:
            return "seconds" + range_text(key);
        case Type::Size:
            return "a size in bytes or with K, M or G" + range_text(key);
        default:
            return type_text(key.type);
    }
}

std::string location_text(const config_setting_t* setting) {
    auto* where = static_cast<const Location*>(config_setting_get_hook(setting));
    if (where == nullptr) return {};
    return where->line == 0 ? std::string(where->file) : fmt::format("{}:{}", where->file, where->line);
}

std::string value_text(const config_setting_t* setting) {
    constexpr size_t kLongest = 60;
    switch (config_setting_type(setting)) {
        case CONFIG_TYPE_GROUP:
            return "a group";
        case CONFIG_TYPE_LIST:
            return "a list";
        case CONFIG_TYPE_ARRAY:
            return "an array";
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
            return fmt::format("\"{}\"", config_setting_get_int64(setting));
        case CONFIG_TYPE_FLOAT: {
            std::string number = fmt::format("{}", config_setting_get_float(setting));
            bool whole = number.find_first_not_of("-0123456789") == std::string::npos;
            return fmt::format("\"{}{}\"", number, whole ? ".0" : "");  // "80" would look like an integer
        }
        case CONFIG_TYPE_BOOL:
            return config_setting_get_bool(setting) ? "\"true\"" : "\"false\"";
        default:
            break;
    }
    std::string_view value = config_setting_get_string(setting);
    std::string text(value.substr(0, kLongest));
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';  // a message is one line
    }
    return fmt::format("\"{}{}\"", text, value.size() > kLongest ? "..." : "");
}

}  // namespace marmoset::config
