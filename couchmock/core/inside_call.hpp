#pragma once

#include "couchmock/core/server.hpp"

namespace davenport::couchmock {

/// Answers a request of this server to itself, in the name of `user`, at once and whole. Not for a feed that
/// waits. What others are told meanwhile stays among the server's effects.
base::HttpResponse serve_inside(Server& server, const base::HttpRequest& request, const User& user,
                                base::Now now);

}  // namespace davenport::couchmock
