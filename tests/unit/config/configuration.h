// What the configuration's tests share: a folder with files, a load, and messages without the folder's name.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "tests/support/temporary_folder.h"

namespace marmoset::config {

class Configuration : public ::testing::Test {
  protected:
    /// Text with the folder's path cut out of it.
    std::string relative(std::string text) const {
        for (size_t at; (at = text.find(folder_.path() + "/")) != std::string::npos;) {
            text.erase(at, folder_.path().size() + 1);
        }
        return text;
    }

    /// Writes m.conf and loads it; a failure is the test's.
    const Document& load(std::string_view content) {
        diagnostics_ = {};
        auto document = Document::load(folder_.write("m.conf", content), diagnostics_);
        EXPECT_TRUE(document) << (document ? "" : document.error().text);
        if (!document) throw std::runtime_error(document.error().text);
        return document_.emplace(document.take());
    }

    /// The text that a load of m.conf fails with.
    std::string load_error(std::string_view content) {
        Diagnostics diagnostics;
        auto document = Document::load(folder_.write("m.conf", content), diagnostics);
        return document ? "(loaded)" : relative(document.error().text);
    }

    /// Loads and checks; the errors, one a line.
    std::string errors(std::string_view content, const ModuleKeys& modules = {}) {
        load(content).check(modules, diagnostics_);
        return joined(diagnostics_.errors);
    }
    std::string warnings(std::string_view content, const ModuleKeys& modules = {}) {
        load(content).check(modules, diagnostics_);
        return joined(diagnostics_.warnings);
    }
    std::string joined(const std::vector<std::string>& lines) const {
        std::string text;
        for (const std::string& line : lines)
            text += (text.empty() ? "" : "\n") + relative(line);
        return text;
    }

    test::TemporaryFolder folder_;
    Diagnostics diagnostics_;
    std::optional<Document> document_;
};

}  // namespace marmoset::config
