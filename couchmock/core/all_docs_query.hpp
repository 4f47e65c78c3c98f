#pragma once

#include "couchmock/core/call.hpp"
#include "couchmock/core/document_json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// What a reader of a list of documents (or of databases) asked for, in the parameters of a view.
struct ListQuery {
    std::optional<boost::json::value> start, end;
    std::optional<std::vector<boost::json::value>> keys;
    std::string start_id, end_id;  ///< startkey_docid, endkey_docid: without a key they are the range
    bool descending = false, inclusive_end = true, include_docs = false, update_seq = false;
    bool names_conflicts = false;   ///< `conflicts` stands there, whatever it says
    bool keys_are_no_list = false;  ///< `keys` stands there and is something else
    std::uint64_t limit = UINT64_MAX, skip = 0;
    std::string partition;
    MemberIndex member = whole_cluster;  ///< whose copy is listed
    Replicas replicas;                   ///< that are asked for `keys`
    DocumentView view;
};

/// `text` as it stands in a query or, without quotes, in a body (then `decoded` is given). Throws 400.
bool read_list_flag(std::string_view text, const boost::json::value* decoded);
std::uint64_t read_list_count(std::string_view text, const boost::json::value* decoded);
/// One parameter. It is text in a query and JSON in a body (`decoded`); `text` is what stands there, strings
/// without their quotes. Throws 400.
void read_list_parameter(ListQuery& query, std::string_view name, std::string_view text,
                         boost::json::value* decoded);
/// All of a body; takes what it needs out of `object`.
void read_list_members(ListQuery& query, boost::json::value& object);
/// All of a request for a list: the body's members, then the query's. Throws 400, and 415 as a body's reader.
ListQuery read_list_query(Call& call, bool with_body);
/// `{"queries":[...]}`, each with what the query of the request says beside it. Throws 400.
std::vector<ListQuery> read_list_queries(Call& call);

/// Where a key stands, seen from the ids: 0 among them, -1 before them all, as Erlang orders its terms.
int side_of(const boost::json::value& key);
/// Whether `id` lies in the range that is asked for.
bool is_in_range(const ListQuery& query, std::string_view id);

}  // namespace davenport::couchmock
