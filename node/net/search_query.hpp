#pragma once

#include "node/base/search.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// How people's words become a query of SQLite's FTS5 (https://www.sqlite.org/fts5.html). Pure.
namespace davenport::node::search {

/// The query in FTS5's own language; empty when nothing of it could ever be found.
std::string to_fts5(const base::SearchQuery& query);

/// A room's name as one word that the tokenizer leaves alone, whatever is in the name.
std::string room_word(std::string_view room);

/// A message's place as a row number: rows in their order are history in its order. Twins of one moment get
/// the next free number.
std::int64_t place_of(std::string_view position);

}  // namespace davenport::node::search
