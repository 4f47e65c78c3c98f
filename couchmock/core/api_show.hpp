#pragma once

#include "couchmock/core/api_design.hpp"

#include <string>

/// Functions of a design document that make answers (chttpd_show).
namespace davenport::couchmock::api {

/// `_show/name[/document]`
void show(Server& server, Call& call, Database& database, const std::string& design_id);
/// `_update/name[/document]`
void update(Server& server, Call& call, Database& database, const std::string& design_id);
/// `_list/name/[design/]view`
void list(Server& server, Call& call, Database& database, const std::string& design_id);

}  // namespace davenport::couchmock::api
