#pragma once

#include <boost/asio/io_context.hpp>

#include "sim/process/transport.hpp"

namespace sim::process {

/// The loop behind a Transport, for what has sockets of its own. Heavy: include it in a .cpp only.
boost::asio::io_context& loop_of(Transport& transport);

}  // namespace sim::process
