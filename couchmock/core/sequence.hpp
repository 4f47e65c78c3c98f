#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

/// A place in a database's feed: how many changes of each shard lie before it.
using Position = std::vector<std::uint64_t>;

/// Writes `position` as a seq, "4-g1AAAA...": opaque, so nobody can lean on its form, and for one place
/// always the same text. Only the number in front means something to people, and nothing to anybody else: it
/// is the sum over the shards. `tag` names the database's incarnation.
std::string write_sequence(const Position& position, std::uint64_t tag);

struct ReadSequence {
    std::uint64_t tag;
    Position position;
};

/// Reads what write_sequence() wrote, with or without quotes around it and whatever the number in front.
/// Nothing for anything else.
std::optional<ReadSequence> read_sequence(std::string_view text);

}  // namespace davenport::couchmock
