#include "sim/virtual/store.hpp"

#include "sim/virtual/parts.hpp"

#include <utility>

#include <fmt/format.h>

namespace davenport::sim::virtual_world {
namespace {

/// Most bodies come in one piece.
void append(std::string& body, std::string&& bytes) {
    if (body.empty())
        body = std::move(bytes);
    else
        body += bytes;
}

/// The body's bytes in what a cut connection left behind: what follows the size line of a broken chunk.
std::string body_of_partial_chunk(const std::string& partial) {
    const auto line = partial.find("\r\n");
    return line == std::string::npos ? std::string{} : partial.substr(line + 2);
}

/// Each has a uuid of its own.
std::uint64_t seed_of(std::uint64_t seed, std::uint32_t index) {
    return index == 0 ? seed : base::Random::stream(seed, fmt::format("store s{}", index + 1)).next();
}

}  // namespace

Store::Store(Parts& parts, std::uint32_t index)
    : parts_{parts},
      index_{index},
      mock_{couchmock::MockConfig{.admin_user = {},
                                  .admin_password = {},
                                  .seed = seed_of(parts.plan.seed, index),
                                  .default_shards = parts.scenario.topology.shards,
                                  .members = parts.scenario.topology.members}} {}

Node& Store::node_of(const Exchange& exchange) { return parts_.nodes[exchange.node]; }

Store::Exchange* Store::find(couchmock::ExchangeId id) {
    const auto found = exchanges_.find(id);
    return found == exchanges_.end() ? nullptr : &found->second;
}

/// Requests come on connections of their own: only an answer's pieces have an order.
void Store::send_up(Node& from, couchmock::Event event, std::size_t bytes) {
    from.to_store(index_).send(Way::up, bytes, ToStore{std::move(event), index_});
}

// ---------------------------------------------------------------- the nodes' requests

void Store::fetch(Node& from, node::Fetch request) {
    const auto id = next_exchange_++;
    // As the node's HTTP client does: a stream opens a connection of its own, all else takes one that is
    // idle.
    const bool first = request.stream || !from.take_connection();
    exchanges_[id] = {.node = from.index(),
                      .life = from.life(),
                      .fetch = request.fetch,
                      .stream = request.stream,
                      .moved = parts_.engine.now};
    const auto bytes = request.request.target.size() + request.request.body.size();
    send_up(from, couchmock::Requested{id, std::move(request.request), from.name(), first}, bytes);
}

void Store::cancel(Node& from, node::FetchId fetch) {
    for (auto it = exchanges_.begin(); it != exchanges_.end(); ++it) {
        const auto& [id, exchange] = *it;
        if (exchange.node != from.index() || exchange.life != from.life() || exchange.fetch != fetch)
            continue;
        if (!exchange.chunked) from.count_request("given up");
        send_up(from, couchmock::Abandoned{id}, 0);
        exchanges_.erase(it);
        return;
    }
}

void Store::abandon_requests(Node& of) {
    for (auto it = exchanges_.begin(); it != exchanges_.end();) {
        const auto id = it->first;
        const bool hit = it->second.node == of.index();
        it = hit ? exchanges_.erase(it) : std::next(it);
        if (hit) send_up(of, couchmock::Abandoned{id}, 0);
    }
}

/// As the node's own pool of stores does it.
void Store::leave(Node& from) {
    for (auto it = exchanges_.begin(); it != exchanges_.end();) {
        const auto [id, node, fetch] = std::tuple{it->first, it->second.node, it->second.fetch};
        const bool hit = node == from.index();
        it = hit ? exchanges_.erase(it) : std::next(it);
        if (!hit) continue;
        send_up(from, couchmock::Abandoned{id}, 0);
        parts_.engine.soon(
            Duration{0},
            ToNode{node, from.life(), node::FetchFailed{fetch, "another store is used from now on"}});
    }
}

std::int64_t Store::reset(Node& of) {
    if (of.store_in_use() == index_) of.drop_connections();
    std::vector<couchmock::ExchangeId> ids;
    for (const auto& [id, exchange] : exchanges_)
        if (exchange.node == of.index()) ids.push_back(id);
    return break_requests(of, ids);
}

std::int64_t Store::cut_idle(Node& of, Duration idle, bool silently) {
    std::vector<couchmock::ExchangeId> ids;
    for (const auto& [id, exchange] : exchanges_)
        if (exchange.node == of.index() && exchange.moved + idle <= parts_.engine.now) ids.push_back(id);
    if (!silently) return break_requests(of, ids);
    for (const auto id : ids) exchanges_.erase(id);
    return std::ssize(ids);
}

std::int64_t Store::break_requests(Node& of, const std::vector<couchmock::ExchangeId>& ids) {
    for (const auto id : ids) {
        answer(exchanges_.at(id), node::FetchFailed{0, "connection reset"}, 0);
        finish(id, false);
        send_up(of, couchmock::Abandoned{id}, 0);
    }
    return std::ssize(ids);
}

std::int64_t Store::forget_requests(const Node& of) {
    return static_cast<std::int64_t>(
        std::erase_if(exchanges_, [&](const auto& entry) { return entry.second.node == of.index(); }));
}

std::int64_t Store::count_requests(const Node& of) const {
    return std::ranges::count_if(exchanges_,
                                 [&](const auto& entry) { return entry.second.node == of.index(); });
}

// ---------------------------------------------------------------- the mock

void Store::on(ToStore& e) {
    const auto* request = std::get_if<couchmock::Requested>(&e.event);
    if (!request || listens_) return handle(std::move(e.event));
    auto* exchange = find(request->exchange);
    if (!exchange) return;
    node_of(*exchange).count_request("refused");
    answer(*exchange, node::FetchFailed{0, "connection refused"}, 0);
    finish(request->exchange, false);
}

void Store::on(StoreTimer& e) {
    if (timers_.fire(e.timer, e.setting)) handle(couchmock::TimerFired{e.timer});
}

void Store::handle(couchmock::Event&& event) {
    for (auto& effect : mock_.handle(std::move(event), parts_.engine.clocks()))
        if (!keep_asked(effect)) perform(effect);
}

template <class E>
void Store::answer(Exchange& exchange, E&& event, std::size_t bytes) {
    event.fetch = exchange.fetch;
    exchange.moved = parts_.engine.now;
    node_of(exchange).to_store(index_).send(Way::down, exchange.down, bytes,
                                            ToNode{exchange.node, exchange.life, std::forward<E>(event)});
}

/// What a store writes at once may be read in two pieces, cut anywhere.
void Store::stream(Exchange& exchange, std::string bytes) {
    if (auto& proxy = proxies_[exchange.node]; proxy.block > 0) {
        ++proxy.pieces;
        exchange.moved = parts_.engine.now;  // between store and proxy
        exchange.gathered += bytes;
        if (exchange.gathered.size() < proxy.block) return;
        bytes = std::exchange(exchange.gathered, {});
    }
    auto& slices = parts_.engine.slices;
    if (bytes.size() > 1 && slices.below(8) == 0) {
        const auto cut = 1 + slices.below(bytes.size() - 1);
        answer(exchange, node::FetchData{0, bytes.substr(0, cut)}, cut);
        bytes.erase(0, cut);
    }
    const auto size = bytes.size();
    answer(exchange, node::FetchData{0, std::move(bytes)}, size);
}

void Store::flush(Exchange& exchange) {
    const auto bytes = exchange.gathered.size();
    if (bytes > 0) answer(exchange, node::FetchData{0, std::exchange(exchange.gathered, {})}, bytes);
}

std::int64_t Store::buffer(const Node& of, std::size_t bytes) {
    auto& proxy = proxies_[of.index()];
    proxy.block = bytes;
    if (bytes > 0) return -proxy.pieces;
    for (auto& [id, exchange] : exchanges_)
        if (exchange.node == of.index()) flush(exchange);
    return proxy.pieces;
}

void Store::finish(couchmock::ExchangeId id, bool connection_lives) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end()) return;
    auto& exchange = found->second;
    if (connection_lives && !exchange.stream) node_of(exchange).keep_connection(exchange.life);
    exchanges_.erase(found);
}

