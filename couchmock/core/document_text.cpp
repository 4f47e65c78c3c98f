#include "couchmock/core/document_text.hpp"

#include "couchmock/core/erlang_term.hpp"
#include "node/base/json.hpp"
#include "node/base/random.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include <boost/json/basic_parser_impl.hpp>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

/// Reading such a number takes time by the square of its length.
constexpr std::size_t integer_digits_max = 10'000;

/// Members that begin with '_' are for the store, but for the few that CouchDB's replicator keeps in its
/// documents.
bool is_special(std::string_view key) {
    static constexpr std::string_view ordinary[] = {"_access",
                                                    "_replication_id",
                                                    "_replication_state",
                                                    "_replication_state_reason",
                                                    "_replication_state_time",
                                                    "_replication_stats"};
    return key.starts_with('_') && std::ranges::find(ordinary, key) == std::end(ordinary);
}

/// Hears the parser's events and writes text and term side by side, so a document is read once and never
/// built as a tree.
class Writer {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using error = json::error_code;

    /// `as_document`: the top level is an object whose braces are left out and whose special members are put
    /// aside.
    Writer(DocumentText& out, bool as_document) : out_(out), as_document_(as_document) {
        members_.reserve(8);
        frames_.reserve(4);
    }

    bool on_document_begin(error&) { return true; }
    bool on_document_end(error&) { return true; }

