#include "node/net/page.hpp"

#include "node/base/digest.hpp"
#include "node/base/random.hpp"
#include "node/net/page_bundle.hpp"
#include "node/net/page_files.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <zlib.h>

namespace davenport::node {
namespace {

struct Served {
    std::string type, content, packed, policy;
};

std::string_view type_of(std::string_view path) {
    if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
    if (path.ends_with(".css")) return "text/css; charset=utf-8";
    if (path.ends_with(".svg")) return "image/svg+xml";
    if (path.ends_with(".webmanifest")) return "application/manifest+json";
    return "text/html; charset=utf-8";
}

// Nothing from elsewhere, and nothing inline but what is named by its hash: what others wrote cannot become a
// script, whatever mistake the page makes.
std::string policy_with(std::string_view script, std::string_view style) {
    return fmt::format(
        "default-src 'none'; script-src 'self'{}; style-src 'self'{}; img-src 'self' data:; connect-src "
        "'self' ws: wss:; manifest-src 'self'; "
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        script, style);
}

std::string hash_source(std::string_view content) {
    return fmt::format(" 'sha256-{}'", base::base64_encode(base::sha256(content)));
}

std::string gzip(std::string_view content) {
    z_stream stream{};
    constexpr int window_bits_gzip = 15 + 16;
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits_gzip, 9, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        throw std::runtime_error("zlib cannot begin");
    std::string packed(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));  // zlib reads it only
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (!whole) throw std::runtime_error("zlib cannot end");
    return packed;
}

/// `text` with `made` in place of `element`, which index.html has once.
void replace(std::string& text, std::string_view element, std::string_view made) {
    const auto at = text.find(element);
    if (at == std::string::npos) throw std::runtime_error(fmt::format("index.html lacks {}", element));
    text.replace(at, element.size(), made);
}

/// index.html with its script and its style in it.
Served whole_page(std::string_view html, std::string_view style, std::string_view script) {
    for (const auto end : {"</script", "<!--"})
        if (script.find(end) != std::string_view::npos)
            throw std::runtime_error(fmt::format("the page's script must not hold {}", end));
    std::string content{html};
    replace(content, R"(<link rel="stylesheet" href="chat.css">)", fmt::format("<style>{}</style>", style));
    replace(content, R"(<script type="module" src="chat.js"></script>)",
            fmt::format("<script type=\"module\">{}</script>", script));
    return {std::string{type_of("/index.html")},
            content,
            {},
            policy_with(hash_source(script), hash_source(style))};
}

std::map<std::string, Served, std::less<>> make_all() {
    std::map<std::string, Served, std::less<>> all;
    for (const auto& [path, content] : page_files())
        all[std::string{path}] = {std::string{type_of(path)}, std::string{content}, {}, policy_with("", "")};
    all["/"] = whole_page(all.at("/index.html").content, all.at("/chat.css").content,
                          bundle_modules("/chat.js", page_files()));
    for (auto& [path, file] : all) file.packed = gzip(file.content);
    return all;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
    while (!accept_encoding.empty()) {
        const auto comma = std::min(accept_encoding.find(','), accept_encoding.size());
        auto one = accept_encoding.substr(0, comma);
        accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
        while (one.starts_with(' ') || one.starts_with('\t')) one.remove_prefix(1);
        if (!one.starts_with("gzip")) continue;
        one.remove_prefix(4);
        if (one.empty() || one.front() == ' ') return true;
        if (one.front() != ';') continue;
        const auto weight = one.find("q=");
        return weight == std::string_view::npos ||
               one.substr(weight + 2).find_first_of("123456789") != std::string_view::npos;
    }
    return false;
}

std::optional<base::HttpResponse> serve_page(const base::HttpRequest& request) {
    static const auto all = make_all();
    const auto found = all.find(std::string_view{request.target}.substr(0, request.target.find('?')));
    if (found == all.end()) return std::nullopt;
    if (request.method != "GET" && request.method != "HEAD")
        return base::HttpResponse{405, {{"Allow", "GET, HEAD"}}, {}};
    const auto& file = found->second;
    const bool packed = accepts_gzip(base::header(request.headers, "Accept-Encoding"));
    const auto tag = fmt::format("\"{:016x}{}\"", base::fnv1a(file.content), packed ? "-gzip" : "");
    base::HttpResponse response{200,
                                {{"Content-Type", file.type},
                                 {"Cache-Control", "no-cache"},
                                 {"ETag", tag},
                                 {"Vary", "Accept-Encoding"},
                                 {"Content-Security-Policy", file.policy},
                                 {"X-Content-Type-Options", "nosniff"},
                                 {"Referrer-Policy", "no-referrer"}},
                                {}};
    if (base::header(request.headers, "If-None-Match") == tag) {
        response.status = 304;
        return response;
    }
    if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = packed ? file.packed : file.content;
    return response;
}

}  // namespace davenport::node
