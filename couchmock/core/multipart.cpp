#include "couchmock/core/multipart.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

bool same_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
        return lower(x) == lower(y);
    });
}

base::Headers read_headers(std::string_view text) {
    base::Headers out;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = trimmed(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        out.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }
    return out;
}

}  // namespace

std::optional<std::string> header_parameter(std::string_view header, std::string_view name) {
    for (auto at = header.find(';'); at != std::string_view::npos;) {
        auto rest = header.substr(at + 1);
        const auto equals = rest.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const auto key = trimmed(rest.substr(0, equals));
        rest = rest.substr(equals + 1);
        std::string value;
        std::size_t used = 0;
        if (rest.starts_with('"')) {
            for (used = 1; used < rest.size() && rest[used] != '"'; ++used) {
                if (rest[used] == '\\' && used + 1 < rest.size()) ++used;
                value += rest[used];
            }
        } else {
            used = std::min(rest.find(';'), rest.size());
            value = trimmed(rest.substr(0, used));
        }
        if (same_without_case(key, name)) return value;
        const auto next = rest.find(';', used);
        at = next == std::string_view::npos ? next : header.size() - rest.size() + next;
    }
    return std::nullopt;
}

std::optional<std::string> boundary_of(std::string_view content_type) {
    auto boundary = header_parameter(content_type, "boundary");
    if (!boundary || boundary->empty()) return std::nullopt;
    return boundary;
}

std::optional<std::vector<BodyPart>> split_multipart(std::string_view body, std::string_view boundary) {
    const auto line = "--" + std::string{boundary};
    auto at = body.find(line);
    if (at == std::string_view::npos) return std::nullopt;
    std::vector<BodyPart> parts;
    for (;;) {
        at += line.size();
        if (body.substr(at).starts_with("--")) return parts;
        const auto begin = body.find('\n', at);
        if (begin == std::string_view::npos) return std::nullopt;
        const auto next = body.find("\r\n" + line, begin - 1);
        if (next == std::string_view::npos) return std::nullopt;
        auto part = next > begin ? body.substr(begin + 1, next - begin - 1) : std::string_view{};
        auto gap = part.find("\r\n\r\n");
        if (part.starts_with("\r\n")) {
            parts.push_back({{}, part.substr(2)});
        } else if (gap == std::string_view::npos) {
            parts.push_back({read_headers(part), {}});
        } else {
            parts.push_back({read_headers(part.substr(0, gap)), part.substr(gap + 4)});
        }
        at = next + 2;
    }
}

std::string write_related(std::string_view json, const std::vector<Attachment>& attachments,
                          std::uint64_t since_depth, std::string_view boundary) {
    auto out =
        fmt::format("--{}\r\nContent-Type: application/json\r\n\r\n{}\r\n--{}", boundary, json, boundary);
    for (const auto& attachment : attachments) {
        if (attachment.revpos <= since_depth) continue;
        out += fmt::format(
            "\r\nContent-Disposition: attachment; filename=\"{}\"\r\nContent-Type: {}\r\nContent-Length: "
            "{}\r\n",
            attachment.name, attachment.content_type, attachment.data->size());
        if (!attachment.encoding.empty()) out += "Content-Encoding: " + attachment.encoding + "\r\n";
        out += "\r\n" + *attachment.data + fmt::format("\r\n--{}", boundary);
    }
    return out + "--";
}

bool accepts(std::string_view accept, std::string_view type) {
    if (accept.empty()) return true;
    const auto family = std::string{type.substr(0, type.find('/'))} + "/*";
    while (!accept.empty()) {
        const auto comma = accept.find(',');
        const auto item = accept.substr(0, comma);
        accept = comma == std::string_view::npos ? std::string_view{} : accept.substr(comma + 1);
        const auto range = trimmed(item.substr(0, item.find(';')));
        if (range != type && range != family && range != "*/*") continue;
        const auto weight = header_parameter(item, "q");
        if (!weight || weight->find_first_not_of("0.") != std::string::npos) return true;
    }
    return false;
}

}  // namespace davenport::couchmock
