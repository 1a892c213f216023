// Tables as configuration text. In: tables. Out: commented text that loads again, for --help-config.

#include <fmt/format.h>

#include "base/text.h"
#include "config/document.h"
#include "config/value.h"

namespace marmoset::config {

namespace {

constexpr size_t kColumns = 100;

class Writer {
  public:
    void keys(std::span<const Key> keys, unsigned indent, std::span<const ModuleTable> modules) {
        for (const Key& one : keys) {
            if (&one != keys.data()) text_ += '\n';
            key(one, indent, modules);
        }
    }

    void module(const ModuleTable& module, unsigned indent) {
        line(indent, fmt::format("{} = {{", module.group));
        keys(module.keys, indent + 1, {});
        line(indent, "};");
    }

    std::string take() { return std::move(text_); }

  private:
    void line(unsigned indent, std::string_view content) {
        text_.append(indent * 4, ' ').append(content).append("\n");
    }

    void comment(unsigned indent, std::string_view content) {
        while (!content.empty()) {
            size_t room = kColumns - indent * 4 - 2;
            size_t end = content.size();
            if (end > room) {
                end = content.rfind(' ', room);
                if (end == std::string_view::npos || end == 0) end = content.size();
            }
            line(indent, "# " + std::string(content.substr(0, end)));
            content.remove_prefix(std::min(content.size(), end + 1));
        }
    }

    static std::string quoted(std::string_view value) {
        std::string text = "\"";
        for (char c : value) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        return text + "\"";
    }

    static std::string value(const Key& key) {
        std::string_view text = key.default_text;
        if (key.type == Type::String || key.type == Type::Words) return quoted(text);
        if (key.type == Type::Size) return parse_decimal(text) ? std::string(text) : quoted(text);
        if (key.type != Type::StringList) return std::string(text);
        std::string list = "[";
        while (auto element = next_list_element(text))
            list += (list.size() > 1 ? ", " : "") + quoted(*element);
        return list + "]";
    }

    void key(const Key& key, unsigned indent, std::span<const ModuleTable> modules) {
        comment(indent, key.help);
        if (key.type == Type::Ignored) {
            return comment(indent,
                           fmt::format("{}: accepted for ouistiti's sake, without effect.", key.name));
        }
        std::string what = expectation(key);
        what[0] = what[0] >= 'a' && what[0] <= 'z' && key.choices == nullptr ? static_cast<char>(what[0] - 32)
                                                                             : what[0];
        if (key.default_text == nullptr && key.type != Type::Group && key.type != Type::GroupList) {
            what += "; unset by default";
        }
        for (std::string_view alias : alternatives(key.alias))
            what += fmt::format("; also named {}", alias);
        if (!key.reloadable) what += "; a change needs a restart";
        comment(indent, what + ".");
        if (key.type == Type::Group || key.type == Type::GroupList) {
            bool list = key.type == Type::GroupList;
            line(indent, fmt::format("{} = {}", key.name, list ? "({" : "{"));
            keys(key.children, indent + 1, {});
            if (key.children.data() == server_keys().data()) {
                for (const ModuleTable& one : modules) {
                    text_ += '\n';
                    module(one, indent + 1);
                }
            }
            line(indent, list ? "});" : "};");
        } else if (key.default_text == nullptr) {
            line(indent, fmt::format("#{} = ...;", key.name));
        } else {
            line(indent, fmt::format("{} = {};", key.name, value(key)));
        }
    }

    std::string text_;
};

}  // namespace

std::string describe(std::span<const Key> keys, unsigned indent) {
    Writer writer;
    writer.keys(keys, indent, {});
    return writer.take();
}

std::string describe_configuration(std::span<const ModuleTable> modules) {
    Writer writer;
    writer.keys(global_keys(), 0, modules);
    return writer.take();
}

}  // namespace marmoset::config
