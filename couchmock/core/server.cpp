#include "couchmock/core/server.hpp"

#include "couchmock/core/accounts.hpp"
#include "couchmock/core/replication_jobs.hpp"
#include "couchmock/core/scripts.hpp"

#include <algorithm>
#include <charconv>

namespace davenport::couchmock {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

}  // namespace

void Bodies::send(ExchangeId exchange, std::string body) {
    auto& kept = bodies_[exchange];
    kept = {std::move(body), 0};
    next(exchange, kept);
}

bool Bodies::on_written(ExchangeId exchange) {
    const auto it = bodies_.find(exchange);
    if (it == bodies_.end()) return false;
    next(exchange, it->second);
    return true;
}

void Bodies::next(ExchangeId exchange, Body& body) {
    if (body.sent == body.bytes.size()) {
        bodies_.erase(exchange);
        effects_.emplace_back(RespondEnd{exchange});
        return;
    }
    if (body.sent == 0 && body.bytes.size() <= piece_bytes) {
        auto whole = std::move(body.bytes);
        body = {};
        effects_.emplace_back(RespondData{exchange, std::move(whole)});
        return;
    }
    auto piece = body.bytes.substr(body.sent, piece_bytes);
    body.sent += piece.size();
    effects_.emplace_back(RespondData{exchange, std::move(piece)});
}

Server::Server(MockConfig wanted)
    : config(std::move(wanted)),
      cluster(config.members),
      random(base::Random::stream(config.seed, "store")),
      uuids(base::Random::stream(config.seed, "uuids")),
      request_ids(base::Random::stream(config.seed, "request ids")),
      scripts(std::make_unique<Scripts>()),
      remote_replications(std::make_unique<ReplicationJobs>(*this)) {
    uuid = new_uuid();
    cookie_secret = new_uuid();
}

Server::~Server() = default;

std::string_view Server::setting(std::string_view section, std::string_view key) const {
    const auto group = settings.find(std::string{section});
    if (group == settings.end()) return {};
    const auto it = group->second.find(std::string{key});
    return it == group->second.end() ? std::string_view{} : std::string_view{it->second};
}

bool Server::setting_is(std::string_view section, std::string_view key, bool otherwise) const {
    const auto value = setting(section, key);
    return value == "true" ? true : value == "false" ? false : otherwise;
}

std::int64_t Server::setting_number(std::string_view section, std::string_view key,
                                    std::int64_t otherwise) const {
    const auto text = setting(section, key);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : otherwise;
}

std::string_view Server::users_database() const {
    for (const auto* section : {"chttpd_auth", "couch_httpd_auth"})
        if (const auto name = setting(section, "authentication_db"); !name.empty()) return name;
    return "_users";
}

int Server::password_iterations() const {
    const auto older = setting_number("couch_httpd_auth", "iterations", couchmock::password_iterations);
    return static_cast<int>(
        std::clamp<std::int64_t>(setting_number("chttpd_auth", "iterations", older), 1, 1'000'000));
}

bool Server::has_admins() const {
    if (!config.admin_user.empty()) return true;
    const auto it = settings.find("admins");
    return it != settings.end() && !it->second.empty();
}

void Server::apply_settings() {
    const auto bytes = [&](std::string_view key, std::int64_t otherwise) {
        return static_cast<std::size_t>(std::max<std::int64_t>(setting_number("couchdb", key, otherwise), 0));
    };
    javascript::Limits limits;
    limits.time_max = std::chrono::milliseconds{
        std::max<std::int64_t>(setting_number("couchdb", "os_process_timeout", limits.time_max.count()), 1)};
    scripts->set_limits(limits);
    if (const auto set = setting("couchdb", "uuid"); !set.empty()) uuid = set;
    if (const auto set = setting("chttpd_auth", "secret"); !set.empty()) cookie_secret = set;
    Compression compression;
    const auto level = setting_number("attachments", "compression_level", compression.level);
    if (level >= 0 && level <= 9) compression.level = static_cast<int>(level);
    if (const auto types = setting("attachments", "compressible_types"); !types.empty())
        compression.set_types(types);
    for (const auto& [name, database] : databases) {
        database->compression = compression;
        database->keeps_users = name == "_users" || name == users_database();
        database->document_bytes_max = bytes("max_document_size", 8'000'000);
        database->attachment_bytes_max = bytes("max_attachment_size", 1'073'741'824);
    }
}

Database* Server::find(std::string_view name) const {
    const auto it = databases.find(name);
    return it == databases.end() ? nullptr : it->second.get();
}

Database& Server::database(std::string_view name) const {
    auto* found = find(name);
    if (!found) throw not_found("Database does not exist.");
    return *found;
}

Database& Server::adopt(Database::Settings wanted) {
    auto name = wanted.name;
    auto made = std::make_unique<Database>(std::move(wanted), base::Random{random.next()});
    made->keeps_users = name == "_users" || name == users_database();
    if (keeps_records) {
        made->track_changes();
        made->note_settings();
    }
    if (cluster.is_cluster()) made->make_copies(cluster.up());
    if (const auto* replaced = find(name)) scripts->forget(*replaced);
    auto& kept = *databases.insert_or_assign(std::move(name), std::move(made)).first->second;
    if (!settings.empty()) apply_settings();
    return kept;
}

Database& Server::create(std::string name, int shards, bool partitioned, base::Now now) {
    auto& made = adopt({std::move(name), shards, partitioned, base::unix_ms(now.wall) / 1000});
    const auto rule = setting("couchdb", "default_security");
    if (rule == "everyone" || rule == "admin_local") made.security = "{}";
    return made;
}

void Server::drop(std::string_view name, base::Now now) {
    const auto it = databases.find(name);
    feeds.end_all(*it->second, now);
    scripts->forget(*it->second);
    std::erase(changed, it->second.get());
    if (keeps_records) dropped.emplace_back(name);
    databases.erase(it);
}

void Server::note_change(Database& database) {
    if (std::ranges::find(changed, &database) == changed.end()) changed.push_back(&database);
}

void Server::note_change_again(Database& database, std::size_t place) {
    const auto from = changed.begin() + static_cast<std::ptrdiff_t>(std::min(place + 1, changed.size()));
    if (std::find(from, changed.end(), &database) == changed.end()) changed.push_back(&database);
}

void Server::send_chunked(Call& call, std::string body, base::Headers headers) {
    if (call.is_head()) {  // CouchDB makes no list only to count its bytes
        call.respond_empty(200, std::move(headers));
        return;
    }
    call.begin_chunked(200, std::move(headers));
    bodies.send(call.exchange(), std::move(body));
}

std::string Server::new_uuid() { return random.uuid(); }

std::string Server::new_document_id(base::Now now) {
    return uuids.next(setting("uuids", "algorithm"), setting("uuids", "utc_id_suffix"), now.wall);
}

std::string Server::request_id(std::string_view wanted) {
    const bool usable =
        !wanted.empty() && wanted.size() <= 36 &&
        wanted.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
            std::string_view::npos;
    if (usable) return std::string{wanted};
    static constexpr char digits[] = "0123456789abcdef";
    std::string out(10, '0');
    auto number = request_ids.next();
    for (auto& digit : out) {
        digit = digits[number & 15];
        number >>= 4;
    }
    return out;
}

}  // namespace davenport::couchmock
