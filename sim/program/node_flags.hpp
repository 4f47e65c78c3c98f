#pragma once

#include "sim/program/commands.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace davenport::sim::program {

/// What a command line says of single nodes.
struct NodeFlags {
    std::map<std::string, std::filesystem::path> binaries;  ///< --node-binary n2=PATH
    std::map<std::string, std::string> attached;            ///< --attach n1=URL
};

/// Reads them into `flags`. Returns what is wrong with them, ready for the terminal; empty when they are
/// valid.
std::string read_node_flags(const RunRequest& request, NodeFlags& flags);

}  // namespace davenport::sim::program
