#pragma once

#include "couchmock/core/sequence.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace davenport::couchmock {

struct Document;

/// Which documents changed, in the order of their newest changes, shard by shard: what a feed is read from.
///
/// It owns no document: whoever takes one away drops its entry first.
/// Threads: not thread-safe. Errors: none.
class ChangesLog {
public:
    /// One entry of a shard; null where a later change of the same document took its place.
    struct Change {
        std::uint64_t seq;
        const Document* document;
    };
    /// A row of the feed, shared by everybody who is shown it: made once, given to all who follow.
    struct Row {
        std::uint64_t seq = 0;
        std::string sequence;              ///< its seq; one shard only
        std::array<std::string, 4> texts;  ///< `"id":...}` by style and include_docs; empty while not made
    };

    explicit ChangesLog(std::size_t shards) : shards_(shards) {}

    [[nodiscard]] std::size_t shard_count() const { return shards_.size(); }
    [[nodiscard]] const std::vector<Change>& changes(std::size_t shard) const {
        return shards_[shard].changes;
    }
    /// Where the first entry with a seq above `seq` stands in changes().
    [[nodiscard]] std::size_t after(std::size_t shard, std::uint64_t seq) const;
    [[nodiscard]] std::uint64_t update_seq(std::size_t shard) const { return shards_[shard].update_seq; }
    [[nodiscard]] Position now() const;
    [[nodiscard]] Position start() const { return Position(shards_.size(), 0); }
    /// How many documents changed after `position`.
    [[nodiscard]] std::uint64_t count_after(const Position& position) const;
    /// Every seq of `position` was given by this log.
    [[nodiscard]] bool reaches(const Position& position) const;
    /// The row's place in a small cache; made empty when another one was there.
    Row& row(std::size_t shard, std::uint64_t seq);

    /// The newest change; its seq.
    std::uint64_t append(std::size_t shard, const Document& document);
    /// An entry as it was, at its place.
    void insert(std::size_t shard, std::uint64_t seq, const Document& document);
    /// Takes the entry with exactly this seq away; nothing else moves.
    void drop(std::size_t shard, std::uint64_t seq);
    /// A seq that leaves no entry, as a purge does.
    void skip(std::size_t shard) { ++shards_[shard].update_seq; }
    void set_update_seq(std::size_t shard, std::uint64_t seq) { shards_[shard].update_seq = seq; }
    /// Takes the entry with the highest seq of all shards away; nullptr when there is none.
    const Document* take_newest();

private:
    struct Shard {
        std::uint64_t update_seq = 0;
        std::vector<Change> changes;
        std::size_t dead = 0;
        std::vector<Row> rows;
    };
    std::vector<Shard> shards_;
};

}  // namespace davenport::couchmock
