#pragma once

#include "sim/process/transport.hpp"

#include <boost/asio/io_context.hpp>

namespace davenport::sim::process {

/// The loop behind a Transport, for what has sockets of its own. Heavy: include it in a .cpp only.
boost::asio::io_context& loop_of(Transport& transport);

}  // namespace davenport::sim::process
