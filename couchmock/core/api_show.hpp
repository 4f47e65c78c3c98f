#pragma once

#include "couchmock/core/api_design.hpp"

#include <string>

/// Functions of a design document that make answers (chttpd_show).
namespace davenport::couchmock::api {

/// `_show/name[/document]`
void show(Server& server, Call& call, Database& database, const std::string& design_id);
/// `_update/name[/document]`
void update(Server& server, Call& call, Database& database, const std::string& design_id);
/// `_list/name/[design/]view`; the view may be `_all_docs`.
void list(Server& server, Call& call, Database& database, const std::string& design_id);

/// What `_all_docs` answers (api_all_docs.cpp).
[[nodiscard]] std::string all_docs_answer(Database& database, const ListQuery& query);

}  // namespace davenport::couchmock::api
