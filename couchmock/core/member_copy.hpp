#pragma once

#include "couchmock/core/changes_log.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace davenport::couchmock {

/// A `_local` document.
struct LocalDocument {
    std::uint64_t revision = 0;
    std::string body;
};
using LocalDocuments = std::map<std::string, LocalDocument, std::less<>>;

/// What one member of a cluster has of a database: which documents, in the order in which it got them, and
/// `_local` documents of its own.
///
/// The documents themselves are the database's; a member that is away misses their changes, which the others
/// owe it until heal().
/// Threads: not thread-safe. Errors: none.
class MemberCopy {
public:
    MemberCopy(std::size_t shards, std::uint64_t tag) : log_(shards), tag_(tag) {}

    [[nodiscard]] ChangesLog& log() { return log_; }
    [[nodiscard]] const ChangesLog& log() const { return log_; }
    /// Of the seqs that this copy gives.
    [[nodiscard]] std::uint64_t tag() const { return tag_; }
    void retag(std::uint64_t tag) { tag_ = tag; }
    [[nodiscard]] bool is_away() const { return away_; }

    /// `document` was written.
    void changed(std::size_t shard, const Document& document);
    /// `document` is about to be taken out of the database.
    void drop(const Document& document);
    /// False while the first news of it has not come here.
    [[nodiscard]] bool has(const Document& document) const { return places_.contains(&document); }

    void leave() { away_ = true; }
    void come_back() { away_ = false; }
    /// It has lost its disk: everything is owed to it, and its seqs are new ones. `all` has every document.
    void lose_all(const ChangesLog& all, std::uint64_t tag);
    /// The others have brought it what it missed. True when that was something.
    bool heal();

    /// From where this copy has to be read so that whoever read `other` up to `position` misses nothing.
    [[nodiscard]] Position place_after(const MemberCopy& other, const Position& position) const;

    LocalDocuments locals;

private:
    void lower_to(Position& position, const Document& document) const;
    void take(std::size_t shard, const Document& document);

    struct Place {
        std::size_t shard;
        std::uint64_t seq;
    };
    ChangesLog log_;
    std::uint64_t tag_;
    bool away_ = false;
    std::unordered_map<const Document*, Place> places_;
    std::vector<std::pair<std::size_t, const Document*>> owed_;  ///< with their shards; null: came otherwise
    std::unordered_map<const Document*, std::size_t> owed_at_;
};

}  // namespace davenport::couchmock
