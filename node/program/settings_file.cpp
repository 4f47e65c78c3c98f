#include "node/program/settings_file.hpp"

#include "node/base/closest.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace davenport::node::program {
namespace {

std::string place_of(const std::string& path, const YAML::Mark& mark) {
    return fmt::format("{}:{}:{}", path, mark.line + 1, mark.column + 1);
}

std::string unknown(const std::string& name, const std::vector<std::string>& known) {
    const std::vector<std::string_view> views{known.begin(), known.end()};
    const auto near = base::closest(name, views);
    return fmt::format(
        "there is no setting '{}'{}", name,
        near.empty() ? "; chatnode --help lists all" : fmt::format("; did you mean '{}'?", near));
}

/// False when the node is neither a plain value nor a list of them.
bool read_values(const YAML::Node& node, std::vector<std::string>& into) {
    if (node.IsScalar()) {
        into.push_back(node.Scalar());
        return true;
    }
    if (!node.IsSequence()) return false;
    for (const auto& item : node) {
        if (!item.IsScalar()) return false;
        into.push_back(item.Scalar());
    }
    return true;
}

}  // namespace

SettingsFile read_settings_file(const std::string& path, const std::vector<std::string>& known) {
    SettingsFile out;
    YAML::Node root;
    try {
        const auto documents = YAML::LoadAllFromFile(path);
        if (documents.empty()) return out;
        root = documents.front();
        if (documents.size() > 1)
            out.mistakes.push_back(
                fmt::format("{}: the settings end here, and others follow: leave out the '---'",
                            place_of(path, documents[1].Mark())));
    } catch (const YAML::BadFile&) {
        out.mistakes.push_back(fmt::format("{}: cannot be read: give --config a readable file", path));
        return out;
    } catch (const YAML::Exception& error) {
        out.mistakes.push_back(fmt::format("{}: {}", place_of(path, error.mark), error.msg));
        return out;
    }
    if (root.IsNull()) return out;
    if (!root.IsMap()) {
        out.mistakes.push_back(
            fmt::format("{}: one setting a line is wanted here, as in 'listen: 127.0.0.1:8080'",
                        place_of(path, root.Mark())));
        return out;
    }
    for (const auto& entry : root) {
        const auto where = place_of(path, entry.first.Mark());
        const auto name = entry.first.IsScalar() ? entry.first.Scalar() : std::string{"?"};
        if (std::ranges::find(known, name) == known.end()) {
            out.mistakes.push_back(fmt::format("{}: {}", where, unknown(name, known)));
            continue;
        }
        Setting setting{{}, place_of(path, entry.second.Mark())};
        if (!read_values(entry.second, setting.values))
            out.mistakes.push_back(
                fmt::format("{}: {} is a plain value, or a list of them", setting.place, name));
        else if (!out.settings.emplace(name, std::move(setting)).second)
            out.mistakes.push_back(fmt::format("{}: {} is set twice", where, name));
    }
    return out;
}

}  // namespace davenport::node::program
