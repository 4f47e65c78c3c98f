#pragma once

#include "sim/record/record.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace davenport::sim::orchestrator {

/// Counts what clients still have to be shown, so that a run waits for it, and no longer than for it.
///
/// No judge: a message that never comes makes the run wait to its end, and then the checkers say so.
class PendingDeliveries {
public:
    void add(const Record& record);

    /// (message, client) pairs: the message is kept, the client followed the room when it was first sent, and
    /// was not shown it.
    [[nodiscard]] std::size_t missing() const { return missing_; }
    /// The ids of the messages that a node has said it keeps, but for those that it gave up.
    [[nodiscard]] const std::set<std::string>& kept() const { return kept_; }
    /// When a client was last shown anything.
    [[nodiscard]] std::int64_t last_shown_us() const { return last_shown_us_; }

private:
    using Client = std::uint32_t;
    struct Message {
        std::vector<Client> waiting;  ///< in order; who was shown it stays in its place, marked
        std::size_t missing = 0;      ///< those that are not marked
        bool sent = false;
        bool kept = false;
    };
    Client number_of(const std::string& client);
    void drop(Message& message, Client client);

    boost::unordered_flat_map<std::string, Client> clients_;
    std::map<std::string, std::vector<Client>> followers_;      ///< by room, in order
    boost::unordered_flat_map<std::string, Message> messages_;  ///< looked up, never walked
    std::map<std::string, std::string> changed_;  ///< ids of messages that somebody changes, to their names
    std::set<std::string> kept_;
    std::size_t missing_ = 0;
    std::int64_t last_shown_us_ = 0;
};

}  // namespace davenport::sim::orchestrator
