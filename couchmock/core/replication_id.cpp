#include "couchmock/core/replication_id.hpp"

#include "couchmock/core/erlang_term.hpp"
#include "node/base/digest.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;
namespace term = erlang_term;

/// An Erlang string: a list of its bytes.
void append_string(std::string& out, std::string_view text) {
    if (text.empty()) {
        term::append_nil(out);
        return;
    }
    const auto at = out.size();
    const auto count = static_cast<std::uint32_t>(text.size());
    term::append_list_head(out, count);
    for (const char c : text) term::append_integer(out, std::int64_t{static_cast<unsigned char>(c)});
    if (!term::shorten_byte_list(out, at, count)) term::append_nil(out);
}

/// A JSON value as CouchDB keeps it. `sorted`: members in the order of their names.
void append_value(std::string& out, const json::value& value, bool sorted) {
    switch (value.kind()) {
        case json::kind::null:
            term::append_atom(out, "null");
            break;
        case json::kind::bool_:
            term::append_atom(out, value.get_bool() ? "true" : "false");
            break;
        case json::kind::int64:
            term::append_integer(out, value.get_int64());
            break;
        case json::kind::uint64:
            term::append_integer(out, value.get_uint64());
            break;
        case json::kind::double_:
            term::append_float(out, value.get_double());
            break;
        case json::kind::string:
            term::append_binary(out, std::string_view{value.get_string()});
            break;
        case json::kind::array: {
            const auto& list = value.get_array();
            const auto at = out.size();
            const auto count = static_cast<std::uint32_t>(list.size());
            if (!list.empty()) term::append_list_head(out, count);
            for (const auto& one : list) append_value(out, one, sorted);
            if (list.empty() || !term::shorten_byte_list(out, at, count)) term::append_nil(out);
            break;
        }
        case json::kind::object: {
            std::vector<std::pair<std::string_view, const json::value*>> members;
            for (const auto& one : value.get_object()) members.emplace_back(one.key(), &one.value());
            if (sorted) std::ranges::sort(members, {}, [](const auto& one) { return one.first; });
            term::append_tuple_head(out, 1);
            if (!members.empty()) term::append_list_head(out, static_cast<std::uint32_t>(members.size()));
            for (const auto& [key, member] : members) {
                term::append_tuple_head(out, 2);
                term::append_binary(out, key);
                append_value(out, *member, sorted);
            }
            term::append_nil(out);
            break;
        }
    }
}

/// {remote, User, Host, NonDefaultPort, Path, Headers, undefined}
void append_end(std::string& out, const ReplicationEnd& end) {
    term::append_tuple_head(out, 7);
    term::append_atom(out, "remote");
    if (end.user.empty())
        term::append_atom(out, "undefined");
    else
        append_string(out, end.user);
    append_string(out, end.host);
    if (end.port == (end.tls ? 443 : 80) || (!end.tls && end.port == 5984))
        term::append_atom(out, "default");
    else
        term::append_integer(out, std::int64_t{end.port});
    append_string(out, end.path);
    if (!end.headers.empty()) {
        term::append_list_head(out, static_cast<std::uint32_t>(end.headers.size()));
        for (const auto& [name, value] : end.headers) {
            term::append_tuple_head(out, 2);
            append_string(out, name);
            append_string(out, value);
        }
    }
    term::append_nil(out);
    term::append_atom(out, "undefined");
}

json::value sorted_ids(const json::value& list) {
    std::set<std::string> ids;
    if (list.is_array())
        for (const auto& id : list.get_array())
            if (id.is_string())
                ids.insert(base::percent_decode(std::string_view{id.get_string()}, true)
                               .value_or(std::string{id.get_string()}));
    json::array out;
    for (const auto& id : ids) out.emplace_back(id);
    return out;
}

/// What the documents are chosen by; each counts as one element.
std::vector<std::string> filter_terms(const json::value& wanted) {
    std::vector<std::string> out;
    const auto add = [&](const json::value& value, bool sorted = false) {
        append_value(out.emplace_back(), value, sorted);
    };
    const auto* ids = base::member(wanted, "doc_ids");
    if (ids && !ids->is_null()) {
        add(sorted_ids(*ids));
    } else if (const auto* selector = base::member(wanted, "selector")) {
        add(*selector, true);
    } else if (const auto* filter = base::member(wanted, "filter")) {
        const auto* parameters = base::member(wanted, "query_params");
        add(*filter);
        add(parameters && parameters->is_object() ? *parameters : json::value(json::object{}));
    }
    if (base::bool_member(wanted, "winning_revs_only")) add("winning_revs_only");
    return out;
}

}  // namespace

std::string replication_id(std::string_view server_uuid, const ReplicationEnd& source,
                           const ReplicationEnd& target, const json::value& wanted) {
    const auto filters = filter_terms(wanted);
    std::string text{static_cast<char>(131)};
    term::append_list_head(text, static_cast<std::uint32_t>(3 + filters.size()));
    term::append_binary(text, server_uuid);
    append_end(text, source);
    append_end(text, target);
    for (const auto& one : filters) text += one;
    term::append_nil(text);
    std::string out;
    for (const char c : base::md5(text))
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
    return out;
}

}  // namespace davenport::couchmock
