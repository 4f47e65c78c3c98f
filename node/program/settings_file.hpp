#pragma once

#include <map>
#include <string>
#include <vector>

namespace davenport::node::program {

/// One setting of a file, with its place for whoever has to be told that it is no good.
struct Setting {
    std::vector<std::string> values;
    std::string place;  ///< "chatnode.yaml:3:9"
};

struct SettingsFile {
    std::map<std::string, Setting> settings;  ///< by an option's name without its dashes
    std::vector<std::string> mistakes;        ///< each with its place and the remedy
};

/// Reads "listen: 0.0.0.0:8080", one option a line; lists for what may be given several times. YAML.
/// `known`: the options that there are.
SettingsFile read_settings_file(const std::string& path, const std::vector<std::string>& known);

}  // namespace davenport::node::program
