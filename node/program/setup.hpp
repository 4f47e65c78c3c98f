#pragma once

#include "node/net/chat_driver.hpp"
#include "node/program/options.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace davenport::node::program {

/// All that is wrong with what a node was given.
struct Mistakes : std::runtime_error {
    explicit Mistakes(std::vector<std::string> all)
        : std::runtime_error("the configuration is not valid"), lines(std::move(all)) {}
    std::vector<std::string> lines;  ///< each: where it comes from, what is wrong, the remedy
};

/// Makes a node's configuration from what was given: reads addresses, looks at files, finds passwords. Opens
/// no socket and writes no file.
///
/// Throws Mistakes with one line for each mistake, those of the command line's own reading included.
ChatDriver::Config set_up(const CommandLine& given);

}  // namespace davenport::node::program
