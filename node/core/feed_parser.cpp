#include "node/core/feed_parser.hpp"

#include "node/base/json.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

namespace node {
namespace {

namespace json = boost::json;

constexpr std::size_t line_bytes_max = 16 * 1024 * 1024;  // twice the store's own bound for a document

/// A seq is a string; a CouchDB of long ago, and the mocks of today, have numbers.
std::optional<std::string> read_seq(const json::value& row, std::string_view key) {
    const auto* seq = base::member(row, key);
    if (!seq || seq->is_null()) return std::nullopt;
    if (seq->is_string()) return std::string{seq->get_string()};
    return base::write_json(*seq);
}

std::optional<FeedRow> read_row(const json::value& row, base::WallTime seen) {
    const auto id = base::string_member(row, "id");
    if (!id) return std::nullopt;
    FeedRow out{std::string{*id},
                read_seq(row, "seq").value_or(""),
                std::nullopt,
                base::bool_member(row, "deleted"),
                {}};
    if (out.deleted) return out;
    const auto* document = base::member(row, "doc");
    if (!document) return out;
    if (id->starts_with(base::presence_id_lead))
        out.presence = base::read_presence(*document);
    else
        out.message = base::from_document(*document, seen);
    return out;
}

/// Parses into `memory`, which the value must not outlive.
std::optional<json::value> parse_in(std::string_view text, json::storage_ptr memory) {
    json::parse_options options;
    options.max_depth = 64;
    boost::system::error_code error;
    auto value = json::parse(text, error, std::move(memory), options);
    if (error) return std::nullopt;
    return value;
}

}  // namespace

FeedParser::Result FeedParser::add(std::string_view bytes, base::WallTime seen) {
    Result result;
    for (;;) {
        const auto end = bytes.find('\n');
        if (end == std::string_view::npos) {
            rest_ += bytes;
            if (rest_.size() > line_bytes_max) result.garbage = true;
            return result;
        }
        bool good = true;
        if (rest_.empty()) {
            good = add_line(bytes.substr(0, end), seen, result);
        } else {
            rest_ += bytes.substr(0, end);
            good = add_line(rest_, seen, result);
            rest_.clear();
        }
        bytes.remove_prefix(end + 1);
        if (!good) {
            result.garbage = true;
            return result;
        }
    }
}

bool FeedParser::add_line(std::string_view line, base::WallTime seen, Result& result) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return true;  // a heartbeat
    unsigned char buffer[4096];
    json::monotonic_resource memory{buffer, sizeof buffer};
    const auto value = parse_in(line, &memory);
    if (!value) return false;
    if (auto row = read_row(*value, seen)) {
        result.rows.push_back(std::move(*row));
        return true;
    }
    auto last = read_seq(*value, "last_seq");
    if (!last) return false;
    result.last_seq = std::move(last);
    return true;
}

std::optional<FeedPage> read_feed_page(std::string_view body, base::WallTime seen) {
    json::monotonic_resource memory;
    const auto value = parse_in(body, &memory);
    if (!value) return std::nullopt;
    const auto* results = base::member(*value, "results");
    auto last = read_seq(*value, "last_seq");
    if (!results || !results->is_array() || !last) return std::nullopt;
    FeedPage page{{}, std::move(*last)};
    page.rows.reserve(results->get_array().size());
    for (const auto& item : results->get_array()) {
        auto row = read_row(item, seen);
        if (!row) return std::nullopt;
        page.rows.push_back(std::move(*row));
    }
    return page;
}

}  // namespace node
