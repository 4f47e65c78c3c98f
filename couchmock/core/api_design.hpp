#pragma once

#include "couchmock/core/api.hpp"
#include "couchmock/core/scripts.hpp"
#include "couchmock/core/view_query.hpp"

#include <string>
#include <string_view>

/// What lies below a design document, and asks its functions.
namespace davenport::couchmock::api {

/// A view that is asked, and where it is.
struct ViewTarget {
    const Database& database;
    ViewGroup& group;
    View& view;
    std::string partition;  ///< of the path or the query; empty: none
};

/// False when `name` is no such path; then it is an attachment's.
bool design_path(Server& server, Call& call, Database& database, const std::string& id,
                 const std::string& name, const std::string& partition);

/// Throws 404 when the design document or the view is not there.
ViewTarget open_view(Server& server, const Call& call, const Database& database, std::string_view design_id,
                     std::string_view name, const std::string& partition);
/// Checks and completes the query, and brings the index up to date. Throws 400 and 500.
void prepare_view(Server& server, const ViewTarget& target, ViewQuery& query);
void view(Server& server, Call& call, Database& database, std::string_view design_id,
          const std::string& partition);
void view_info(Server& server, Call& call, const Database& database, std::string_view design_id);

/// Tells the world what functions logged.
void write_log(Server& server, javascript::Engine& engine);

}  // namespace davenport::couchmock::api
