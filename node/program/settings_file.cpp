#include "node/program/settings_file.hpp"

#include "node/base/closest.hpp"
#include "node/program/given_store.hpp"

#include <algorithm>
#include <exception>
#include <set>
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

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// What the parser took for more of the value before it: YAML lets a quote, a bracket and a text in a block
/// go on over lines, and a quote that somebody forgot to close swallows the settings that follow.
class Swallowed {
public:
    Swallowed(const std::string& path, std::string_view text) : path_{&path}, lines_{lines_of(text)} {}

    /// A setting's name was read here.
    void saw_key(const YAML::Mark& mark) { keys_.insert(mark.line); }

    /// A value in quotes ends on its line.
    [[nodiscard]] std::string unclosed_quote(const YAML::Node& value) const {
        const auto mark = value.Mark();
        if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= lines_.size()) return {};
        const auto line = lines_[static_cast<std::size_t>(mark.line)];
        const auto begin = std::min(static_cast<std::size_t>(mark.column), line.size());
        const auto text = line.substr(begin);
        if (!text.starts_with('"') && !text.starts_with('\'')) return {};
        for (std::size_t i = 1; i < text.size(); ++i) {
            const bool escaped =
                text[0] == '"' ? text[i] == '\\' : text[i] == '\'' && text.substr(i + 1).starts_with('\'');
            if (escaped)
                ++i;
            else if (text[i] == text[0])
                return {};
        }
        return fmt::format("{}: this quote is not closed on its line", place_of(*path_, mark));
    }

    /// Each line that looks like a setting and was read as none, among `known` or at a line's beginning.
    [[nodiscard]] std::vector<std::string> mistakes(const std::vector<std::string>& known) const {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            if (keys_.contains(static_cast<int>(i))) continue;
            const auto begin = std::min(lines_[i].find_first_not_of(" \t"), lines_[i].size());
            const auto line = lines_[i].substr(begin);
            const auto end = line.find(':');
            if (end == line.npos || (end + 1 < line.size() && line[end + 1] != ' ' && line[end + 1] != '\r'))
                continue;
            const auto name = line.substr(0, end);
            const bool is_word =
                !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == name.npos;
            if (std::ranges::find(known, name) == known.end() && !(begin == 0 && is_word)) continue;
            out.push_back(
                fmt::format("{}:{}:{}: '{}' is not read as a setting but as a part of the value before "
                            "it: close the quote or bracket there, and begin each setting at the "
                            "beginning of a line",
                            *path_, i + 1, begin + 1, name));
        }
        return out;
    }

private:
    const std::string* path_;
    std::vector<std::string_view> lines_;
    std::set<int> keys_;
};

std::vector<std::string> unclosed(const Swallowed& swallowed, const YAML::Node& value) {
    std::vector<std::string> out;
    const auto look = [&](const YAML::Node& one) {
        if (auto mistake = swallowed.unclosed_quote(one); !mistake.empty()) out.push_back(std::move(mistake));
    };
    if (value.IsScalar()) look(value);
    if (value.IsSequence())
        for (const auto& one : value)
            if (one.IsScalar()) look(one);
    return out;
}

}  // namespace

SettingsFile read_settings_file(const std::string& path, const std::vector<std::string>& known) {
    SettingsFile out;
    std::string text;
    try {
        text = read_file(path);
    } catch (const std::exception& error) {
        out.mistakes.push_back(fmt::format("{}: cannot be read: {}", path, error.what()));
        return out;
    }
    Swallowed swallowed{path, text};
    bool one_alone = true;
    YAML::Node root;
    try {
        const auto documents = YAML::LoadAll(text);
        if (documents.empty()) return out;
        root = documents.front();
        one_alone = documents.size() == 1;
        if (!one_alone)
            out.mistakes.push_back(
                fmt::format("{}: the settings end here, and others follow: leave out the '---'",
                            place_of(path, documents[1].Mark())));
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
        swallowed.saw_key(entry.first.Mark());
        const auto name = entry.first.IsScalar() ? entry.first.Scalar() : std::string{"?"};
        if (std::ranges::find(known, name) == known.end()) {
            out.mistakes.push_back(fmt::format("{}: {}", where, unknown(name, known)));
            continue;
        }
        Setting setting{{}, place_of(path, entry.second.Mark())};
        for (auto& mistake : unclosed(swallowed, entry.second)) out.mistakes.push_back(std::move(mistake));
        if (!read_values(entry.second, setting.values))
            out.mistakes.push_back(
                fmt::format("{}: {} is a plain value, or a list of them", setting.place, name));
        else if (!out.settings.emplace(name, std::move(setting)).second)
            out.mistakes.push_back(fmt::format("{}: {} is set twice", where, name));
    }
    if (!one_alone) return out;  // what the others have is told of already
    for (auto& mistake : swallowed.mistakes(known)) out.mistakes.push_back(std::move(mistake));
    return out;
}

}  // namespace davenport::node::program
