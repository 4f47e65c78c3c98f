#pragma once

#include "sim/process/relay.hpp"
#include "sim/scenario/plan.hpp"

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace davenport::sim::process {

/// The relays between the processes of a run, and the faults of links that they perform.
///
/// A relay costs time on the way, so there is one only where the scenario gives the link's latency, where a
/// fault will hit it, or where requests are to be counted: what is refused never reaches the store.
class Links {
public:
    /// All three outlive it.
    Links(const Scenario& scenario, const Plan& plan, Transport& transport)
        : scenario_{scenario}, plan_{plan}, transport_{transport} {}

    [[nodiscard]] bool needs_relay(std::string_view link) const;
    /// Lays `link` ("client-node", "node-store") of `node` to a server, by a relay if it needs one. Returns
    /// the port at which the server is found, then on this machine. `server`: which of several.
    std::uint16_t add(const std::string& link, const std::string& node, const std::string& host,
                      std::uint16_t port, int server = 0);
    /// The same, by a relay in any case.
    std::uint16_t add_relay(const std::string& link, const std::string& node, const std::string& host,
                            std::uint16_t port, int server = 0);

    /// The port at which `client` finds a node whose clients find it at `port`: by a relay of its own, if
    /// faults hit its link alone.
    std::uint16_t port_for(const std::string& client, const std::string& node, std::uint16_t port);

    /// Cuts what is idle, where a fault says so; to be called again and again.
    void look();
    /// Begins or ends a fault of the plan; returns how many connections it has met so far.
    std::int64_t set_fault(std::size_t fault, bool on);
    /// Calls `note(node, status, count)` for the nodes' requests to the store since the last call.
    void take_requests(const std::function<void(const std::string& node, const std::string& status,
                                                std::int64_t count)>& note);

private:
    struct Where {
        std::string link;
        std::string node;
        std::string client{};  ///< of a relay that is one client's own
        int server = 0;        ///< of several that are one store
        auto operator<=>(const Where&) const = default;
    };
    static bool is_hit(const PlannedFault& fault, const Where& where);
    [[nodiscard]] LinkConditions usual_conditions(const Where& where) const;
    void set_conditions(const PlannedFault& fault, bool on);

    const Scenario& scenario_;
    const Plan& plan_;
    Transport& transport_;
    std::map<Where, std::unique_ptr<Relay>> relays_;
    std::map<std::size_t, std::int64_t> touched_;  ///< by fault
    std::set<std::size_t> on_;                     ///< faults that are on
};

}  // namespace davenport::sim::process
