#include "node/core/clients/cursor.hpp"

#include "node/base/http.hpp"

#include <algorithm>
#include <charconv>

namespace davenport::node {
namespace {

/// Takes the text before the next '|', or nothing when there is none.
std::optional<std::string_view> take(std::string_view& rest) {
    const auto bar = rest.find('|');
    if (bar == std::string_view::npos) return std::nullopt;
    const auto out = rest.substr(0, bar);
    rest.remove_prefix(bar + 1);
    return out;
}

}  // namespace

std::string Cursor::text() const {
    std::string out = gap ? "1g|" : "1|";
    out += journal + '|' + std::to_string(n) + '|' + generation + '|' + position + '|' + place;
    return base::base64url_encode(out);
}

std::optional<Cursor> Cursor::parse(std::string_view text) {
    const auto bytes = base::base64url_decode(text);
    if (!bytes) return std::nullopt;
    std::string_view rest{*bytes};
    const auto version = take(rest);
    const auto journal = take(rest);
    const auto n = take(rest);
    const auto generation = take(rest);
    const auto position = take(rest);
    if (!position || (*version != "1" && *version != "1g")) return std::nullopt;
    Cursor out{std::string{*journal}, 0, std::string{*generation}, std::string{rest}, std::string{*position},
               *version == "1g"};
    const auto [end, error] = std::from_chars(n->data(), n->data() + n->size(), out.n);
    if (error != std::errc{} || end != n->data() + n->size()) return std::nullopt;
    return out;
}

}  // namespace davenport::node
