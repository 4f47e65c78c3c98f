#pragma once

#include "couchmock/core/call.hpp"
#include "couchmock/core/database.hpp"

#include <optional>
#include <string_view>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// The design document of `_users`, whose function this server has built in.
inline constexpr std::string_view users_design_id = "_design/_auth";

/// Why a document of `_users` may not be written by `user`, in CouchDB's words; nothing when it may.
/// `old`: what it replaces, or nullptr. `admin`: a server's or the database's.
std::optional<std::string> refuse_user_document(const boost::json::value& document, std::string_view id,
                                                bool deleted, const boost::json::value* old, const User& user,
                                                bool admin);

}  // namespace davenport::couchmock
