#pragma once

#include "couchmock/core/database.hpp"

#include <string>
#include <vector>

namespace davenport::couchmock {

/// What a reader may ask to be shown with a document.
struct DocumentView {
    bool revs = false;  ///< `_revisions`
    std::uint64_t revs_max =
        UINT64_MAX;          ///< the database's `_revs_limit`: not more of them, whatever is still known
    bool revs_info = false;  ///< `_revs_info`: which of them can still be read
    bool conflicts = false;  ///< `_conflicts`: the other living leaves
    bool deleted_conflicts = false;  ///< `_deleted_conflicts`
    bool local_seq = false;          ///< `_local_seq`
    bool attachments = false;        ///< attachments with their data, else stubs
    bool follows = false;            ///< data as parts of a multipart message, named in their order
    bool att_encoding_info = false;
    std::vector<Revision> atts_since{};  ///< attachments that these have are stubs even with `attachments`

    /// A revision that was asked for by name is shown without a word on the others.
    void forget_siblings() { revs_info = conflicts = deleted_conflicts = local_seq = false; }
};

/// The depth up to which the reader of `view` has the attachments of the revision at `node`: that of the
/// newest of its ancestors, or itself, among `view.atts_since`. A revision of another branch says nothing.
std::uint64_t known_depth(const RevTree& tree, std::size_t node, const DocumentView& view);

/// The revision at `node` as CouchDB shows it: `{"_id":...,"_rev":...,<body>...}`. A revision whose body is
/// gone is shown empty.
void append_document(std::string& out, const Document& document, std::size_t node,
                     const DocumentView& view = {});

/// The document as JSON of any text with the members `body`: for `_local` documents and the like.
void append_plain_document(std::string& out, std::string_view id, std::string_view rev,
                           std::string_view body);

/// Decompresses what a client sent or what is kept as "gzip"; nothing when it is broken or larger than
/// `limit` bytes.
std::optional<std::string> gunzip(std::string_view bytes, std::size_t limit = std::size_t{1} << 30);

}  // namespace davenport::couchmock
