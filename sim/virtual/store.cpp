#include "sim/virtual/world.hpp"

/// The mock store, and the requests to it.
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

}  // namespace

void World::fetch(NodeIndex index, node::Fetch request) {
    const auto id = next_exchange_++;
    // As the node's HTTP client has it: a stream opens a connection of its own, all else takes one that is
    // idle.
    auto& kept = nodes_[index].kept_connections;
    const bool first = request.stream || kept == 0;
    if (!first) --kept;
    exchanges_[id] = Exchange{index, nodes_[index].life, request.fetch, request.stream};
    const auto bytes = request.request.target.size() + request.request.body.size();
    to_store(index, couchmock::Requested{id, std::move(request.request), nodes_[index].name, first}, bytes);
}

void World::cancel_fetch(NodeIndex index, node::FetchId id) {
    for (auto it = exchanges_.begin(); it != exchanges_.end(); ++it) {
        if (it->second.node != index || it->second.life != nodes_[index].life || it->second.fetch != id)
            continue;
        if (!it->second.chunked) count_request(index, "given up");
        to_store(index, couchmock::Abandoned{it->first}, 0);
        exchanges_.erase(it);
        return;
    }
}

void World::on(StoreHears& e) {
    if (const auto* request = std::get_if<couchmock::Requested>(&e.event); request && !store_listens_) {
        if (const auto exchange = exchanges_.find(request->exchange); exchange != exchanges_.end())
            count_request(exchange->second.node, "refused");
        answer(request->exchange, node::FetchFailed{0, "connection refused"}, 0);
        finish(request->exchange, false);
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

void World::tell_store(couchmock::Event&& event) { perform(store_.handle(std::move(event), {now_, wall()})); }

void World::finish(couchmock::ExchangeId id, bool connection_lives) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end()) return;
    auto& node = nodes_[found->second.node];
    if (connection_lives && !found->second.stream && node.life == found->second.life) ++node.kept_connections;
    exchanges_.erase(found);
}

/// What a store writes at once may be read in two pieces, cut anywhere.
void World::stream(couchmock::ExchangeId id, std::string bytes) {
    if (bytes.size() > 1 && slices_.below(8) == 0) {
        const auto cut = 1 + slices_.below(bytes.size() - 1);
        answer(id, node::FetchData{0, bytes.substr(0, cut)}, cut);
        bytes.erase(0, cut);
    }
    const auto size = bytes.size();
    answer(id, node::FetchData{0, std::move(bytes)}, size);
}

void World::perform(couchmock::Effects effects) {
    for (auto& effect : effects) {
        if (take_asked(effect)) continue;
        if (auto* whole = std::get_if<couchmock::Respond>(&effect)) {
            const auto exchange = exchanges_.find(whole->exchange);
            if (exchange == exchanges_.end()) continue;
            count_request(exchange->second.node, std::to_string(whole->response.status));
            const auto bytes = whole->response.body.size();
            if (exchange->second.stream) {
                answer(whole->exchange, node::FetchHead{0, whole->response.status}, 0);
                answer(whole->exchange, node::FetchData{0, std::move(whole->response.body)}, bytes);
                answer(whole->exchange, node::FetchEnded{0}, 0);
            } else {
                answer(whole->exchange, node::Fetched{0, std::move(whole->response)}, bytes);
            }
            finish(whole->exchange, true);
        } else if (auto* head = std::get_if<couchmock::RespondHead>(&effect)) {
            const auto exchange = exchanges_.find(head->exchange);
            if (exchange == exchanges_.end()) continue;
            exchange->second.chunked = true;
            exchange->second.answer = {head->status, std::move(head->headers), {}};
            count_request(exchange->second.node, std::to_string(head->status));
            if (exchange->second.stream) answer(head->exchange, node::FetchHead{0, head->status}, 0);
        } else if (auto* data = std::get_if<couchmock::RespondData>(&effect)) {
            soon(Duration{1}, StoreHears{couchmock::Written{data->exchange}});
            const auto exchange = exchanges_.find(data->exchange);
            if (exchange == exchanges_.end()) continue;
            if (exchange->second.stream) {
                stream(data->exchange, std::move(data->bytes));
            } else {
                append(exchange->second.answer.body, std::move(data->bytes));
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
            finish(last->exchange, true);
        } else if (auto* reset = std::get_if<couchmock::Reset>(&effect)) {
            const auto exchange = exchanges_.find(reset->exchange);
            if (exchange == exchanges_.end()) continue;
            if (exchange->second.stream && exchange->second.chunked && !reset->partial.empty())
                answer(reset->exchange, node::FetchData{0, body_of_partial_chunk(reset->partial)},
                       reset->partial.size());
            if (!exchange->second.chunked) count_request(exchange->second.node, "reset");
            answer(reset->exchange, node::FetchFailed{0, "connection reset"}, 0);
            finish(reset->exchange, false);
        } else if (auto* timer = std::get_if<couchmock::SetTimer>(&effect)) {
            store_timers_[timer->timer] = ++settings_;
            at(std::max(now_, timer->at), StoreTimer{timer->timer, settings_});
        } else if (auto* listen = std::get_if<couchmock::Listen>(&effect)) {
            store_listens_ = listen->accepting;
            for (auto& node : nodes_) node.kept_connections = 0;
        }
    }
}

/// True when the effect belongs to the harness's own request.
bool World::take_asked(couchmock::Effect& effect) {
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

base::HttpResponse World::ask_store(base::HttpRequest request) {
    asked_ = next_exchange_++;
    asked_answer_ = {};
    asked_more_ = false;
    tell_store(couchmock::Requested{asked_, std::move(request), "harness"});
    while (std::exchange(asked_more_, false)) tell_store(couchmock::Written{asked_});
    asked_ = 0;
    return std::move(asked_answer_);
}

void World::note_requests() {
    for (auto& node : nodes_) {
        for (const auto& [status, count] : node.requests) {
            Record record{.kind = RecordKind::requests};
            record.at_us = (now_ - start_).count();
            record.node = node.name;
            record.text = status;
            record.count = count;
            sink_.add(record);
        }
        node.requests.clear();
    }
}

}  // namespace davenport::sim::virtual_world