void Store::perform(couchmock::Effect& effect) {
    auto& engine = parts_.engine;
    if (auto* whole = std::get_if<couchmock::Respond>(&effect)) {
        auto* exchange = find(whole->exchange);
        if (!exchange) return;
        auto& response = whole->response;
        node_of(*exchange).count_request(std::to_string(response.status));
        const auto bytes = response.body.size();
        if (exchange->stream) {
            answer(*exchange, node::FetchHead{0, response.status}, 0);
            answer(*exchange, node::FetchData{0, std::move(response.body)}, bytes);
            answer(*exchange, node::FetchEnded{0}, 0);
        } else {
            answer(*exchange, node::Fetched{0, std::move(response)}, bytes);
        }
        finish(whole->exchange, true);
    } else if (auto* head = std::get_if<couchmock::RespondHead>(&effect)) {
        auto* exchange = find(head->exchange);
        if (!exchange) return;
        exchange->chunked = true;
        exchange->answer = {head->status, std::move(head->headers), {}};
        node_of(*exchange).count_request(std::to_string(head->status));
        if (exchange->stream) answer(*exchange, node::FetchHead{0, head->status}, 0);
    } else if (auto* data = std::get_if<couchmock::RespondData>(&effect)) {
        engine.soon(Duration{1}, ToStore{couchmock::Written{data->exchange}, index_});
        auto* exchange = find(data->exchange);
        if (!exchange) return;
        if (exchange->stream)
            stream(*exchange, std::move(data->bytes));
        else
            append(exchange->answer.body, std::move(data->bytes));
    } else if (auto* last = std::get_if<couchmock::RespondEnd>(&effect)) {
        auto* exchange = find(last->exchange);
        if (!exchange) return;
        const auto bytes = exchange->answer.body.size();
        if (exchange->stream) {
            flush(*exchange);
            answer(*exchange, node::FetchEnded{0}, 0);
        } else {
            answer(*exchange, node::Fetched{0, std::move(exchange->answer)}, bytes);
        }
        finish(last->exchange, true);
    } else if (auto* reset = std::get_if<couchmock::Reset>(&effect)) {
        auto* exchange = find(reset->exchange);
        if (!exchange) return;
        if (exchange->stream && exchange->chunked && !reset->partial.empty())
            answer(*exchange, node::FetchData{0, body_of_partial_chunk(reset->partial)},
                   reset->partial.size());
        if (!exchange->chunked) node_of(*exchange).count_request("reset");
        answer(*exchange, node::FetchFailed{0, "connection reset"}, 0);
        finish(reset->exchange, false);
    } else if (auto* timer = std::get_if<couchmock::SetTimer>(&effect)) {
        engine.at(timer->at, StoreTimer{timer->timer, timers_.set(timer->timer), index_});
    } else if (auto* listen = std::get_if<couchmock::Listen>(&effect)) {
        listens_ = listen->accepting;
        for (auto& node : parts_.nodes)
            if (node.store_in_use() == index_) node.drop_connections();
    }
}

