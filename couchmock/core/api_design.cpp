#include "couchmock/core/api_rewrite.hpp"
#include "couchmock/core/api_show.hpp"

namespace davenport::couchmock::api {
namespace {

void check_exists(const Database& database, const std::string& id) {
    const auto* design = database.find(id);
    if (!design || design->tree.deleted()) throw not_found(design ? "deleted" : "missing");
}

/// As a CouchDB that was built without Clouseau and Nouveau.
[[noreturn]] void refuse_search(const Call& call, const Database& database, const std::string& id,
                                std::string_view name) {
    check_exists(database, id);
    if (name.starts_with("_nouveau")) throw not_found();
    const bool is_info = name == "_search_info";
    if (call.method() != "GET" && (is_info || call.method() != "POST"))
        throw method_not_allowed(is_info ? "GET" : "GET,POST");
    throw ApiError{503, "service unavailable", "Search is not available", {}};
}

}  // namespace

bool design_path(Server& server, Call& call, Database& database, const std::string& id,
                 const std::string& name, const std::string& partition) {
    const bool needs_functions =
        name == "_view" || name == "_show" || name == "_list" || name == "_update" || name == "_rewrite";
    if (name == "_search" || name == "_search_info" || name == "_nouveau" || name == "_nouveau_info")
        refuse_search(call, database, id, name);
    if (!needs_functions && name != "_info") return false;
    check_exists(database, id);
    if (name == "_info" && call.path().size() > 4) throw not_found();
    if (name == "_info" && call.method() != "GET") throw method_not_allowed("GET");
    if (name == "_rewrite") {  // its rules may be no function
        rewrite(server, call, database, id);
        return true;
    }
    if (!server.config.javascript) no_javascript(name);
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
