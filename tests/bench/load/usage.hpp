#pragma once

#include <map>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace davenport::load {

/// Processor seconds spent so far.
struct Usage {
    std::map<int, double> servers;  ///< by process id
    double client = 0;              ///< this process
    double machine = 0;             ///< everybody
};

Usage read_usage(const std::vector<int>& servers);

/// What was spent in between, also by others: {"cpu_servers_s", "cpu_client_s", "cpu_foreign", "cpu_by_pid"};
/// foreign is the number of processors that somebody else kept busy, and a run where that is large measures
/// the others.
boost::json::object usage_between(const Usage& before, const Usage& after, double seconds);

}  // namespace davenport::load
