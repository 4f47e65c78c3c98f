#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/scenario/share.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace davenport::sim {

/// A message or a change that is due; times are since the start of the run.
struct PlannedSend {
    Duration due{};
    std::uint32_t client = 0;  ///< index: client "c1" is 0
    std::string room;
    int size_bytes = 0;
    Deed what = Deed::post;
};

/// A fault that begins or ends.
struct Action {
    Duration at{};
    bool begin = true;
    std::size_t fault = 0;  ///< index in Plan::faults
};

/// One occurrence of a fault, with all that the seed decided.
struct PlannedFault {
    std::string name;  ///< unique in the plan: "outage", "outage#2"
    std::string line;  ///< the scenario's name for it: "outage" for "outage#2"
    std::string kind;  ///< "store.down"
    Duration at{};
    Duration length{};     ///< 0: a moment
    bool lasting = false;  ///< until healing begins, when no length was given and the kind is not a moment
    std::string node;      ///< resolved: "n2", or empty
    std::string client;
    std::string store;  ///< of several "s2"; empty where there is one, or of links: all
    std::string when;   ///< still open: a condition decides the time; `at` is 0 then and there is no Action
    Parameters parameters;  ///< all that the kind takes, defaults filled in
    Location location;
};

/// A scenario and a seed, resolved: what a world performs. The same scenario and seed give the same plan
/// everywhere.
struct Plan {
    std::uint64_t seed = 1;
    std::vector<PlannedSend> sends;  ///< by due time
    std::vector<PlannedFault> faults;
    std::vector<Action> actions;      ///< by time
    Duration load_end{};              ///< no message is due after this
    Duration heal_begin{};            ///< all faults end here at the latest
    Duration end{};                   ///< heal_begin + heal
    Share share;                      ///< whose clients' sends these are
    std::vector<PlannedSend> others;  ///< what the clients of the other generators send meanwhile

    /// Whether the fault with this index is done by a generator of the share: one of a client by the
    /// client's, one of the links by all, each on its own, and all else by the first. The others only note
    /// when it is on.
    [[nodiscard]] bool performs(std::size_t fault) const;
};

/// `scenario` was read without a problem. Draws from base::Random only: no clock, no libm, the same on every
/// machine.
///
/// node.kill and node.stop with `restart` have it as their length too: their end is the start of the node. A
/// node.join's `node` is the next number, in order of time.
Plan make_plan(const Scenario& scenario, std::uint64_t seed);

/// The part of the plan that the generators of the share perform.
Plan share_of(Plan whole, Share share);

/// Where the client with this index ("c1" is 0) is at home, and which room it follows, for those of the
/// topology and (the room) those that come with a node.join.
std::string home_of(const Topology& topology, std::uint32_t client);
std::string room_of(const Topology& topology, std::uint32_t client);
/// All that it follows; that one first.
std::vector<std::string> rooms_of(const Topology& topology, std::uint32_t client);
/// When it comes, since the start of the run.
Duration arrival_of(const Topology& topology, std::uint32_t client);
/// Whether it is one of those that poll, the last of the topology's.
bool is_polling(const Topology& topology, std::uint32_t client);

}  // namespace davenport::sim
