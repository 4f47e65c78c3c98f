#pragma once

#include "sim/program/search_commands.hpp"

#include <CLI/CLI.hpp>

namespace davenport::sim::program {

/// The command lines of sweep, explore, replay and shrink. Outlives the parsing.
class SearchCommands {
public:
    void add_to(CLI::App& app, int& code);

private:
    void add_explore(CLI::App& app, int& code);

    SweepRequest sweep_;
    std::string seeds_ = "1..200", shard_;
    Files parts_;
    ExploreRequest explore_;
    std::string time_ = "1min";
    ShrinkRequest shrink_;
    RunName replay_;
    std::uint64_t seed_ = 0;
    int seconds_ = 10;
};

}  // namespace davenport::sim::program