    bool on_object_begin(error&) {
        begin_value();
        if (!at_top()) out_.body += '{';
        if (as_document_) erlang_term::append_tuple_head(out_.term, 1);
        open();
        return true;
    }
    bool on_object_end(std::size_t, error&) {
        const auto frame = close();
        drop_repeated(frame);
        const auto members = static_cast<std::uint32_t>(members_.size() - frame.first_member);
        members_.resize(frame.first_member);
        finish_list(frame, members);
        if (!at_top()) out_.body += '}';
        end_value();
        return true;
    }
    bool on_array_begin(error&) {
        begin_value();
        out_.body += '[';
        open();
        return true;
    }
    bool on_array_end(std::size_t count, error&) {
        const auto frame = close();
        if (!as_document_ ||
            !erlang_term::shorten_byte_list(out_.term, frame.term_begin, static_cast<std::uint32_t>(count)))
            finish_list(frame, static_cast<std::uint32_t>(count));
        out_.body += ']';
        end_value();
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, error&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t, error&) {
        text_.append(part.data(), part.size());
        auto& frame = frames_.back();
        Member member{out_.body.size(), 0, 0, out_.term.size(), 0, {}, base::fnv1a(text_), false};
        if (members_.size() != frame.first_member) out_.body += ',';
        member.text_begin = out_.body.size();
        member.key = text_;
        base::append_json_string(out_.body, text_);
        out_.body += ':';
        if (as_document_) {
            erlang_term::append_tuple_head(out_.term, 2);
            erlang_term::append_binary(out_.term, text_);
        }
        member.value_begin = out_.body.size();
        members_.push_back(std::move(member));
        text_.clear();
        after_key_ = true;
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, error&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(json::string_view part, std::size_t, error&) {
        begin_value();
        std::string_view whole{part.data(), part.size()};
        if (!text_.empty()) {
            text_ += whole;
            whole = text_;
        }
        base::append_json_string(out_.body, whole);
        if (as_document_) erlang_term::append_binary(out_.term, whole);
        text_.clear();
        end_value();
        return true;
    }
    bool on_number_part(json::string_view part, error&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_int64(std::int64_t value, json::string_view, error&) {
        begin_value();
        append_decimal(value);
        if (as_document_) erlang_term::append_integer(out_.term, value);
        end_value();
        return true;
    }
    bool on_uint64(std::uint64_t value, json::string_view, error&) {
        begin_value();
        append_decimal(value);
        if (as_document_) erlang_term::append_integer(out_.term, value);
        end_value();
        return true;
    }
    bool on_double(double nearby, json::string_view part, error& ec) {
        begin_value();
        text_.append(part.data(), part.size());
        if (text_.find_first_of(".eE") == std::string::npos) {  // an integer beyond 64 bits
            if (text_.size() > integer_digits_max) {
                ec = json::error::exponent_overflow;
                return false;
            }
            out_.body += text_;
            if (as_document_) erlang_term::append_big_integer(out_.term, text_);
        } else {
            // Boost.JSON 1.81 may be off by one unit in the last place; the text is not.
            double value = nearby;
            std::from_chars(text_.data(), text_.data() + text_.size(), value);
            if (!std::isfinite(nearby)) {
                ec = json::error::exponent_overflow;
                return false;
            }
            append_json_double(out_.body, value);
            if (as_document_) erlang_term::append_float(out_.term, value);
        }
        text_.clear();
        end_value();
        return true;
    }
    bool on_bool(bool value, error&) { return atom(value ? "true" : "false"); }
    bool on_null(error&) { return atom("null"); }
    bool on_comment_part(json::string_view, error&) { return true; }
    bool on_comment(json::string_view, error&) { return true; }

private:
    /// One key with its value, as it lies in both outputs.
    struct Member {
        std::size_t before, text_begin, value_begin, term_begin;
        std::size_t term_end;
        std::string key;
        std::uint64_t key_hash;
        bool repeated;
        std::size_t text_end = 0;
    };
    struct Frame {
        std::size_t term_begin;
        std::size_t first_member;
        bool is_member;  // the container is the value of a key
    };

    [[nodiscard]] bool at_top() const { return as_document_ && frames_.empty(); }

    void begin_value() {
        if (!after_key_ && !frames_.empty() && out_.body.back() != '[') out_.body += ',';
        value_is_member_ = after_key_;
        after_key_ = false;
    }
    void end_value() {
        if (!value_is_member_) return;
        auto& member = members_.back();
        member.text_end = out_.body.size();
        member.term_end = out_.term.size();
        value_is_member_ = false;
        if (as_document_ && frames_.size() == 1 && is_special(member.key)) put_aside();
    }
    void put_aside() {
        auto& member = members_.back();
        auto value = out_.body.substr(member.value_begin);
        auto same = std::ranges::find(out_.special, member.key, &std::pair<std::string, std::string>::first);
        if (same == out_.special.end())
            out_.special.emplace_back(std::move(member.key), std::move(value));
        else
            same->second = std::move(value);
        out_.body.resize(member.before);
        out_.term.resize(member.term_begin);
        members_.pop_back();
    }
    void open() {
        frames_.push_back({out_.term.size(), members_.size(), value_is_member_});
        value_is_member_ = false;
        if (as_document_) erlang_term::append_list_head(out_.term, 0);
    }
    Frame close() {
        const auto frame = frames_.back();
        frames_.pop_back();
        value_is_member_ = frame.is_member;
        return frame;
    }
    void finish_list(const Frame& frame, std::uint32_t count) {
        if (!as_document_) return;
        if (count == 0)
            out_.term.resize(frame.term_begin);
        else
            erlang_term::patch_list_count(out_.term, frame.term_begin, count);
        erlang_term::append_nil(out_.term);
    }
    bool atom(std::string_view name) {
        begin_value();
        out_.body += name;
        if (as_document_) erlang_term::append_atom(out_.term, name);
        end_value();
        return true;
    }
    void append_decimal(auto value) {
        char digits[24];
        out_.body.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
        text_.clear();
    }

    /// Of equal keys the last stays, in its place; the others are cut out of text and term.
    void drop_repeated(const Frame& frame) {
        const auto first = members_.begin() + static_cast<std::ptrdiff_t>(frame.first_member);
        if (members_.end() - first < 2 || !mark_repeated(first)) return;
        const auto text_start = first->text_begin;
        const auto term_start = first->term_begin;
        std::string text;
        std::string term;
        for (auto it = first; it != members_.end(); ++it) {
            if (it->repeated) continue;
            if (!text.empty()) text += ',';
            text.append(out_.body, it->text_begin, it->text_end - it->text_begin);
            term.append(out_.term, it->term_begin, it->term_end - it->term_begin);
        }
        out_.body.replace(text_start, std::string::npos, text);
        out_.term.replace(term_start, std::string::npos, term);
        members_.erase(std::remove_if(first, members_.end(), [](const Member& m) { return m.repeated; }),
                       members_.end());
    }
    bool mark_repeated(std::vector<Member>::iterator first) {
        bool any = false;
        if (members_.end() - first <= 16) {
            for (auto it = first; it != members_.end(); ++it)
                for (auto later = it + 1; later != members_.end() && !it->repeated; ++later)
                    if (it->key_hash == later->key_hash && it->key == later->key) any = it->repeated = true;
            return any;
        }
        std::unordered_map<std::string_view, Member*> seen;
        for (auto it = first; it != members_.end(); ++it) {
            auto [place, fresh] = seen.try_emplace(it->key, &*it);
            if (fresh) continue;
            any = place->second->repeated = true;
            place->second = &*it;
        }
        return any;
    }

    DocumentText& out_;
    const bool as_document_;
    std::string text_;  // a string or number that comes in parts
    std::vector<Frame> frames_;
    std::vector<Member> members_;  // of all open objects
    bool after_key_ = false;
    bool value_is_member_ = false;
};

bool parse(std::string_view text, DocumentText& out, bool as_document) {
    json::parse_options options;
    options.max_depth = 512;
    json::basic_parser<Writer> parser{options, out, as_document};
    json::error_code error;
    const auto used = parser.write_some(false, text.data(), text.size(), error);
    if (error || !parser.done()) return false;
    return std::ranges::all_of(text.substr(used),
                               [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
}

}  // namespace

const std::string* DocumentText::find_special(std::string_view name) const {
    for (const auto& [key, value] : special)
        if (key == name) return &value;
    return nullptr;
}

std::optional<ReadError> read_document(std::string_view text, DocumentText& out) {
    const auto begin = text.find_first_not_of(" \n\r\t");
    if (begin != std::string_view::npos && text[begin] == '{') {
        out.body.reserve(text.size());
        out.term.reserve(text.size() + 32);
        return parse(text, out, true) ? std::nullopt : std::optional{ReadError::invalid_json};
    }
    return compact_json(text) ? ReadError::no_object : ReadError::invalid_json;
}

std::optional<std::string> compact_json(std::string_view text) {
    DocumentText out;
    if (!parse(text, out, false)) return std::nullopt;
    return std::move(out.body);
}

void append_json_double(std::string& out, double value) {
    char digits[40];
    const auto* end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
    std::string_view text{digits, static_cast<std::size_t>(end - digits)};
    if (text.starts_with('-')) {
        if (value != 0) out += '-';
        text.remove_prefix(1);
    }
    const auto e = text.find('e');
    int exponent = 0;
    const auto* sign = text.data() + e + 1;
    std::from_chars(*sign == '+' ? sign + 1 : sign, text.data() + text.size(), exponent);
    std::string mantissa;
    for (const char c : text.substr(0, e))
        if (c != '.') mantissa += c;

    // As double-conversion lays it out for CouchDB: plain from 1e-6 up to 1e21, and always with a fraction or
    // an exponent.
    const auto count = static_cast<int>(mantissa.size());
    if (exponent >= -6 && exponent < 21) {
        if (exponent < 0) {
            out += "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + mantissa;
        } else if (exponent + 1 >= count) {
            out += mantissa + std::string(static_cast<std::size_t>(exponent + 1 - count), '0') + ".0";
        } else {
            const auto point = static_cast<std::size_t>(exponent) + 1;
            out += mantissa.substr(0, point) + '.' + mantissa.substr(point);
        }
        return;
    }
    out += mantissa.front();
    if (count > 1) out += '.' + mantissa.substr(1);
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(exponent < 0 ? -exponent : exponent);
}

}  // namespace davenport::couchmock
