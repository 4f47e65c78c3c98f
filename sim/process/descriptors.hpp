#pragma once

#include <cstdint>
#include <string>

namespace davenport::sim::process {

/// Raises this process's limit of file descriptors, which the processes that it starts inherit, as far as it
/// may. Returns "" when there are `wanted` then, else what to do about it.
std::string provide_descriptors(std::uint64_t wanted);

/// How many sockets and files a run needs at most, in the harness.
constexpr std::uint64_t descriptors_for(std::uint64_t clients, std::uint64_t nodes, bool with_relays) {
    return clients * (with_relays ? 3 : 1) + nodes * 32 + 64;
}

}  // namespace davenport::sim::process
