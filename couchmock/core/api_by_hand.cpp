#include "couchmock/core/api.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "node/base/digest.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

/// What somebody does to documents with Fauxton or curl, or what a replication leaves of two such deeds.
struct Deed {
    std::string_view act;     ///< document_edit, document_delete, document_purge, document_conflict
    std::string_view member;  ///< the text that documents have there is another one afterwards
    std::string_view text;    ///< that text
    bool wins = false;        ///< the leaf that is left in conflict is what the document is from now on
};

/// The document as it is, if somebody can do that to it.
std::optional<json::object> find_body(const Document& document, const Deed& deed) {
    const auto& winner = document.tree.at(document.tree.winner());
    if (!winner.leaf || winner.leaf->deleted || document.id.starts_with('_')) return std::nullopt;
    // Two stores that write the same new document write the same revision.
    if (deed.act == "document_conflict" && winner.revision.depth < 2) return std::nullopt;
    auto body = base::parse_json('{' + winner.leaf->body + '}');
    const auto text = body ? base::string_member(*body, deed.member) : std::nullopt;
    if (!text || text->empty()) return std::nullopt;
    return std::move(body->get_object());
}

/// A hash that is below nearly all others.
std::string low_hash(std::string_view id, std::string_view text) {
    auto hash = base::md5(std::string{id} + '\n' + std::string{text});
    std::fill_n(hash.begin(), 4, '\0');
    return hash;
}

/// The revision that the document has afterwards, or has beside its own.
Revision perform(Database& database, const Document& document, json::object body, const Deed& deed) {
    const std::string id{document.id};
    const auto winner = document.tree.winner();
    const auto path = document.tree.path(winner);
    const auto& leaf = document.tree.at(winner).leaf;
    body[deed.member] = deed.text;
    const auto changed = base::write_json(body);
    const auto members = std::string_view{changed}.substr(1, changed.size() - 2);
    Edit edit;
    edit.id = id;
    edit.path = {path.front()};
    if (deed.act == "document_delete") {
        edit.deleted = true;
        set_body(edit, {});
        Revision last;
        for (const auto one : document.tree.leaves()) {
            const auto& other = document.tree.at(one);
            edit.path = {other.revision};
            if (other.leaf && !other.leaf->deleted) last = database.update_one(edit).revision;
        }
        return last;
    }
    if (deed.act == "document_purge") {
        std::vector<Revision> all;
        for (const auto one : document.tree.leaves()) all.push_back(document.tree.at(one).revision);
        database.purge(id, all);
        return path.front();
    }
    edit.attachments = leaf->attachments;
    set_body(edit, members);
    if (deed.act == "document_edit") return database.update_one(std::move(edit)).revision;
    edit.path = path;
    edit.path.front().hash = low_hash(id, deed.text);
    if (deed.wins) edit.path.insert(edit.path.begin(), {path.front().depth + 1, base::md5(members)});
    auto added = edit.path.front();
    database.replicate(std::move(edit));
    return added;
}

using Target = std::pair<Database*, const Document*>;

/// All that might be hit, in the order in which it is tried.
std::vector<Target> targets(Server& server, const json::value& wanted) {
    const auto name = base::string_member(wanted, "database");
    const auto id = base::string_member(wanted, "document");
    std::vector<Target> out;
    for (const auto& [key, database] : server.databases) {
        if (key.starts_with('_') || (name && key != *name)) continue;
        if (const auto* one = id ? database->find(*id) : nullptr) out.emplace_back(database.get(), one);
        if (id) continue;
        for (const auto& [unused, document] : database->documents())
            out.emplace_back(database.get(), &document);
    }
    for (std::size_t left = out.size(); left > 1; --left)
        std::swap(out[left - 1], out[server.random.below(left)]);
    return out;
}

}  // namespace

void change_by_hand(Server& server, Call& call, std::string_view act, const json::value& wanted) {
    const Deed deed{.act = act,
                    .member = base::string_member(wanted, "member").value_or("msg"),
                    .text = base::string_member(wanted, "text").value_or(""),
                    .wins = base::bool_member(wanted, "wins")};
    auto rows = base::int_member(wanted, "rows").value_or(1);
    std::string touched;
    std::size_t count = 0;
    for (const auto& [database, document] : targets(server, wanted)) {
        if (rows <= 0) break;
        auto body = find_body(*document, deed);
        if (!body) continue;
        std::string one = "{\"database\":";
        base::append_json_string(one, database->settings().name);
        base::append_json_string(one += ",\"id\":", document->id);
        base::append_json_string(one += ",\"was\":", std::string_view{body->at(deed.member).get_string()});
        const auto revision = perform(*database, *document, std::move(*body), deed);
        one += ",\"rev\":\"";
        append_revision(one, revision);
        touched += (touched.empty() ? "" : ",") + one + "\"}";
        server.note_change(*database);
        ++count;
        --rows;
    }
    call.respond_json(200, fmt::format(R"({{"ok":true,"rows":{},"touched":[{}]}})", count, touched));
}

}  // namespace davenport::couchmock::api
