#pragma once

#include "crowd.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace davenport::load {

struct Options {
    std::string mode = "rate";
    CrowdOptions crowd{.protocol = "davenport", .servers = {}, .durable = false};
    std::size_t clients = 10;  ///< of each server
    std::size_t size = 64;     ///< bytes of a message
    double rate = 50;          ///< messages a second
    double seconds = 5;
    double drain = 3;            ///< how long deliveries are waited for after the last message
    std::size_t window = 256;    ///< messages under way, at saturation
    std::uint64_t count = 1000;  ///< messages to fill a backlog with
    std::vector<std::size_t> stages{0};
    std::vector<int> pids;  ///< the servers, whose processor time is told
    std::string notes;      ///< file for the fate of every message
};

/// Every mode sends from clients of the first server and gives its result as one JSON object. Throws
/// std::runtime_error when the servers cannot be used at all.
///
/// rate: open loop; a message is sent when it is due, or as soon as possible after, and its latency counts
/// from when it was due. Durable: clients come back when they are cut off, and nothing ends early.
boost::json::object run_rate(const Options& options);
/// sat: a closed window of messages; deliveries a second at saturation.
boost::json::object run_sat(const Options& options);
/// fill: `count` messages as fast as they are accepted.
boost::json::object run_fill(const Options& options);
/// idle: opens connections up to each stage, prints a line, and goes on when a line arrives on standard
/// input.
boost::json::object run_idle(const Options& options);

/// herd: `clients` of the first server, which the driver ends: a line is printed, and when one arrives on
/// standard input all come to the second server at once and resume.
boost::json::object run_herd(const Options& options);

/// all: `clients` of the first server, all in one room: a line is printed, and when one arrives on standard
/// input `count` messages are sent, each after everybody has the one before.
boost::json::object run_all(const Options& options);
/// joins: of `clients` of the first server one goes and comes back at a time, `rate` a second.
boost::json::object run_joins(const Options& options);
/// deaf: `clients` of the first server come into the room, and a line is printed; from then on they read
/// nothing, and who is cut off comes back, for `seconds`.
boost::json::object run_deaf(const Options& options);

/// Keeps the connections alive until a line comes on standard input.
void wait_for_line(Crowd& crowd);
/// The beginning of rate, sat and fill: everybody is in the room.
void assemble(Crowd& crowd, const Options& options);

}  // namespace davenport::load
