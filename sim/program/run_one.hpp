#pragma once

#include "sim/checker/judge.hpp"
#include "sim/program/commands.hpp"
#include "sim/scenario/scenario.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace davenport::sim::program {

/// Runs one scenario, judges it, and writes history and reports into `folder`, which is made anew. Returns
/// nothing when a file could not be written; stderr names it then.
std::optional<checker::Outcome> run_one(const Scenario& scenario, const RunRequest& request,
                                        const std::filesystem::path& folder);

/// Returns what is wrong with the request itself, ready for the terminal; empty when it is valid.
std::string bad_request(const RunRequest& request);

/// Prints which scenarios the world cannot perform. Returns true when there are any.
bool beyond_the_world(const std::vector<Scenario>& scenarios, const RunRequest& request);

int exit_code(checker::Outcome outcome);

}  // namespace davenport::sim::program
