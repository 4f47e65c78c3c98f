#pragma once

#include "couchmock/core/mango_index.hpp"
#include "couchmock/core/selector.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// What `_find` and `_explain` were asked, checked as mango_opts does.
struct MangoQuery {
    Selector selector;
    std::vector<std::string> use_index{};  ///< design, and perhaps name; without "_design/"
    std::string bookmark{};                ///< empty: from the beginning
    std::uint64_t limit = 25, skip = 0;
    Columns sort{};
    std::vector<std::string> fields{};  ///< empty: all
    std::string partition{};            ///< empty: none
    std::int64_t r = 1;
    bool conflicts = false, stale = false, update = true, stable = false, execution_stats = false,
         allow_fallback = true;
};

/// Throws 400 with CouchDB's words. `partition`: of the path or the query, if it is not in the body.
MangoQuery read_mango_query(const boost::json::value& body, std::string_view partition,
                            std::uint64_t default_limit);

/// `use_index`, or an entry of `_index/_bulk_delete`. Throws 400.
std::vector<std::string> read_index_name(const boost::json::value& value);

/// The members of a request's body, taken one by one; what is left over at the end is refused.
class MangoOptions {
public:
    explicit MangoOptions(const boost::json::value& body) : body_(body) {}
    /// nullptr when it is not given.
    const boost::json::value* find(std::string_view key);
    const boost::json::value& require(std::string_view key);
    std::uint64_t count(std::string_view key, std::uint64_t otherwise);
    std::int64_t positive(std::string_view key, std::int64_t otherwise);
    bool boolean(std::string_view key, bool otherwise);
    /// Throws invalid_key for a member that nobody asked for.
    void finish() const;

private:
    const boost::json::value& body_;
    std::vector<std::string> known_;
};

}  // namespace davenport::couchmock
