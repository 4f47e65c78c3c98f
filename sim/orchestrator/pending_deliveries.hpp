#pragma once

#include "sim/record/record.hpp"
#include "sim/scenario/share.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace davenport::sim::orchestrator {

/// Counts what clients still have to be shown, so that a run waits for it, and no longer than for it.
///
/// No judge: a message that never comes makes the run wait to its end, and then the checkers say so.
class PendingDeliveries {
public:
    /// `share`: whose messages' senders are here.
    explicit PendingDeliveries(Share share = {}) : share_{std::move(share)} {}
    void add(const Record& record);

    /// (message, client) pairs: the message is kept, the client followed the room when it was first sent, and
    /// was not shown it.
    [[nodiscard]] std::size_t missing() const { return missing_; }
    /// Somebody was shown a change of a message that another client, who has the message, was not shown.
    [[nodiscard]] bool has_missing_changes() const;
    /// The ids of the messages that a node has said it keeps, but for those that it gave up; of what other
    /// generators' clients say those that were shown here.
    [[nodiscard]] const std::set<std::string>& kept() const { return kept_; }
    /// Ids of what somebody deleted in the store by hand.
    [[nodiscard]] const std::set<std::string>& gone() const { return gone_; }
    /// When a client was last shown anything.
    [[nodiscard]] std::int64_t last_shown_us() const { return last_shown_us_; }

private:
    using Client = std::uint32_t;
    struct Message {
        std::vector<Client> waiting;  ///< in order; who was shown it stands in its place, marked
        std::size_t missing = 0;      ///< those that are not marked
        bool sent = false;
        bool kept = false;
    };
    /// What clients were shown of the changes of one message.
    struct Changes {
        std::string message;                     ///< its name
        std::string newest;                      ///< the version that counts most
        std::map<Client, std::string> versions;  ///< the last one that each was shown
        std::int64_t by_hand_us = -1;            ///< when somebody changed it by hand, last
        std::int64_t shown_us = -1;              ///< when somebody was shown a change of it, last
        bool failed = false;                     ///< the store refused one for good: nobody need be shown it
    };
    Client number_of(const std::string& client);
    void drop(Message& message, Client client);

    Share share_;
    boost::unordered_flat_map<std::string, Client> clients_;
    std::map<std::string, std::vector<Client>> followers_;      ///< by room, in order
    boost::unordered_flat_map<std::string, Message> messages_;  ///< looked up, never walked
    std::map<std::string, Changes> changed_;                    ///< by id
    std::set<std::string> kept_, gone_;
    std::size_t missing_ = 0;
    std::int64_t last_shown_us_ = 0;
};

}  // namespace davenport::sim::orchestrator
