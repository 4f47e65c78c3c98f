#include "node/core/store/couchdb/store_api.hpp"

#include "node/base/json.hpp"
#include "node/base/json_view.hpp"

namespace davenport::node {
namespace {

/// "/" and the one path segment that `name` makes.
std::string segment(std::string_view name) {
    std::string out{'/'};
    out += base::percent_encode(name);
    return out;
}

std::string keys_of(std::span<const std::string> ids) {
    std::string body = "{\"keys\":[";
    for (const auto& id : ids) {
        if (body.back() != '[') body += ',';
        base::append_json_string(body, id);
    }
    return body + "]}";
}

/// As `startkey` and `endkey` have it.
std::string key_of(std::string_view id) {
    std::string json;
    base::append_json_string(json, id);
    return base::percent_encode(json);
}
/// The last of all ids that begin with `lead`.
std::string key_after(std::string_view lead) { return key_of(std::string{lead} + "\xef\xbf\xb0"); }

/// Documents tell of what replication left beside them, and rows without documents name it.
constexpr const char* in_conflict = "&conflicts=true";
constexpr const char* all_leaves = "&style=all_docs";

std::string milliseconds(base::Duration d) { return std::to_string(d.count() / 1000); }

}  // namespace

base::HttpRequest StoreApi::request(std::string method, std::string_view path_and_query,
                                    std::string body) const {
    auto target = segment(stores_[in_use_].database);
    target += path_and_query;
    return server_request(std::move(method), std::move(target), std::move(body));
}

base::HttpRequest StoreApi::server_request(std::string method, std::string target, std::string body) const {
    base::HttpRequest r;
    r.method = std::move(method);
    r.target = std::move(target);
    const auto& store = stores_[in_use_];
    r.headers.emplace_back("Accept", "application/json");
    if (!body.empty()) r.headers.emplace_back("Content-Type", "application/json");
    if (!store.authorization.empty()) r.headers.emplace_back("Authorization", store.authorization);
    r.body = std::move(body);
    return r;
}

base::HttpRequest StoreApi::get_generation() const { return request("GET", "/_local/davenport"); }

base::HttpRequest StoreApi::put_generation(const base::Generation& generation, std::string_view version,
                                           std::string_view again) const {
    std::string body = "{" + std::string{version} + ",\"generation\":";
    base::append_json_string(body, generation);
    if (!again.empty()) base::append_json_string(body += ",\"again\":", again);
    return request("PUT", "/_local/davenport", body + "}");
}

base::HttpRequest StoreApi::get_database() const { return request("GET", ""); }

base::HttpRequest StoreApi::get_shards() const { return request("GET", "/_shards"); }

base::HttpRequest StoreApi::make_database() const { return request("PUT", "?q=1"); }

base::HttpRequest StoreApi::check_password(std::string_view name, std::string_view password) {
    std::string body = "{\"name\":";
    base::append_json_string(body, name);
    body += ",\"password\":";
    base::append_json_string(body, password);
    return {"POST",
            "/_session",
            {{"Accept", "application/json"}, {"Content-Type", "application/json"}},
            body + "}"};
}

base::HttpRequest StoreApi::get_security() const { return request("GET", "/_security"); }

base::HttpRequest StoreApi::get_users(const std::vector<std::string>& names) const {
    std::string body = "{\"keys\":[";
    for (const auto& name : names) {
        if (body.back() != '[') body += ',';
        base::append_json_string(body, "org.couchdb.user:" + name);
    }
    return server_request("POST", "/_users/_all_docs?include_docs=true", body + "]}");
}

base::HttpRequest StoreApi::documents_of(std::string_view lead, std::size_t limit) const {
    return request("GET", "/_all_docs?include_docs=true&limit=" + std::to_string(limit) +
                              "&startkey=" + key_of(lead) + "&endkey=" + key_after(lead));
}

base::HttpRequest StoreApi::get_document(std::string_view id) const { return request("GET", segment(id)); }

base::HttpRequest StoreApi::get_revisions(std::string_view id) const {
    return request("GET", segment(id) + "?revs_info=true");
}

base::HttpRequest StoreApi::get_leaves(std::string_view id) const {
    return request("GET", segment(id) + "?open_revs=all");
}

base::HttpRequest StoreApi::put_document(std::string_view id, std::string document) const {
    return request("PUT", segment(id), std::move(document));
}

base::HttpRequest StoreApi::delete_document(std::string_view id, std::string_view revision) const {
    return request("DELETE", segment(id) + "?rev=" + base::percent_encode(revision));
}

base::HttpRequest StoreApi::bulk_documents(const std::vector<std::string_view>& documents) const {
    std::string body = "{\"docs\":[";
    std::size_t bytes = 16;
    for (const auto d : documents) bytes += d.size() + 1;
    body.reserve(bytes);
    for (std::size_t i = 0; i < documents.size(); ++i) {
        if (i != 0) body += ',';
        body += documents[i];
    }
    body += "]}";
    return request("POST", "/_bulk_docs", std::move(body));
}

base::HttpRequest StoreApi::purged() const { return request("GET", "/_purged_infos"); }

base::HttpRequest StoreApi::all_documents(const std::vector<std::string>& ids, bool documents) const {
    return request("POST", documents ? "/_all_docs?include_docs=true&conflicts=true" : "/_all_docs",
                   keys_of(ids));
}

base::HttpRequest StoreApi::documents_after(std::string_view after, std::string_view lead,
                                            std::size_t limit) const {
    std::string target = "/_all_docs?include_docs=true&conflicts=true&limit=" + std::to_string(limit);
    if (!after.empty())
        target += "&startkey=" + key_of(std::string{after} + '\0');  // the next id that there can be
    else if (!lead.empty())
        target += "&startkey=" + key_of(lead);
    if (!lead.empty()) target += "&endkey=" + key_after(lead);
    return request("GET", target);
}

base::HttpRequest StoreApi::compact() const { return request("POST", "/_compact", "{}"); }

base::HttpRequest StoreApi::newest_documents(std::string_view room, std::string_view before,
                                             std::size_t limit) const {
    const auto key = [&](std::string_view letters) {
        std::string json;
        base::append_json_string(json, std::string{room} + ':' + std::string{letters});
        return base::percent_encode(json);
    };
    // Letters are capitals and digits, so that '~' is above all of them.
    return request(
        "GET", "/_all_docs?include_docs=true&descending=true&startkey=" + key(before.empty() ? "~" : before) +
                   "&endkey=" + key("") + "&limit=" + std::to_string(limit));
}

base::HttpRequest StoreApi::changes_page(std::string_view since, std::size_t limit, bool documents) const {
    return request("GET", std::string{"/_changes?feed=normal"} + (documents ? "&include_docs=true" : "") +
                              "&limit=" + std::to_string(limit) + "&since=" + base::percent_encode(since) +
                              (documents ? in_conflict : all_leaves));
}

base::HttpRequest StoreApi::changes_newest(std::size_t limit) const {
    return request("GET", "/_changes?feed=normal&include_docs=true&descending=true&limit=" +
                              std::to_string(limit) + in_conflict);
}

base::HttpRequest StoreApi::changes_longpoll(std::string_view since, base::Duration heartbeat,
                                             std::size_t limit) const {
    return request("GET", "/_changes?feed=longpoll&include_docs=true&heartbeat=" + milliseconds(heartbeat) +
                              "&limit=" + std::to_string(limit) + "&since=" + base::percent_encode(since) +
                              in_conflict);
}

base::HttpRequest StoreApi::changes_continuous(std::string_view since, base::Duration heartbeat) const {
    return request("GET", "/_changes?feed=continuous&include_docs=true&heartbeat=" + milliseconds(heartbeat) +
                              "&since=" + base::percent_encode(since) + in_conflict);
}

StoreVerdict judge(const base::HttpResponse& response) {
    switch (response.status) {
        case 401:
        case 403:
            return StoreVerdict::denied;
        case 404: {
            const auto body = base::parse_json(response.body);
            const auto reason = body ? base::string_member(*body, "reason").value_or("") : std::string_view{};
            if (reason == "missing" || reason == "deleted") return StoreVerdict::served;
            if (reason == "no_db_file" || reason.starts_with("Database does not exist"))
                return StoreVerdict::missing_database;
            return StoreVerdict::trouble;
        }
        case 200:
        case 201:
        case 202:
        case 400:
        case 409:
        case 413:
            return StoreVerdict::served;
        default:
            return StoreVerdict::trouble;
    }
}

std::optional<std::vector<BulkRow>> read_bulk_answer(std::string_view body) {
    base::JsonReader reader;
    const auto parsed = reader.read(body);
    if (!parsed) return std::nullopt;
    std::vector<BulkRow> out;
    const bool is_answer = parsed->each_item([&](const base::JsonView& row) {
        const auto id = base::string_member(row, "id");
        if (!id) return;
        const auto error = base::string_member(row, "error");
        const auto reason = base::string_member(row, "reason").value_or("");
        auto outcome = BulkRow::Outcome::unknown;
        if (!error) {
            if (base::string_member(row, "rev") || base::bool_member(row, "ok"))
                outcome = BulkRow::Outcome::stored;
        } else if (*error == "conflict") {
            outcome = BulkRow::Outcome::stored;
        } else if (*error == "forbidden" || *error == "unauthorized" || *error == "doc_validation" ||
                   *error == "too_large" || *error == "document_too_large") {
            outcome = BulkRow::Outcome::refused;
        }
        out.push_back({std::string{*id}, outcome, std::string{reason}, error == "conflict",
                       base::text_member(row, "rev")});
    });
    if (!is_answer) return std::nullopt;
    return out;
}

std::optional<std::set<std::string, std::less<>>> read_purged(const base::HttpResponse& response) {
    std::set<std::string, std::less<>> out;
    if (judge(response) == StoreVerdict::missing_database) return std::nullopt;  // for a moment, or for good
    if (response.status == 400 || response.status == 404 || response.status == 405)
        return out;  // a store without that knowledge
    base::JsonReader reader;
    const auto parsed = response.status == 200 ? reader.read(response.body) : std::nullopt;
    const auto infos = parsed ? parsed->member("purged_infos") : std::nullopt;
    const bool is_answer = infos && infos->each_item([&](const base::JsonView& info) {
        if (const auto id = base::string_member(info, "id")) out.emplace(*id);
    });
    if (!is_answer) return std::nullopt;
    return out;
}

std::string reason_of(const base::HttpResponse& response) {
    auto out = "status " + std::to_string(response.status);
    if (const auto body = base::parse_json(response.body))
        if (const auto reason = base::string_member(*body, "reason")) (out += ", ") += *reason;
    return out;
}

}  // namespace davenport::node
