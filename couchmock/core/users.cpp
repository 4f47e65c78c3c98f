#include "couchmock/core/api.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "node/base/json.hpp"

namespace davenport::couchmock::api {
namespace {

/// A user's document never holds a password: what CouchDB does with it before it is stored.
void hash_user_password(Server& server, Edit& edit) {
    if (!edit.id.starts_with("org.couchdb.user:") || edit.deleted) return;
    auto body = base::parse_json("{" + edit.body + "}");
    if (!body) return;
    const auto password = base::string_member(*body, "password");
    if (!password) return;
    const auto salt = server.new_uuid();
    auto& object = body->get_object();
    const auto key = hash_password(*password, salt);
    object.erase("password");
    object["iterations"] = 10;
    object["password_scheme"] = "pbkdf2";
    object["pbkdf2_prf"] = "sha";
    object["derived_key"] = key;
    object["salt"] = salt;
    const auto text = base::write_json(*body);
    set_body(edit, std::string_view{text}.substr(1, text.size() - 2));
}

}  // namespace

void prepare_edit(Server& server, const Database& database, Edit& edit) {
    resolve_stubs(database, edit);
    if (database.settings().name == "_users") hash_user_password(server, edit);
    // A validation function that is not asked would be a lie; a store that says so is none.
    if (database.has_validation() && !edit.id.starts_with("_design/")) no_javascript("validate_doc_update");
}

}  // namespace davenport::couchmock::api
