#include "couchmock/core/users.hpp"

#include "couchmock/core/accounts.hpp"
#include "couchmock/core/api_replicate.hpp"
#include "couchmock/core/design_check.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/erlang_print.hpp"
#include "couchmock/core/partition_size.hpp"
#include "couchmock/core/scripts.hpp"
#include "couchmock/core/validation.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

constexpr std::string_view id_prefix = "org.couchdb.user:";

/// As JavaScript's `!value` sees it.
bool is_falsy(const json::value* value) {
    if (!value || value->is_null()) return true;
    if (value->is_bool()) return !value->get_bool();
    if (value->is_string()) return value->get_string().empty();
    return value->is_number() && value->to_number<double>() == 0;
}

std::string_view text_of(const json::value* value) {
    return value && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

std::vector<std::string> sorted_roles(const json::value& document) {
    std::vector<std::string> out;
    if (const auto* roles = base::member(document, "roles"); roles && roles->is_array())
        for (const auto& role : roles->get_array()) out.emplace_back(text_of(&role));
    std::ranges::sort(out);
    return out;
}

std::optional<std::string> refuse_shape(const json::value& document, std::string_view id,
                                        const json::value* old) {
    const auto* name = base::member(document, "name");
    const auto* roles = base::member(document, "roles");
    if (text_of(base::member(document, "type")) != "user") return "doc.type must be user";
    if (is_falsy(name)) return "doc.name is required";
    if (is_falsy(roles)) return "doc.roles must exist";
    if (!roles->is_array()) return "doc.roles must be an array";
    if (!std::ranges::all_of(roles->get_array(), [](const auto& role) { return role.is_string(); }))
        return "doc.roles can only contain strings";
    if (!name->is_string() || id != std::string{id_prefix} + std::string{text_of(name)})
        return "Doc ID must be of the form org.couchdb.user:name";
    if (old && text_of(base::member(*old, "name")) != text_of(name)) return "Usernames can not be changed.";
    return std::nullopt;
}

std::optional<std::string> refuse_password(const json::value& document) {
    if (!is_falsy(base::member(document, "password_sha")) && is_falsy(base::member(document, "salt")))
        return "Users with password_sha must have a salt.See /_utils/script/couch.js for example code.";
    const auto* scheme = base::member(document, "password_scheme");
    if (is_falsy(scheme)) return std::nullopt;
    static constexpr std::array schemes{"simple", "pbkdf2", "simple+pbkdf2"};
    if (std::ranges::find(schemes, text_of(scheme)) == schemes.end())
        return "Password scheme `" + std::string{text_of(scheme)} + "` not supported.";
    if (text_of(scheme) != "pbkdf2") return std::nullopt;
    const auto* iterations = base::member(document, "iterations");
    if (!iterations || !iterations->is_number()) return "iterations must be a number.";
    const auto* key = base::member(document, "derived_key");
    if (!key || !key->is_string()) return "derived_key must be a string.";
    return std::nullopt;
}

std::optional<std::string> refuse_rights(const json::value& document, const json::value* old,
                                         const User& user) {
    const auto roles = sorted_roles(document);
    if (!old) return roles.empty() ? std::nullopt : std::optional<std::string>{"Only _admin may set roles"};
    if (user.name != text_of(base::member(document, "name")))
        return "You may only update your own user document.";
    if (sorted_roles(*old) != roles) return "Only _admin may edit roles";
    return std::nullopt;
}

std::optional<std::string> refuse_names(const json::value& document) {
    for (const auto& role : sorted_roles(document))
        if (role != "_metrics" && role.starts_with('_'))
            return "No system roles (starting with underscore) in users db.";
    const auto name = text_of(base::member(document, "name"));
    if (name.starts_with('_')) return "Username may not start with underscore.";
    if (name.find(':') != std::string_view::npos) return "Character `:` is not allowed in usernames.";
    return std::nullopt;
}

}  // namespace

std::optional<std::string> refuse_user_document(const json::value& document, std::string_view id,
                                                bool deleted, const json::value* old, const User& user,
                                                bool admin) {
    if (deleted) {
        const bool own = old && !user.name.empty() && user.name == text_of(base::member(*old, "name"));
        if (user.is_server_admin() || own) return std::nullopt;
        return "Only admins may delete other user docs.";
    }
    if (auto reason = refuse_shape(document, id, old)) return reason;
    if (auto reason = refuse_password(document)) return reason;
    if (!admin)
        if (auto reason = refuse_rights(document, old, user)) return reason;
    return refuse_names(document);
}

}  // namespace davenport::couchmock

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

