#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace davenport::wire {

/// Completion token: `co_await` gives the error code beside the result, in place of throwing.
inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace davenport::wire
