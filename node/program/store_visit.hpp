#pragma once

#include "node/net/chat_driver.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

/// What commands have in common that need a store and no clients: a node that visits the store until
/// something is done there.
namespace davenport::node::program {

struct StoreVisit {
    std::string url;  ///< as of --store
    std::string password_file, ca, credentials;
    std::string journal;  ///< a file
    std::string name;     ///< what the node is called
};

/// Throws std::invalid_argument with one line when the store cannot be meant so.
ChatDriver::Config visit_config(const StoreVisit& visit);
/// Without the password.
std::string url_of(const ChatDriver::Config& config);

/// A signal asked for the end: from then on run_visit() gives nothing.
bool interrupted();
void watch_signals();

/// Runs the node until all is done, or a signal comes: then it is nothing. Else how it was in the end. `line`
/// is told on stderr now and then, and at the end.
/// Throws base::JournalError, std::runtime_error or std::invalid_argument with one line.
std::optional<NodeCounts> run_visit(ChatDriver::Config config,
                                    const std::function<bool(const NodeCounts&)>& is_done,
                                    const std::function<std::string(const NodeCounts&)>& line);

}  // namespace davenport::node::program