// ---------------------------------------------------------------- the harness's own requests

bool Store::keep_asked(couchmock::Effect& effect) {
    const auto is_asked = [&](const auto& e) {
        if constexpr (requires { e.exchange; }) return e.exchange == asked_;
        return false;
    };
    if (asked_ == 0 || !std::visit(is_asked, effect)) return false;
    if (auto* whole = std::get_if<couchmock::Respond>(&effect)) {
        asked_answer_ = std::move(whole->response);
    } else if (auto* head = std::get_if<couchmock::RespondHead>(&effect)) {
        asked_answer_ = {head->status, std::move(head->headers), {}};
    } else if (auto* data = std::get_if<couchmock::RespondData>(&effect)) {
        append(asked_answer_.body, std::move(data->bytes));
        asked_more_ = true;
    }
    return true;
}

base::HttpResponse Store::ask(base::HttpRequest request) {
    asked_ = next_exchange_++;
    asked_answer_ = {};
    asked_more_ = false;
    handle(couchmock::Requested{asked_, std::move(request), "harness"});
    while (std::exchange(asked_more_, false)) handle(couchmock::Written{asked_});
    asked_ = 0;
    return std::move(asked_answer_);
}

base::HttpResponse Store::ask_as_peer(base::HttpRequest request) {
    return listens_ ? ask(std::move(request)) : base::HttpResponse{};
}

}  // namespace davenport::sim::virtual_world
