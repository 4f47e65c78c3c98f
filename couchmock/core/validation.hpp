#pragma once

#include "couchmock/core/server.hpp"

namespace davenport::couchmock {

/// Asks the validation functions of all design documents about an edit that is about to be written. One that
/// would be a conflict is not asked about; the database says so itself. `replicated`: as
/// Database::replicate() takes it.
///
/// Throws what a function throws: 403 `forbidden`, 401 `unauthorized`, 500 for all else.
void validate_edit(Server& server, const User& user, const Database& database, const Edit& edit,
                   bool replicated, base::Now now);

}  // namespace davenport::couchmock
