#include "node/core/store/couchdb/feed_parser.hpp"

#include "node/base/change.hpp"
#include "node/base/json_view.hpp"
#include "node/core/store/couchdb/note_documents.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <boost/json/basic_parser_impl.hpp>

namespace davenport::node {
namespace {

constexpr std::size_t line_bytes_max = 16 * 1024 * 1024;  // twice the store's own bound for a document

/// A seq is a string; a CouchDB of long ago, and the mocks of today, have numbers. False, and `into` as it
/// was, when there is none.
bool read_seq(const base::JsonView& row, std::string_view key, std::string& into) {
    const auto seq = row.member(key);
    if (!seq || seq->is_null()) return false;
    const auto text = seq->string();
    if (text && text->empty()) return true;  // no place: the one before stands
    into = text ? std::string{*text} : seq->text();
    return true;
}

/// Takes what a parser tells, and keeps nothing.
struct Ignore {
    static constexpr std::size_t max_object_size = std::size_t(-1), max_array_size = std::size_t(-1),
                                 max_key_size = std::size_t(-1), max_string_size = std::size_t(-1);
    using Error = boost::json::error_code;
    using Text = boost::json::string_view;
    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return true; }
    bool on_object_end(std::size_t, Error&) { return true; }
    bool on_array_begin(Error&) { return true; }
    bool on_array_end(std::size_t, Error&) { return true; }
    bool on_key_part(Text, std::size_t, Error&) { return true; }
    bool on_key(Text, std::size_t, Error&) { return true; }
    bool on_string_part(Text, std::size_t, Error&) { return true; }
    bool on_string(Text, std::size_t, Error&) { return true; }
    bool on_number_part(Text, Error&) { return true; }
    bool on_int64(std::int64_t, Text, Error&) { return true; }
    bool on_uint64(std::uint64_t, Text, Error&) { return true; }
    bool on_double(double, Text, Error&) { return true; }
    bool on_bool(bool, Error&) { return true; }
    bool on_null(Error&) { return true; }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }
};

/// Whether a text is JSON, however deep and with whatever numbers; keeps nothing of it.
bool is_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = std::size_t(-1);
    boost::json::basic_parser<Ignore> parser{options};
    Ignore::Error error;
    return parser.write_some(false, text.data(), text.size(), error) == text.size() && !error &&
           parser.done();
}

/// The string that stands first in `text` after `lead`; nothing when it has an escape, or is none.
std::optional<std::string_view> string_after(std::string_view text, std::string_view lead) {
    const auto at = text.find(lead);
    if (at == std::string_view::npos) return std::nullopt;
    const auto rest = text.substr(at + lead.size());
    const auto end = rest.find_first_of("\"\\");
    if (end == std::string_view::npos || rest[end] != '"') return std::nullopt;
    return rest.substr(0, end);
}

/// A row that is JSON and that our reader cannot take (a number of a thousand digits, a nesting of a thousand
/// levels): where it stands and what it is of, so that the feed goes on after it. CouchDB writes `seq` and
/// `id` first.
struct SkippedRow {
    std::string_view seq, id;
};
std::optional<SkippedRow> skip_row(std::string_view line) {
    if (!line.starts_with("{\"seq\":\"") || !is_json(line)) return std::nullopt;
    const auto seq = string_after(line, "{\"seq\":\"");
    if (!seq) return std::nullopt;
    return SkippedRow{*seq, string_after(line, "\",\"id\":\"").value_or("(unknown)")};
}

/// By the revisions that the row tells of.
bool was_written_again(const base::JsonView& row) {
    std::uint64_t number = 0;
    std::size_t leaves = 0;
    if (const auto changes = row.member("changes"))
        changes->each_item([&](const base::JsonView& change) {
            const auto revision = base::string_member(change, "rev").value_or("");
            number = std::max(number, base::revision_number(revision));
            ++leaves;
        });
    return number > 1 || leaves > 1;
}

/// The winning one, as a row tells it.
std::string revision_of(const base::JsonView& row) {
    std::string out;
    if (const auto changes = row.member("changes"))
        changes->each_item([&](const base::JsonView& change) {
            if (out.empty()) out = base::text_member(change, "rev");
        });
    return out;
}

std::optional<FeedRow> read_row(const base::JsonView& row, base::WallTime seen) {
    static constexpr std::array<std::string_view, 3> keys{"id", "deleted", "doc"};
    const auto [its_id, deleted, document] = row.members(keys);
    const auto id = base::string_of(its_id);
    if (!id) return std::nullopt;
    FeedRow out{std::string{*id}, std::nullopt, base::is_true(deleted), {}};
    const bool is_policy = base::is_policy_id(*id);
    if (is_policy) out.revision = revision_of(row);
    if (out.deleted) {
        if (id->starts_with(note_id_lead))
            out.note = StoreNote{std::string{id->substr(note_id_lead.size())}, {}, {}, true};
        return out;
    }
    if (!document) {
        out.changed = was_written_again(row);
    } else if (id->starts_with(base::presence_id_lead)) {
        out.presence = base::read_presence(*document);
    } else if (id->starts_with(note_id_lead)) {
        out.note = read_note_document(*id, *document);
    } else if (is_policy) {
        out.policy = base::read_policy(*id, *document);
    } else {
        out.message = base::from_document(*document, seen);
        out.no_message = !out.message && document->is_object();
        out.in_conflict = document->is_object() && document->member("_conflicts").has_value();
    }
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
    if (!value) {
        const auto row = skip_row(line);
        if (!row) return false;
        result.seq = row->seq;
        result.skipped.emplace_back(row->id);
        return true;
    }
    auto row = read_row(*value, seen);
    if (!row) return read_seq(*value, "last_seq", result.seq);
    read_seq(*value, "seq", result.seq);
    result.rows.push_back(std::move(*row));
    return true;
}

namespace {

/// A page of which some row cannot be read: line by line, as CouchDB writes it.
std::optional<FeedPage> read_lines(std::string_view body, base::WallTime seen) {
    constexpr std::string_view head = "{\"results\":[", foot = "],", last = "\"last_seq\":\"";
    if (!body.starts_with(head)) return std::nullopt;
    const auto end = body.rfind(last);
    const auto last_seq = end == std::string_view::npos ? std::nullopt : string_after(body.substr(end), last);
    if (!last_seq) return std::nullopt;
    FeedPage page;
    page.last_seq = *last_seq;
    base::JsonReader reader;
    body = body.substr(head.size(), end - head.size());
    while (!body.empty()) {
        const auto newline = std::min(body.find('\n'), body.size());
        auto line = body.substr(0, newline);
        body.remove_prefix(std::min(newline + 1, body.size()));
        while (line.ends_with('\r') || line.ends_with(',')) line.remove_suffix(1);
        if (line.empty() || line == foot.substr(0, 1)) continue;
        const auto value = reader.read(line);
        auto row = value ? read_row(*value, seen) : std::nullopt;
        if (row) {
            page.rows.push_back(std::move(*row));
        } else if (const auto skipped = skip_row(line)) {
            page.skipped.emplace_back(skipped->id);
        } else {
            return std::nullopt;
        }
    }
    return page;
}

}  // namespace

std::optional<FeedPage> read_feed_page(std::string_view body, base::WallTime seen) {
    base::JsonReader reader;
    const auto value = reader.read(body);
    if (!value) return read_lines(body, seen);
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
    const auto pending = base::int_member(*value, "pending").value_or(0);
    page.pending = static_cast<std::uint64_t>(std::max<std::int64_t>(pending, 0));
    return page;
}

}  // namespace davenport::node
