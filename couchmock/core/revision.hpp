#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::couchmock {

/// A revision, "2-7051cbe5c8faecd085a3fa619e6e6337": its depth and the hash of what it holds.
struct Revision {
    std::uint64_t depth = 0;
    std::string hash;  ///< 16 bytes, or whatever else a replicator wrote behind the '-'

    friend bool operator==(const Revision&, const Revision&) = default;
    /// Erlang's order of {Depth, Hash}: depth first, then bytes. The greater one wins.
    friend auto operator<=>(const Revision&, const Revision&) = default;
};

/// Nothing when `text` has no form of a revision: "Invalid rev format".
std::optional<Revision> parse_revision(std::string_view text);
/// The part behind the '-': 32 hex digits are 16 bytes, anything else is taken as it is. Nothing for 32
/// characters that are no hex.
std::optional<std::string> parse_revision_hash(std::string_view text);

void append_revision(std::string& out, const Revision& revision);
void append_revision_hash(std::string& out, std::string_view hash);
std::string to_text(const Revision& revision);

}  // namespace davenport::couchmock
