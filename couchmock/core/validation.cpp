#include "couchmock/core/validation.hpp"

#include "couchmock/core/api_design.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/request_json.hpp"
#include "node/base/json.hpp"

#include <memory>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

/// The edit as it would be, with the revisions that it names.
std::string edited_document(const Edit& edit) {
    Document document;
    document.id = edit.id;
    auto leaf = std::make_shared<Leaf>(Leaf{edit.body, edit.deleted, edit.attachments});
    if (!edit.path.empty()) {
        document.tree.merge(edit.path, std::move(leaf));
        return script_document(document, document.tree.winner());
    }
    document.tree.merge({Revision{1, std::string(16, '\0')}}, std::move(leaf));
    std::string text;
    append_document(text, document, document.tree.winner());
    // A document without a revision has no `_rev` yet.
    const auto begin = text.find(",\"_rev\":\"");
    const auto end = text.find('"', begin + 9);
    return text.replace(begin, end + 1 - begin, R"(,"_revisions":{"start":0,"ids":[]})");
}

/// What the edit replaces: the revision that it follows, as far as it is there.
std::string replaced_document(const Database& database, const Edit& edit, bool replicated) {
    const auto* document = database.find(edit.id);
    if (!document) return "null";
    const auto& tree = document->tree;
    for (std::size_t i = replicated ? 1 : 0; i < edit.path.size(); ++i)
        if (const auto node = tree.find(edit.path[i]); node != RevTree::none)
            return tree.at(node).leaf ? script_document(*document, node) : "null";
    return "null";
}

[[noreturn]] void refuse(const json::value& thrown) {
    const auto words = [](const json::value& value) {
        return value.is_string() ? std::string{value.get_string()} : base::write_json(value);
    };
    if (const auto* object = thrown.if_object(); object && object->size() == 1) {
        const auto& [name, reason] = *object->begin();
        if (name == "forbidden") throw ApiError{403, "forbidden", words(reason), {}, !reason.is_string()};
        if (name == "unauthorized")
            throw ApiError{401, "unauthorized", words(reason), {}, !reason.is_string()};
        throw ApiError{500, "unknown_error", words(reason), {}, !reason.is_string()};
    }
    throw ApiError{500, "unknown_error", words(thrown), {}, !thrown.is_string()};
}

}  // namespace

void validate_edit(Server& server, const User& user, const Database& database, const Edit& edit,
                   bool replicated, base::Now now) {
    if (!database.has_validation() || edit.id.starts_with("_design/") || edit.id.starts_with("_local/"))
        return;
    if (server.config.ignore_validators) return;
    if (!server.config.javascript) api::no_javascript("validate_doc_update");
    if (!replicated && database.would_conflict(edit)) return;
    const auto document = edited_document(edit);
    const auto replaced = replaced_document(database, edit, replicated);
    const auto context = user_context_json(user, database);
    const auto security = security_json(database);
    for (const auto& design_id : database.validating()) {
        const auto engine = server.scripts->functions(database, design_id, now);
        const auto answer = engine->call("validate", {document, replaced, context, security});
        api::write_log(server, *engine);
        if (answer != "1") refuse(base::parse_json(answer).value_or(nullptr));
    }
}

}  // namespace davenport::couchmock
