#include "node/core/clients/cursor.hpp"

#include "node/base/digest.hpp"
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

std::string mark_of(std::string_view id) {
    constexpr std::size_t bytes = 6;
    return id.empty() ? std::string{} : base::base64url_encode(base::sha256(id).substr(0, bytes));
}

std::string Cursor::text() const {
    std::string out = gap ? "2g|" : "2|";
    out += journal + '|' + std::to_string(n) + '|' + run + '|' + mark + '|' + generation + '|' + position +
           '|' + place;
    return base::base64url_encode(out);
}

std::optional<Cursor> Cursor::parse(std::string_view text) {
    const auto bytes = base::base64url_decode(text);
    if (!bytes) return std::nullopt;
    std::string_view rest{*bytes};
    const auto version = take(rest);
    const auto journal = take(rest);
    const auto n = take(rest);
    // Version 1 did not know that a journal can go back.
    const bool has_run = version && version->starts_with('2');
    const auto run = has_run ? take(rest) : std::string_view{};
    const auto mark = has_run ? take(rest) : std::string_view{};
    const auto generation = take(rest);
    const auto position = take(rest);
    if (!position || (*version != "1" && *version != "1g" && *version != "2" && *version != "2g"))
        return std::nullopt;
    Cursor out{std::string{*journal},    0,
               std::string{*generation}, std::string{rest},
               std::string{*position},   version->ends_with('g'),
               std::string{*run},        std::string{*mark}};
    const auto [end, error] = std::from_chars(n->data(), n->data() + n->size(), out.n);
    if (error != std::errc{} || end != n->data() + n->size()) return std::nullopt;
    return out;
}

}  // namespace davenport::node
