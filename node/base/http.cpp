#include "node/base/http.hpp"

#include "node/base/text.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace davenport::base {
namespace {

bool unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const std::pair<std::string, std::string>* find_header(const Headers& headers, std::string_view name) {
    auto it =
        std::ranges::find_if(headers, [&](const auto& h) { return equal_ignoring_case(h.first, name); });
    return it == headers.end() ? nullptr : &*it;
}

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
    const auto* found = find_header(headers, name);
    return found ? std::string_view{found->second} : std::string_view{};
}

bool has_header(const Headers& headers, std::string_view name) {
    return find_header(headers, name) != nullptr;
}

void erase_header(Headers& headers, std::string_view name) {
    std::erase_if(headers, [&](const auto& header) { return equal_ignoring_case(header.first, name); });
}

std::string percent_encode(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + 8);
    for (char c : text) {
        if (unreserved(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

const std::string* Target::find(std::string_view name) const {
    for (auto it = query.rbegin(); it != query.rend(); ++it)
        if (it->first == name) return &it->second;
    return nullptr;
}

std::optional<Target> parse_target(std::string_view target) {
    Target out;
    const auto question = target.find('?');
    auto path = target.substr(0, question);
    while (!path.empty()) {
        path.remove_prefix(path.front() == '/' ? 1 : 0);
        const auto slash = path.find('/');
        const auto piece = path.substr(0, slash);
        if (!piece.empty()) {
            auto decoded = percent_decode(piece);
            if (!decoded) return std::nullopt;
            out.path.push_back(std::move(*decoded));
        }
        path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
    }
    auto query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
    while (!query.empty()) {
        const auto amp = query.find('&');
        const auto pair = query.substr(0, amp);
        query = amp == std::string_view::npos ? std::string_view{} : query.substr(amp + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = equals == std::string_view::npos ? std::optional<std::string>{std::string{}}
                                                      : percent_decode(pair.substr(equals + 1), true);
        if (!name || !value) return std::nullopt;
        out.query.emplace_back(std::move(*name), std::move(*value));
    }
    return out;
}

std::string base64_encode(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP writes a closing NUL
    const int n =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(n));
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return std::string{};
    std::string out(text.size() / 4 * 3, '\0');
    const int n =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (n < 0) return std::nullopt;
    const auto padding = static_cast<std::size_t>(text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0);
    out.resize(static_cast<std::size_t>(n) - padding);
    return out;
}

std::string base64url_encode(std::string_view bytes) {
    auto out = base64_encode(bytes);
    while (out.ends_with('=')) out.pop_back();
    std::ranges::replace(out, '+', '-');
    std::ranges::replace(out, '/', '_');
    return out;
}

std::optional<std::string> base64url_decode(std::string_view text) {
    std::string padded{text};
    std::ranges::replace(padded, '-', '+');
    std::ranges::replace(padded, '_', '/');
    while (padded.size() % 4 != 0) padded += '=';
    return base64_decode(padded);
}

std::string basic_authorization(std::string_view user, std::string_view password) {
    std::string pair{user};
    pair += ':';
    pair += password;
    return "Basic " + base64_encode(pair);
}

std::string http_date(WallTime wall, char between) {
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(wall);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(wall - day)};
    return fmt::format(
        "{}, {:02}{}{}{}{:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday{day}.c_encoding()],
        static_cast<unsigned>(date.day()), between, months[static_cast<unsigned>(date.month()) - 1], between,
        static_cast<int>(date.year()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace davenport::base
