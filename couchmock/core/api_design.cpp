#include "couchmock/core/api_rewrite.hpp"
#include "couchmock/core/api_show.hpp"

namespace davenport::couchmock::api {
namespace {

void check_exists(const Database& database, const std::string& id) {
    const auto* design = database.find(id);
    if (!design || design->tree.deleted()) throw not_found(design ? "deleted" : "missing");
}

}  // namespace

bool design_path(Server& server, Call& call, Database& database, const std::string& id,
                 const std::string& name, const std::string& partition) {
    const bool needs_functions = name == "_view" || name == "_show" || name == "_list" || name == "_update" ||
                                 name == "_rewrite" || name == "_search" || name == "_nouveau";
    if (!needs_functions && name != "_info") return false;
    check_exists(database, id);
    if (name == "_info" && call.method() != "GET") throw method_not_allowed("GET");
    if (name == "_rewrite") {  // its rules may be no function
        rewrite(server, call, database, id);
        return true;
    }
    if (!server.config.javascript || name == "_search" || name == "_nouveau") no_javascript(name);
    if (name == "_info")
        view_info(server, call, database, id);
    else if (name == "_view")
        view(server, call, database, id, partition);
    else if (name == "_show")
        show(server, call, database, id);
    else if (name == "_update")
        update(server, call, database, id);
    else
        list(server, call, database, id);
    return true;
}

}  // namespace davenport::couchmock::api
