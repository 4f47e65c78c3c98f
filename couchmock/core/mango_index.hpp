#pragma once

#include "couchmock/core/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// Fields in the order of an index or a sort; `true`: descending.
using Columns = std::vector<std::pair<std::string, bool>>;

/// A Mango index, as its design document defines it. Nothing is ever built: a definition only says which
/// order a query may ask for.
struct MangoIndex {
    std::string design;  ///< "_design/..."; empty for the one that is always there
    std::string name;
    Columns columns;
    bool partitioned = false;
    boost::json::value definition;  ///< the view's `map`
    boost::json::value partial;     ///< the selector of a partial index; null: of all documents

    [[nodiscard]] bool is_special() const { return design.empty(); }
    [[nodiscard]] bool has_column(std::string_view field) const;
};

/// All of the database in CouchDB's order: `_all_docs`, then by design document and name.
std::vector<MangoIndex> indexes_of(const Database& database);

/// `["a",{"b":"desc"}]` as columns. Throws 400 with CouchDB's words.
Columns read_columns(const boost::json::value& fields);

/// The index as `_index` lists it.
std::string index_json(const MangoIndex& index);

/// What a name without one is made of (mango_idx:gen_name).
struct IndexOptions {
    const std::string* name = nullptr;
    const std::string* design = nullptr;
    std::int64_t w = 2;
    std::optional<bool> partitioned;
};
/// The name that CouchDB gives an index without one: SHA-1 over its definition and its options.
std::string automatic_index_name(const boost::json::value& definition, std::string_view type,
                                 const IndexOptions& options);

}  // namespace davenport::couchmock
