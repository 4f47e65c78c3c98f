#include "sim/scenario/placement_reader.hpp"

#include "sim/scenario/value.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim {
namespace {

constexpr auto example = "as in { n1: [c1..c3, c7], n2: [c4] }";

/// The numbers of "c4" or "c1..c3".
std::optional<std::pair<std::int64_t, std::int64_t>> clients_in(const std::string& text) {
    std::string why;
    const auto dots = text.find("..");
    const auto low = parse_value(Type::client, text.substr(0, dots), why);
    const auto high = dots == std::string::npos ? low : parse_value(Type::client, text.substr(dots + 2), why);
    if (!low || !high || low->low > high->low) return std::nullopt;
    return std::pair{low->low, high->low};
}

}  // namespace

std::map<std::string, std::string> read_placement(const Yaml& map, std::vector<Problem>& problems) {
    std::map<std::string, std::string> homes;
    const auto complain = [&](const Yaml& where, std::string message) {
        problems.push_back({where.location, std::move(message), example});
    };
    if (map.kind != Yaml::Kind::map) return complain(map, "placement must be a map"), homes;
    for (const auto& [node, clients] : map.members) {
        std::string why;
        if (!parse_value(Type::node, node.text, why)) {
            complain(node, fmt::format("'{}' {}", node.text, why));
            continue;
        }
        if (clients.kind != Yaml::Kind::list || clients.items.empty()) {
            complain(clients, fmt::format("the clients of {} must be a list", node.text));
            continue;
        }
        for (const auto& item : clients.items) {
            const auto named = item.kind == Yaml::Kind::scalar ? clients_in(item.text) : std::nullopt;
            if (!named) {
                complain(item, fmt::format("'{}' is neither a client nor a range of them", item.text));
                continue;
            }
            for (auto number = named->first; number <= named->second; ++number) {
                const auto client = fmt::format("c{}", number);
                if (const auto [home, added] = homes.try_emplace(client, node.text); !added)
                    complain(item, fmt::format("{} is at {} already", client, home->second));
            }
        }
    }
    return homes;
}

}  // namespace davenport::sim