/// A user's document never holds a password: what CouchDB does with it before it is stored.
void hash_user_password(Server& server, Edit& edit, json::value& body) {
    const auto* password = base::member(body, "password");
    if (!password || password->is_null()) return;
    if (!password->is_string())
        throw ApiError{
            403, "forbidden", "Password value of '" + print_term_pretty(*password) + "' is invalid.", {}};
    const auto salt = server.new_uuid();
    const auto key =
        hash_password(std::string_view{password->get_string()}, salt, server.password_iterations());
    json::object out{{"password_scheme", "pbkdf2"},
                     {"pbkdf2_prf", "sha256"},
                     {"salt", salt},
                     {"iterations", server.password_iterations()},
                     {"derived_key", key}};
    static constexpr std::array replaced{"derived_key",  "iterations",    "password",   "password_scheme",
                                         "password_sha", "preserve_salt", "pbkdf2_prf", "salt"};
    for (const auto& [name, value] : body.get_object())
        if (std::ranges::find(replaced, std::string_view{name}) == replaced.end()) out[name] = value;
    body = std::move(out);
    const auto text = base::write_json(body);
    set_body(edit, std::string_view{text}.substr(1, text.size() - 2));
}

std::optional<json::value> current_body(const Database& database, const Edit& edit) {
    const auto* known = database.find(edit.id);
    if (!known || known->tree.deleted()) return std::nullopt;
    return base::parse_json("{" + known->tree.at(known->tree.winner()).leaf->body + "}");
}

void prepare_user(Server& server, const User& user, const Database& database, Edit& edit, bool replicated) {
    if (edit.id.starts_with("_design/")) return;
    const bool admin = is_database_admin(user, database);
    const auto own = std::string{"org.couchdb.user:"} + user.name;
    if (!admin && !user.name.empty() && edit.id != own) throw not_found();
    auto body = base::parse_json("{" + edit.body + "}");
    if (!body) return;
    if (!edit.deleted) hash_user_password(server, edit, *body);
    if (!replicated && database.would_conflict(edit)) return;  // which is then the answer
    const auto old = current_body(database, edit);
    if (auto reason = refuse_user_document(*body, edit.id, edit.deleted, old ? &*old : nullptr, user, admin))
        throw ApiError{403, "forbidden", std::move(*reason), {}};
}

}  // namespace

void prepare_edit(Server& server, const Call& call, const Database& database, Edit& edit, bool replicated) {
    resolve_stubs(database, edit);
    if (database.settings().name == "_replicator" && !replicated)
        prepare_replicator_document(server, call, edit);
    if (database.keeps_users) prepare_user(server, call.user, database, edit, replicated);
    if (edit.id.starts_with("_design/") && !edit.deleted) {
        const auto body = base::parse_json("{" + edit.body + "}");
        if (auto reason =
                body ? refuse_design_document(*body, database.settings().partitioned) : std::nullopt)
            throw ApiError{400, "invalid_design_doc", std::move(*reason), {}};
        if (body && server.config.javascript) server.scripts->check_compiles(*body);
    }
    validate_edit(server, call.user, database, edit, replicated, call.now());
    if (!replicated) refuse_overflow(server, database, edit);
}

void check_reader(const Call& call, const Database& database, std::string_view id) {
    if (!database.keeps_users || is_database_admin(call.user, database)) return;
    if (id.starts_with("_design/"))
        throw ApiError{
            403, "forbidden", "Only administrators can view design docs in the users database.", {}};
    if (id != "org.couchdb.user:" + call.user.name) throw not_found();
}

void make_users_design(Database& users) {
    if (users.find(users_design_id)) return;
    Edit edit;
    edit.id = users_design_id;
    // The text is for people; refuse_user_document() is what is asked.
    set_body(
        edit,
        R"("language":"javascript","validate_doc_update":"function(newDoc, oldDoc, userCtx, secObj) {}")");
    users.update_one(std::move(edit));
}

}  // namespace davenport::couchmock::api
