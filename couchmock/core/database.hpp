#pragma once

#include "couchmock/core/changes_log.hpp"
#include "couchmock/core/cluster.hpp"
#include "couchmock/core/compression.hpp"
#include "couchmock/core/live_index.hpp"
#include "couchmock/core/member_copy.hpp"
#include "couchmock/core/rev_tree.hpp"
#include "node/base/random.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::couchmock {

/// One document with all its revisions, deleted or not.
struct Document {
    std::string_view id;  ///< the key in the database's map
    RevTree tree;
    std::size_t shard = 0;
    std::uint64_t seq = 0;  ///< of its newest change, in its shard
};

/// A write as a client asked for it.
struct Edit {
    std::string id;
    std::vector<Revision> path;  ///< what it follows: nothing, or the revision it replaces; for a replicated
                                 ///< one itself first, then its ancestors
    bool deleted = false;
    std::string body;
    std::string term;  ///< body as an external term; only for writes that get their revision here
    std::vector<Attachment> attachments;
};

struct Edited {
    bool conflict = false;
    Revision revision;
};

/// The revision's hash: MD5 over the external term of [Deleted, OldStart, OldHash, Body, Attachments]
/// (couch_db:new_revid).
std::string revision_hash(bool deleted, const Revision* parent, std::string_view body_term,
                          const std::vector<Attachment>& attachments);

/// Where a feed goes on, and in whose copy.
struct FeedPlace {
    MemberIndex member;
    Position position;
};

/// One database: documents in the order of their ids, and in the order of their newest changes, shard by
/// shard.
///
/// Threads: not thread-safe. Errors: none; what can't be is told by the result.
class Database {
public:
    using Documents = std::map<std::string, Document, std::less<>>;
    struct Settings {
        std::string name;
        int shards = 1;
        bool partitioned = false;
        std::int64_t created_s = 0;
    };

    Database(Settings settings, base::Random random);

    [[nodiscard]] const Settings& settings() const { return settings_; }
    [[nodiscard]] const Documents& documents() const { return documents_; }
    [[nodiscard]] const Document* find(std::string_view id) const;
    [[nodiscard]] const LiveIndex& live() const { return live_; }
    [[nodiscard]] std::size_t doc_count() const { return live_.size(); }
    [[nodiscard]] std::size_t deleted_count() const { return documents_.size() - live_.size(); }

    /// What couch_db does with `_bulk_docs`: edits of one id are judged against what was there before all of
    /// them, and written in the order of the ids. Results in the order of the edits.
    std::vector<Edited> update(std::vector<Edit> edits);
    Edited update_one(Edit edit);
    /// `new_edits=false`: merges the revisions as they are; never a conflict. False when the revision was
    /// there.
    bool replicate(Edit edit);
    /// Takes revisions out of the tree as if they had never been; those that were leaves. The document goes
    /// with its last one. Counts as a purge and as a change even where there was nothing to take.
    std::vector<Revision> purge(std::string_view id, const std::vector<Revision>& revisions);

    /// Some living design document has a validation function.
    [[nodiscard]] bool has_validation() const { return !validating_.empty(); }
    /// The ids of those that have.
    [[nodiscard]] const std::set<std::string, std::less<>>& validating() const { return validating_; }
    /// update() would refuse the edit, as it is now.
    [[nodiscard]] bool would_conflict(const Edit& edit) const;
    /// Forgets the bodies of revisions that are no leaves.
    void compact();
    struct Sizes {
        std::uint64_t file, external, active;
    };
    /// Bytes, about as CouchDB would count them; from running totals.
    [[nodiscard]] Sizes sizes() const;

    // ---- the feed

    using Change = ChangesLog::Change;
    using Row = ChangesLog::Row;
    [[nodiscard]] std::size_t shard_of(std::string_view id) const;
    [[nodiscard]] std::size_t shard_count() const { return log_.shard_count(); }
    [[nodiscard]] const std::vector<Change>& changes(std::size_t shard) const { return log_.changes(shard); }
    [[nodiscard]] std::size_t after(std::size_t shard, std::uint64_t seq) const {
        return log_.after(shard, seq);
    }
    [[nodiscard]] std::uint64_t update_seq(std::size_t shard) const { return log_.update_seq(shard); }
    [[nodiscard]] Position now() const { return log_.now(); }
    [[nodiscard]] Position start() const { return log_.start(); }
    [[nodiscard]] std::uint64_t count_after(const Position& position) const {
        return log_.count_after(position);
    }
    [[nodiscard]] std::string sequence(const Position& position, MemberIndex member = whole_cluster) const;
    [[nodiscard]] std::string sequence_of_purges() const;
    /// Nothing when `text` is no seq; the start when it is one of another database or incarnation.
    [[nodiscard]] std::optional<Position> read(std::string_view text) const;
    [[nodiscard]] std::uint64_t tag() const { return tag_; }
    /// Bumped by every change of a document, purges included.
    [[nodiscard]] std::uint64_t version() const { return version_; }

