#include "node/core/store/couchdb/feed_parser.hpp"

#include "node/base/json_view.hpp"

namespace davenport::node {
namespace {

constexpr std::size_t line_bytes_max = 16 * 1024 * 1024;  // twice the store's own bound for a document

/// A seq is a string; a CouchDB of long ago, and the mocks of today, have numbers. False, and `into` as it
/// was, when there is none.
bool read_seq(const base::JsonView& row, std::string_view key, std::string& into) {
    const auto seq = row.member(key);
    if (!seq || seq->is_null()) return false;
    if (const auto text = seq->string())
        into = *text;
    else
        into = seq->text();
    return true;
}

std::optional<FeedRow> read_row(const base::JsonView& row, base::WallTime seen) {
    const auto id = base::string_member(row, "id");
    if (!id) return std::nullopt;
    FeedRow out{std::string{*id}, std::nullopt, base::bool_member(row, "deleted"), {}};
    if (out.deleted) return out;
    const auto document = row.member("doc");
    if (!document) return out;
    if (id->starts_with(base::presence_id_lead))
        out.presence = base::read_presence(*document);
    else
        out.message = base::from_document(*document, seen);
    return out;
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
    const auto value = reader_.read(line);
    if (!value) return false;
    auto row = read_row(*value, seen);
    if (!row) return read_seq(*value, "last_seq", result.seq);
    read_seq(*value, "seq", result.seq);
    result.rows.push_back(std::move(*row));
    return true;
}

std::optional<FeedPage> read_feed_page(std::string_view body, base::WallTime seen) {
    base::JsonReader reader;
    const auto value = reader.read(body);
    if (!value) return std::nullopt;
    const auto results = value->member("results");
    FeedPage page;
    if (!results || !read_seq(*value, "last_seq", page.last_seq)) return std::nullopt;
    bool whole = true;
    const bool is_array = results->each_item([&](const base::JsonView& item) {
        auto row = read_row(item, seen);
        if (row)
            page.rows.push_back(std::move(*row));
        else
            whole = false;
    });
    if (!is_array || !whole) return std::nullopt;
    return page;
}

}  // namespace davenport::node
