#pragma once

#include "node/base/time.hpp"
#include "sim/program/commands.hpp"
#include "sim/scenario/share.hpp"

#include <optional>
#include <string>

namespace davenport::sim::program {

/// What a command line says of a load that several generators play.
struct GeneratorFlags {
    Share share;     ///< --generator K/N
    int number = 0;  ///< K; 0: there is one generator
    std::optional<base::WallTime> start_at;
};

/// Reads them into `flags`. Returns what is wrong with them, ready for the terminal; empty when they are
/// valid.
std::string read_generator_flags(const RunRequest& request, GeneratorFlags& flags);

}  // namespace davenport::sim::program
