#include "node/net/page_bundle.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

namespace davenport::node {
namespace {

class Bundler {
public:
    explicit Bundler(std::span<const PageFile> files) {
        for (const auto& file : files) contents_[std::string{file.path}] = file.content;
    }

    /// Gives the variable that holds what the module exports.
    std::string add(const std::string& path) {
        const auto known = variables_.find(path);
        if (known != variables_.end()) {
            if (known->second.empty())
                throw std::runtime_error(fmt::format("{} imports itself by a circle", path));
            return known->second;
        }
        variables_[path];
        const auto variable = fmt::format("m{}", variables_.size());
        const auto content = contents_.find(path);
        if (content == contents_.end())
            throw std::runtime_error(fmt::format("there is no {} to be imported", path));
        const auto body = read(path, content->second);
        script_ += fmt::format("const {} = (() => {{\n{}}})();\n", variable, body);
        return variables_[path] = variable;
    }

    std::string take() { return std::move(script_); }

private:
    std::string read(const std::string& path, std::string_view content) {
        static const std::regex import_line(R"(^import \{ ([\w$, ]+) \} from '\./([\w.-]+)';$)");
        static const std::regex export_name(R"(^export (?:async function|function|class|const) ([\w$]+))");
        static const std::regex export_names(R"(^export const \{ ([\w$, ]+) \} =)");
        static const std::regex comment(R"(^\s*(?://|/\*\*|\*).*$)");
        std::string body, exports;
        while (!content.empty()) {
            const auto end = std::min(content.find('\n'), content.size());
            std::string line{content.substr(0, end)};
            content.remove_prefix(std::min(end + 1, content.size()));
            std::smatch match;
            if (line.empty() || std::regex_match(line, comment)) continue;
            if (std::regex_match(line, match, import_line)) {
                const auto from = add("/" + match[2].str());
                line = fmt::format("const {{ {} }} = {};",
                                   std::regex_replace(match[1].str(), std::regex(" as "), ": "), from);
            } else if (line.starts_with("export ")) {
                if (!std::regex_search(line, match, export_names) &&
                    !std::regex_search(line, match, export_name))
                    throw std::runtime_error(fmt::format("{}: cannot read `{}`", path, line));
                exports += (exports.empty() ? "" : ", ") + match[1].str();
                line.erase(0, std::string_view{"export "}.size());
            } else if (line.starts_with("import ")) {
                throw std::runtime_error(fmt::format("{}: cannot read `{}`", path, line));
            }
            body += line + '\n';
        }
        return exports.empty() ? body : fmt::format("{}return {{ {} }};\n", body, exports);
    }

    std::map<std::string, std::string_view, std::less<>> contents_;
    std::map<std::string, std::string> variables_;  ///< by path; empty while a module's imports are read
    std::string script_;
};

}  // namespace

std::string bundle_modules(std::string_view entry, std::span<const PageFile> files) {
    Bundler bundler{files};
    bundler.add(std::string{entry});
    return bundler.take();
}

}  // namespace davenport::node
