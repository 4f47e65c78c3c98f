#pragma once

#include <cstdint>
#include <set>
#include <string_view>

namespace davenport::sim {

/// Which clients of a scenario are played here, where several generators play one load together.
///
/// Clients are dealt out in turn, each round beginning with the next generator: so each has its share of
/// every room, of every node, of those who poll and of those who come late.
struct Share {
    int of = 1;            ///< so many generators are there in all
    std::set<int> has{1};  ///< those that are played or judged here, from 1

    [[nodiscard]] bool is_whole() const { return has.size() == static_cast<std::size_t>(of); }
    /// The generator of the client with this index ("c1" is 0).
    [[nodiscard]] int generator_of(std::uint32_t client) const {
        const auto all = static_cast<std::uint32_t>(of);
        return static_cast<int>((client + client / all) % all) + 1;
    }
    [[nodiscard]] bool plays(std::uint32_t client) const {
        return is_whole() || has.contains(generator_of(client));
    }
    /// The client named "c3", or the sender of the message "c3-17". True of all other names.
    [[nodiscard]] bool plays_name(std::string_view name) const;
    /// As above; 0 of other names.
    [[nodiscard]] int generator_of_name(std::string_view name) const;
};

}  // namespace davenport::sim
