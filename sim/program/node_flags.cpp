#include "sim/program/node_flags.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::sim::program {
namespace {

/// "n2=..." in two; nothing when it is not so.
std::optional<std::pair<std::string, std::string>> split(std::string_view pair) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals < 2 || pair[0] != 'n' || equals + 1 == pair.size())
        return std::nullopt;
    const auto number = pair.substr(1, equals - 1);
    if (number.front() == '0' || !std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    return std::pair{std::string{pair.substr(0, equals)}, std::string{pair.substr(equals + 1)}};
}

}  // namespace

std::string read_node_flags(const RunRequest& request, NodeFlags& flags) {
    for (const auto& text : request.node_binaries) {
        auto pair = split(text);
        if (!pair) return fmt::format("--node-binary '{}': write it as n2=PATH", text);
        if (::access(pair->second.c_str(), X_OK) != 0)
            return fmt::format("--node-binary {}: there is no program at {}", text, pair->second);
        flags.binaries.insert_or_assign(std::move(pair->first), std::move(pair->second));
    }
    for (const auto& text : request.attach) {
        auto pair = split(text);
        if (!pair) return fmt::format("--attach '{}': write it as n1=http://host:port", text);
        if (flags.binaries.contains(pair->first))
            return fmt::format("{} is attached and has a --node-binary: only one of them can be",
                               pair->first);
        if (!flags.attached.insert(std::move(*pair)).second)
            return fmt::format("--attach '{}': that node is attached already", text);
    }
    if (flags.attached.empty())
        return request.control.empty() ? ""
                                       : "--control is for nodes that are attached: give --attach n1=URL too";
    if (request.store == "couchmock")
        return "--attach: give --store http://user:password@host:port/database too, the one that the "
               "attached nodes write: what they lose or "
               "write twice is seen there";
    return {};
}

}  // namespace davenport::sim::program
