#include "couchmock/core/document_query.hpp"

#include "couchmock/core/edit_reader.hpp"
#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::couchmock {

std::vector<Revision> read_revision_list(std::string_view text) {
    const auto value = base::parse_json(text);
    if (!value) throw bad_request("invalid UTF-8 JSON");
    if (!value->is_array()) throw bad_request("Invalid list of revisions");
    std::vector<Revision> out;
    for (const auto& item : value->get_array()) {
        if (!item.is_string()) throw bad_request("Invalid rev format");
        out.push_back(read_revision(item.get_string()));
    }
    return out;
}

DocumentQuery read_document_query(const Call& call) {
    DocumentQuery query;
    auto& view = query.view;
    for (const auto& [name, value] : call.query()) {
        const bool yes = value == "true";
        if (name == "rev") {
            query.rev = read_revision(value);
        } else if (name == "open_revs") {
            query.all_revs = value == "all";
            if (!query.all_revs) query.open_revs = read_revision_list(value);
        } else if (name == "atts_since") {
            view.atts_since = read_revision_list(value);
            view.attachments = true;
        } else if (name == "new_edits" && (yes || value == "false")) {
            query.replicated = !yes;
        } else if (!yes) {
            continue;
        } else if (name == "revs") {
            view.revs = true;
        } else if (name == "attachments") {
            view.attachments = true;
        } else if (name == "revs_info") {
            view.revs_info = true;
        } else if (name == "conflicts") {
            view.conflicts = true;
        } else if (name == "deleted_conflicts") {
            view.deleted_conflicts = true;
        } else if (name == "local_seq") {
            view.local_seq = true;
        } else if (name == "att_encoding_info") {
            view.att_encoding_info = true;
        } else if (name == "latest") {
            query.latest = true;
        } else if (name == "deleted") {
            query.deleted_too = true;
        } else if (name == "meta") {
            view.revs_info = view.conflicts = view.deleted_conflicts = true;
        }
    }
    return query;
}

bool DocumentQuery::adds_to(const Document& document, std::size_t node) const {
    if (view.revs_info || view.local_seq) return true;
    if (!view.conflicts && !view.deleted_conflicts) return false;
    return std::ranges::any_of(document.tree.leaves(), [&](std::size_t leaf) {
        const auto& other = document.tree.at(leaf);
        const bool deleted = other.leaf && other.leaf->deleted;
        return leaf != node && (deleted ? view.deleted_conflicts : view.conflicts);
    });
}

std::pair<const Document*, std::size_t> open_document(const Database& database, std::string_view id,
                                                      const std::optional<Revision>& rev, bool deleted_too) {
    const auto* document = database.find(id);
    if (!document) throw not_found();
    if (!rev) {
        if (document->tree.deleted() && !deleted_too) throw not_found("deleted");
        return {document, document->tree.winner()};
    }
    const auto node = document->tree.find(*rev);
    if (node == RevTree::none || !document->tree.at(node).leaf) throw not_found();
    return {document, node};
}

OpenedRevisions open_revisions(const Database& database, std::string_view id, const DocumentQuery& query) {
    OpenedRevisions out;
    out.document = database.find(id);
    if (query.all_revs) {
        if (!out.document) throw not_found();
        auto leaves = out.document->tree.leaves();
        std::ranges::sort(leaves, {}, [&](std::size_t leaf) { return out.document->tree.at(leaf).revision; });
        for (const auto leaf : leaves) out.found.push_back({leaf, out.document->tree.at(leaf).revision});
        return out;
    }
    for (const auto& revision : query.open_revs) {
        const auto node = out.document ? out.document->tree.find(revision) : RevTree::none;
        if (node == RevTree::none || (!out.document->tree.at(node).leaf && !query.latest)) {
            out.found.push_back({RevTree::none, revision});
            continue;
        }
        const auto nodes =
            query.latest ? out.document->tree.leaves_below(node) : std::vector<std::size_t>{node};
        for (const auto each : nodes)
            if (std::ranges::find(out.found, each, &OpenedRevisions::One::node) == out.found.end())
                out.found.push_back({each, out.document->tree.at(each).revision});
    }
    return out;
}

}  // namespace davenport::couchmock
