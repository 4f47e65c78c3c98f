#include "couchmock/core/server.hpp"

#include <algorithm>

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
    : config(std::move(wanted)), random(base::Random::stream(config.seed, "store")) {
    uuid = new_uuid();
    cookie_secret = new_uuid();
}

std::string_view Server::setting(std::string_view section, std::string_view key) const {
    const auto group = settings.find(std::string{section});
    if (group == settings.end()) return {};
    const auto it = group->second.find(std::string{key});
    return it == group->second.end() ? std::string_view{} : std::string_view{it->second};
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
    if (keeps_records) {
        made->track_changes();
        made->note_settings();
    }
    return *databases.insert_or_assign(std::move(name), std::move(made)).first->second;
}

Database& Server::create(std::string name, int shards, bool partitioned, base::Now now) {
    return adopt({std::move(name), shards, partitioned, base::unix_ms(now.wall) / 1000});
}

void Server::drop(std::string_view name, base::Now now) {
    const auto it = databases.find(name);
    feeds.end_all(*it->second, now);
    std::erase(changed, it->second.get());
    if (keeps_records) dropped.emplace_back(name);
    databases.erase(it);
}

void Server::note_change(Database& database) {
    if (std::ranges::find(changed, &database) == changed.end()) changed.push_back(&database);
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

}  // namespace davenport::couchmock
