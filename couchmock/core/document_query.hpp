#pragma once

#include "couchmock/core/call.hpp"
#include "couchmock/core/document_json.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace davenport::couchmock {

/// The query of a request about one document.
struct DocumentQuery {
    DocumentView view;
    std::optional<Revision> rev;
    std::vector<Revision> open_revs;
    bool all_revs = false;  ///< open_revs=all
    bool latest = false;
    bool deleted_too = false;
    bool replicated = false;  ///< new_edits=false

    [[nodiscard]] bool opens_revs() const { return all_revs || !open_revs.empty(); }
    /// The answer will be more than the revision itself, and gets no ETag.
    [[nodiscard]] bool adds_to(const Document& document, std::size_t node) const;
};

/// Throws 400.
DocumentQuery read_document_query(const Call& call);
/// A JSON list of revisions. Throws 400.
std::vector<Revision> read_revision_list(std::string_view json);

/// The document and the node that a request means: a revision, or the winner. Throws 404.
std::pair<const Document*, std::size_t> open_document(const Database& database, std::string_view id,
                                                      const std::optional<Revision>& rev,
                                                      bool deleted_too = false);

/// What `open_revs` finds: nodes of the document, and revisions that it has not.
struct OpenedRevisions {
    struct One {
        std::size_t node = RevTree::none;  ///< none: missing
        Revision revision;
    };
    const Document* document = nullptr;
    std::vector<One> found;
};
OpenedRevisions open_revisions(const Database& database, std::string_view id, const DocumentQuery& query);

}  // namespace davenport::couchmock
