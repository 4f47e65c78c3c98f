#pragma once

#include "couchmock/core/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// A Mango index, as its design document defines it. Nothing is ever built: a definition only says which
/// order a query may ask for.
struct MangoIndex {
    std::string design;  ///< "_design/..."; empty for the one that is always there
    std::string name;
    std::vector<std::pair<std::string, bool>> columns;  ///< field, descending
    [[nodiscard]] bool is_special() const { return design.empty(); }
};

/// All of the database, `_all_docs` first.
std::vector<MangoIndex> indexes_of(const Database& database);

/// `["a",{"b":"desc"}]` as columns; nothing when it is none of that.
std::optional<std::vector<std::pair<std::string, bool>>> read_columns(const boost::json::value& fields);

/// The index that CouchDB would take: one whose columns the selector asks for, and whose order is that of
/// `sort`. Nothing when the sort has no index.
const MangoIndex* choose_index(const std::vector<MangoIndex>& indexes,
                               const std::vector<std::string>& required,
                               const std::vector<std::pair<std::string, bool>>& sort,
                               std::string_view wanted_design, std::string_view wanted_name);

/// The name that CouchDB gives an index without one: SHA-1 over its definition.
std::string automatic_index_name(const boost::json::value& definition, std::string_view type,
                                 const std::string* name, const std::string* design);

}  // namespace davenport::couchmock
