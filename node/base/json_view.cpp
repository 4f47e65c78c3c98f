#include "node/base/json_view.hpp"

#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::base {
namespace {

constexpr std::size_t kept_bytes_max =
    1 << 20;  // what a page of a thousand rows needed is not kept for rows that come one by one

}  // namespace

std::string JsonView::text() const { return simdjson::minify(element_); }

std::optional<JsonView> JsonReader::read(std::string_view text) {
    if (const auto view = parse(text)) return view;
    // A number beyond 64 bits is JSON, and CouchDB keeps it, but this parser does not: the other one makes
    // the nearest double of it.
    const auto value = parse_json(text);
    return value ? parse(write_json(*value)) : std::nullopt;
}

std::optional<JsonView> JsonReader::parse(std::string_view text) {
    if (parser_.capacity() > kept_bytes_max && text.size() <= kept_bytes_max) {
        parser_ = simdjson::dom::parser{};
        padded_bytes_ = 0;
    }
    if (const auto needed = text.size() + simdjson::SIMDJSON_PADDING; padded_bytes_ < needed) {
        padded_bytes_ = std::max(needed, 2 * padded_bytes_);
        padded_ = std::make_unique_for_overwrite<char[]>(padded_bytes_);
    }
    text.copy(padded_.get(), text.size());
    simdjson::dom::element root;
    if (parser_.parse(padded_.get(), text.size(), false).get(root) != simdjson::SUCCESS) return std::nullopt;
    return JsonView{root};
}

}  // namespace davenport::base
