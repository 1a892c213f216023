// One file of a Document, for the parts of its implementation. In: a path. Out: libconfig's tree, its
// settings hooked to their Locations.
#pragma once

#include <libconfig.h>

#include <string>

#include "config/document.h"
#include "config/source.h"

namespace marmoset::config {

struct Document::File {
    File();
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    Result<void> load(const std::string& path);
    config_setting_t* root() const { return config_root_setting(&config); }

    config_t config;
    Source source;   ///< the settings' hooks point into it
    Location top{};  ///< of the root: the file, no line
};

}  // namespace marmoset::config