    using Local = LocalDocument;
    using Locals = LocalDocuments;
    [[nodiscard]] const Locals& locals(MemberIndex member = whole_cluster) const {
        return member == whole_cluster ? locals_ : copies_[member].locals;
    }
    /// At all members that are there.
    void set_local(std::string id, Local local);
    /// At all members that are there. False when there is none.
    bool erase_local(std::string_view id);
    /// At all members.
    void clear_locals();

    // ---- the members of a cluster; without copies everything is the whole's

    /// `up` has one entry for each member: it has everything from now on, or is away and is owed what comes.
    void make_copies(const std::vector<bool>& up);
    [[nodiscard]] bool has_copies() const { return !copies_.empty(); }
    [[nodiscard]] MemberCopy& copy(MemberIndex member) { return copies_[member]; }
    [[nodiscard]] ChangesLog& log(MemberIndex member) {
        return member == whole_cluster ? log_ : copies_[member].log();
    }
    /// As find(), of what `replicas` have: nullptr for a document whose first news has come to none of them.
    [[nodiscard]] const Document* find_at(std::string_view id, const Replicas& replicas) const;
    /// The newest that one of them has; nullptr when none has.
    [[nodiscard]] const Local* find_local(std::string_view id, const Replicas& replicas) const;
    [[nodiscard]] bool is_at(const Document& document, MemberIndex member) const {
        return member == whole_cluster || copies_[member].has(document);
    }
    /// As read(), for a feed that `member` is asked for. Whose copy a seq is of goes on with it; if it is
    /// away, `member` repeats what the reader may not have had from it.
    [[nodiscard]] std::optional<FeedPlace> read_at(std::string_view text, MemberIndex member) const;
    /// The member's disk is lost, and with it its `_local` documents and every seq that it gave.
    void lose_copy(MemberIndex member) { copies_[member].lose_all(log_, random_.next()); }

    // ---- what a keeper of records has to know
    struct Unsaved {
        bool any = false;
        bool compacted = false;
        std::vector<std::string> documents, locals;  ///< ids, some more than once
    };
    /// What changed since the last call. Nothing is noted before track_changes().
    [[nodiscard]] Unsaved take_unsaved() { return std::exchange(unsaved_, {}); }
    void track_changes() { tracks_ = true; }
    /// Security or a limit was set: every shard counts that as a change, though no row tells of it.
    void note_setting();
    /// Something about the database itself changed that no seq counts.
    void note_settings() { unsaved_.any = unsaved_.any || tracks_; }
    /// Puts a document back as it was. False when it can't have been so.
    bool restore(const std::string& id, std::size_t shard, std::uint64_t seq,
                 std::vector<RevTree::Node> nodes);
    void restore_place(std::uint64_t tag, const Position& seqs);

    // ---- acts of the mock: what no CouchDB would do

    /// Forgets the newest `rows` changes as if they had never been written. Feeds that have seen them stay
    /// ahead.
    std::size_t forget(std::size_t rows);
    /// How often that was done: whoever followed the feed has seen what never was.
    [[nodiscard]] std::uint64_t rewinds() const { return rewinds_; }
    /// Another incarnation: every seq given so far means the start.
    void retag() {
        tag_ = random_.next();
        for (auto& copy : copies_) copy.retag(random_.next());
        note_settings();
    }

    // ---- what belongs to a database besides documents
    std::string security;  ///< JSON text; empty while never set
    std::uint64_t revs_limit = 1000;
    std::uint64_t purged_infos_limit = 1000;
    std::size_t document_bytes_max = 8'000'000;        ///< max_document_size
    std::size_t attachment_bytes_max = 1'073'741'824;  ///< max_attachment_size
    bool keeps_users = false;  ///< its documents are accounts: `_users`, or what is set
    Compression compression;   ///< of new attachments
    std::uint64_t purge_seq = 0;
    std::vector<std::pair<std::string, std::vector<Revision>>> purged;
    std::vector<std::string> indexes_made;  ///< Mango index definitions, JSON texts in the order made

private:
    Document& make(std::string id);
    void changed(Document& document, bool was_alive);
    /// `document` is about to be erased.
    void drop_from_copies(const Document& document);
    void note_unsaved(std::string_view id);
    void note_validation(const Document& document);
    struct Judged;
    [[nodiscard]] Judged judge(const Edit& edit, bool looked_up) const;
    [[nodiscard]] bool looks_up(const Edit& edit) const;
    [[nodiscard]] std::vector<bool> shards_that_look_up(const std::vector<Edit>& edits) const;
    void note_edited(const Document& document);
    Edited apply(Edit& edit, const Judged& judged, bool& was_alive, Document*& document);

    Settings settings_;
    base::Random random_;
    std::uint64_t tag_;
    std::uint64_t bytes_written_ = 0;
    std::uint64_t version_ = 0;
    std::uint64_t rewinds_ = 0;
    Documents documents_;
    ChangesLog log_;
    std::vector<bool>
        knows_no_validation_;         ///< by shard: an edit was looked at since the last design document
    std::vector<MemberCopy> copies_;  ///< empty: there is one member
    LiveIndex live_;
    Locals locals_;
    bool tracks_ = false;
    Unsaved unsaved_;
    std::set<std::string, std::less<>> validating_;  ///< design documents
};

}  // namespace davenport::couchmock
