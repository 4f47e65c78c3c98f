#pragma once

#include "node/base/http.hpp"

#include <string>

namespace davenport::base {

/// A message of NATS as a plain value, before any socket.
struct NatsMessage {
    std::string subject;
    std::string reply{};    ///< the subject that an answer goes to; empty: none is wanted
    Headers headers{};      ///< their names compare with case on the wire
    std::string payload{};  ///< any bytes
    int status = 0;         ///< of the status line before the headers, as 503; 0: there is none
};

}  // namespace davenport::base
