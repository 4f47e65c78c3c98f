#include "couchmock/faults/request_info.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace davenport::couchmock {
namespace {

/// POSTs that only ask.
bool only_asks(std::string_view last) {
    static constexpr std::array names{std::string_view{"_all_docs"},     std::string_view{"_changes"},
                                      std::string_view{"_bulk_get"},     std::string_view{"_find"},
                                      std::string_view{"_explain"},      std::string_view{"_revs_diff"},
                                      std::string_view{"_missing_revs"}, std::string_view{"_session"},
                                      std::string_view{"_dbs_info"},     std::string_view{"queries"}};
    return std::ranges::find(names, last) != names.end();
}

RequestInfo::Feed read_feed(const base::Target& target) {
    const auto* feed = target.find("feed");
    if (!feed || *feed == "normal") return RequestInfo::Feed::normal;
    if (*feed == "longpoll") return RequestInfo::Feed::longpoll;
    if (*feed == "eventsource") return RequestInfo::Feed::eventsource;
    return RequestInfo::Feed::continuous;
}

}  // namespace

RequestInfo describe(const base::HttpRequest& request, std::string_view client, bool with_headers) {
    RequestInfo info;
    info.method = request.method;
    info.client = client;
    if (with_headers) info.headers = request.headers;
    auto target = base::parse_target(request.target);
    if (!target || target->path.empty()) {
        info.path.assign(1, '/');
        return info;
    }
    const auto& path = target->path;
    for (const auto& piece : path) info.path += '/' + piece;
    if (!path.front().starts_with('_') || path.front() == "_users" || path.front() == "_replicator")
        info.database = path.front();
    if (path.size() > 1 && !info.database.empty()) {
        const bool in_folder = path.size() > 2 && (path[1] == "_local" || path[1] == "_design");
        if (in_folder)
            info.document = path[1] + '/' + path[2];
        else if (!path[1].starts_with('_') || path[1].find('/') != std::string::npos)
            info.document = path[1];
    }
    const std::size_t own_parts = info.document.starts_with("_design/") ? 3 : 2;
    info.reads_attachment = !info.document.empty() && !info.document.starts_with("_local/") &&
                            path.size() > own_parts && !path[own_parts].starts_with('_') &&
                            (info.method == "GET" || info.method == "HEAD");
    info.is_bulk = path.size() == 2 && path[1] == "_bulk_docs";
    info.writes = info.method == "PUT" || info.method == "DELETE" || info.method == "COPY" ||
                  (info.method == "POST" && !only_asks(path.back()));
    if (path.size() == 2 && path[1] == "_changes") {
        info.feed = read_feed(*target);
        info.since.assign(1, '0');
        if (const auto* since = target->find("since")) info.since = *since;
        if (const auto id = base::header(request.headers, "last-event-id");
            !id.empty() && info.feed == RequestInfo::Feed::eventsource)
            info.since = id;
        info.headers = request.headers;  // a rule may come while it is open
    }
    info.query = std::move(target->query);
    return info;
}

std::string with_since(std::string_view target, std::string_view since) {
    const auto question = target.find('?');
    std::string out{target.substr(0, question)};
    out += "?since=" + base::percent_encode(since);
    auto query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
    while (!query.empty()) {
        const auto amp = query.find('&');
        const auto pair = query.substr(0, amp);
        query = amp == std::string_view::npos ? std::string_view{} : query.substr(amp + 1);
        if (pair.empty() || pair.starts_with("since=") || pair.starts_with("last-event-id=")) continue;
        out += '&';
        out += pair;
    }
    return out;
}

bool matches_glob(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0;
    auto star = std::string_view::npos;
    std::size_t after_star = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            after_star = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++after_star;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace davenport::couchmock
