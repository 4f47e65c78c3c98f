#pragma once

#include "couchmock/core/revision.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace davenport::couchmock {

/// An attachment's bytes are shared by all revisions that keep it.
struct Attachment {
    std::string name;
    std::string content_type;
    std::string digest;  ///< MD5 of the stored bytes, 16 bytes
    std::uint64_t revpos = 0;
    std::string encoding;                     ///< "" or "gzip": `data` is compressed then
    std::uint64_t length = 0;                 ///< of the content, before any encoding
    std::shared_ptr<const std::string> data;  ///< null only in an edit: a stub, or bytes that follow
    bool follows = false;                     ///< in an edit: the bytes come behind the document
    std::optional<std::uint64_t> declared{};  ///< of one that follows: how many bytes are to come
};

/// What one revision of a document holds.
struct Leaf {
    std::string body;  ///< members as JSON text, without braces (DocumentText::body)
    bool deleted = false;
    std::vector<Attachment> attachments;
};
using LeafPtr = std::shared_ptr<const Leaf>;

/// The revisions of one document and how they came from each other, as CouchDB keeps them
/// (couch_key_tree.erl).
///
/// Inner revisions lose their bodies with compaction; the oldest are cut off by stem(), so there may be
/// several roots.
class RevTree {
public:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    struct Node {
        Revision revision;
        std::size_t parent = none;
        std::size_t children = 0;
        LeafPtr leaf;  ///< null: known by name only
    };
    enum class Merged { new_leaf, new_branch, nothing };

    /// Adds the newest revision of `path` (newest first, one depth apart) with what it holds, and those of
    /// its ancestors that are unknown. `nothing` when the revision was there already; a body that was missing
    /// is filled in.
    Merged merge(const std::vector<Revision>& path, LeafPtr leaf);

    /// Adds a child to a leaf.
    std::size_t extend(std::size_t parent, Revision revision, LeafPtr leaf);

    /// A tree of nodes that were read off another; `children` is counted anew.
    static RevTree of(std::vector<Node> nodes);

    [[nodiscard]] bool empty() const { return nodes_.empty(); }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const Node& at(std::size_t index) const { return nodes_[index]; }
    [[nodiscard]] std::size_t find(const Revision& revision) const;
    [[nodiscard]] bool is_leaf(std::size_t index) const { return nodes_[index].children == 0; }
    /// All leaves, the winner first, then in falling order of {not deleted, revision}.
    [[nodiscard]] std::vector<std::size_t> leaves() const;
    [[nodiscard]] std::size_t winner() const { return winner_; }
    [[nodiscard]] bool deleted() const { return nodes_[winner_].leaf && nodes_[winner_].leaf->deleted; }
    [[nodiscard]] std::size_t leaf_count() const { return leaf_count_; }
    /// The leaves below `index`, itself if it is one.
    [[nodiscard]] std::vector<std::size_t> leaves_below(std::size_t index) const;
    /// `index` and its known ancestors, newest first.
    [[nodiscard]] std::vector<Revision> path(std::size_t index) const;
    /// `revision` is in the tree, or is too old for it to say.
    [[nodiscard]] bool contains(const Revision& revision) const { return find(revision) != none; }

    /// Cuts every branch to its newest `limit` revisions.
    void stem(std::size_t limit);
    /// Takes away a leaf and those of its ancestors that no other leaf needs. False when it is no leaf.
    bool purge(const Revision& revision);
    /// Forgets the bodies of inner revisions. False when there was none.
    bool compact();

private:
    void choose_winner();
    void rebuild(const std::vector<bool>& keep);

    std::vector<Node> nodes_;
    std::size_t winner_ = none;
    std::size_t leaf_count_ = 0;
};

}  // namespace davenport::couchmock
