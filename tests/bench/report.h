// What a run has to say, as one line for people or one JSON object for the comparison runner.
// In: names with values. Out: text.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace marmoset::bench {

class Report {
  public:
    explicit Report(std::string mode) { add("mode", mode); }

    void add(const std::string& name, const std::string& value) {
        fields_.push_back({name, value, '"' + value + '"'});
    }
    void add(const std::string& name, const char* value) { add(name, std::string(value)); }
    void add(const std::string& name, bool value) {
        fields_.push_back({name, value ? "yes" : "no", value ? "true" : "false"});
    }
    void add(const std::string& name, uint64_t value) {
        fields_.push_back({name, std::to_string(value), std::to_string(value)});
    }
    void add(const std::string& name, double value) {
        char text[64];
        std::snprintf(text, sizeof text, "%.3f", value);
        fields_.push_back({name, text, text});
    }

    std::string line() const {
        std::string text;
        for (const Field& field : fields_)
            text += (text.empty() ? "" : "  ") + field.name + " " + field.plain;
        return text;
    }
    std::string json() const {
        std::string text = "{";
        for (const Field& field : fields_) {
            text += (text.size() > 1 ? ", \"" : "\"") + field.name + "\": " + field.json;
        }
        return text + "}";
    }

  private:
    struct Field {
        std::string name, plain, json;
    };
    std::vector<Field> fields_;
};

}  // namespace marmoset::bench
