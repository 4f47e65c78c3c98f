#include "sim/virtual/world.hpp"

/// The mock store, and the requests to it.
namespace sim::virtual_world {
namespace {

/// The body's bytes in what a cut connection left behind: what follows the size line of a broken chunk.
std::string body_of_partial_chunk(const std::string& partial) {
    const auto line = partial.find("\r\n");
    return line == std::string::npos ? std::string{} : partial.substr(line + 2);
}

}  // namespace

void World::to_store(NodeIndex index, couchmock::Event event, std::size_t bytes) {
    InOrder alone;  // requests come on connections of their own: only an answer's pieces have an order
    travel(nodes_[index].to_store, true, alone, bytes, StoreHears{std::move(event)});
}

void World::fetch(NodeIndex index, node::Fetch request) {
    const auto id = next_exchange_++;
    exchanges_[id] = Exchange{index, nodes_[index].life, request.fetch, request.stream, false, {}, {}};
    const auto bytes = request.request.target.size() + request.request.body.size();
    to_store(index, couchmock::Requested{id, std::move(request.request), nodes_[index].name}, bytes);
}

void World::cancel_fetch(NodeIndex index, node::FetchId id) {
    for (auto it = exchanges_.begin(); it != exchanges_.end(); ++it) {
        if (it->second.node != index || it->second.life != nodes_[index].life || it->second.fetch != id) continue;
        to_store(index, couchmock::Abandoned{it->first}, 0);
        exchanges_.erase(it);
        return;
    }
}

void World::on(StoreHears& e) {
    if (const auto* request = std::get_if<couchmock::Requested>(&e.event); request && !store_listens_) {
        answer(request->exchange, node::FetchFailed{0, "connection refused"}, 0);
        finish(request->exchange);
        return;
    }
    tell_store(std::move(e.event));
}

void World::on(StoreTimer& e) {
    const auto counts = store_timers_.find(e.timer);
    if (counts == store_timers_.end() || counts->second != e.setting) return;
    store_timers_.erase(counts);
    tell_store(couchmock::TimerFired{e.timer});
}

void World::tell_store(couchmock::Event event) { perform(store_.handle(std::move(event), {now_, wall()})); }

void World::answer(couchmock::ExchangeId id, node::Event event, std::size_t bytes) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end()) return;
    auto& exchange = found->second;
    std::visit(
        [&](auto& e) {
            if constexpr (requires { e.fetch; }) e.fetch = exchange.fetch;
        },
        event);
    travel(nodes_[exchange.node].to_store, false, exchange.down, bytes,
           NodeHears{exchange.node, exchange.life, std::move(event)});
}

void World::finish(couchmock::ExchangeId id) { exchanges_.erase(id); }

void World::perform(couchmock::Effects effects) {
    for (auto& effect : effects) {
        if (auto* whole = std::get_if<couchmock::Respond>(&effect)) {
            const auto exchange = exchanges_.find(whole->exchange);
            if (exchange == exchanges_.end()) {
                control_answers_[whole->exchange] = std::move(whole->response);
                continue;
            }
            const auto bytes = whole->response.body.size();
            if (exchange->second.stream) {
                answer(whole->exchange, node::FetchHead{0, whole->response.status}, 0);
                answer(whole->exchange, node::FetchData{0, std::move(whole->response.body)}, bytes);
                answer(whole->exchange, node::FetchEnded{0}, 0);
            } else {
                answer(whole->exchange, node::Fetched{0, std::move(whole->response)}, bytes);
            }
            finish(whole->exchange);
        } else if (auto* head = std::get_if<couchmock::RespondHead>(&effect)) {
            const auto exchange = exchanges_.find(head->exchange);
            if (exchange == exchanges_.end()) continue;
            exchange->second.chunked = true;
            exchange->second.answer = {head->status, std::move(head->headers), {}};
            if (exchange->second.stream) answer(head->exchange, node::FetchHead{0, head->status}, 0);
        } else if (auto* data = std::get_if<couchmock::RespondData>(&effect)) {
            soon(Duration{1}, StoreHears{couchmock::Written{data->exchange}});
            const auto exchange = exchanges_.find(data->exchange);
            if (exchange == exchanges_.end()) continue;
            if (exchange->second.stream) {
                const auto bytes = data->bytes.size();
                answer(data->exchange, node::FetchData{0, std::move(data->bytes)}, bytes);
            } else {
                exchange->second.answer.body += data->bytes;
            }
        } else if (auto* last = std::get_if<couchmock::RespondEnd>(&effect)) {
            const auto exchange = exchanges_.find(last->exchange);
            if (exchange == exchanges_.end()) continue;
            if (exchange->second.stream) {
                answer(last->exchange, node::FetchEnded{0}, 0);
            } else {
                const auto bytes = exchange->second.answer.body.size();
                answer(last->exchange, node::Fetched{0, std::move(exchange->second.answer)}, bytes);
            }
            finish(last->exchange);
        } else if (auto* reset = std::get_if<couchmock::Reset>(&effect)) {
            const auto exchange = exchanges_.find(reset->exchange);
            if (exchange == exchanges_.end()) continue;
            if (exchange->second.stream && exchange->second.chunked && !reset->partial.empty())
                answer(reset->exchange, node::FetchData{0, body_of_partial_chunk(reset->partial)}, reset->partial.size());
            answer(reset->exchange, node::FetchFailed{0, "connection reset"}, 0);
            finish(reset->exchange);
        } else if (auto* timer = std::get_if<couchmock::SetTimer>(&effect)) {
            store_timers_[timer->timer] = ++settings_;
            at(std::max(now_, timer->at), StoreTimer{timer->timer, settings_});
        } else if (auto* listen = std::get_if<couchmock::Listen>(&effect)) {
            store_listens_ = listen->accepting;
        }
    }
}

base::HttpResponse World::ask_store(base::HttpRequest request) {
    const auto id = next_exchange_++;
    tell_store(couchmock::Requested{id, std::move(request), "harness"});
    auto answer = std::move(control_answers_[id]);
    control_answers_.clear();
    return answer;
}

}  // namespace sim::virtual_world
