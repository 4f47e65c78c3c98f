#pragma once

#include "node/base/random.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

/// Small things about files and ports that a world of processes needs.
namespace davenport::sim::process {

/// The port that a program wrote once it listened; nothing while the file is missing or empty.
std::optional<std::uint16_t> read_port_file(const std::filesystem::path& file);

/// The last `lines` lines of a log, for a message to people; empty when there is none.
std::string last_lines(const std::filesystem::path& file, int lines);

/// A port of 127.0.0.1 that is free now, below those that the kernel gives to outgoing connections: a client
/// that knocks again and again at a dead node's port in that range would sooner or later be connected to
/// itself, and hold the port. 0 when none was found.
std::uint16_t pick_port(base::Random& random);

}  // namespace davenport::sim::process
