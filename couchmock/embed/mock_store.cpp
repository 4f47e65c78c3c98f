#include "couchmock/embed/mock_store.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace davenport::couchmock::embed {

std::string Seen::text(std::string_view key) const { return base::text_member(value(), key); }

std::vector<boost::json::value> Seen::rows() const {
    std::vector<boost::json::value> out;
    std::string_view rest = body;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        if (const auto row = base::parse_json(rest.substr(0, end)); row && base::member(*row, "id"))
            out.push_back(*row);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    return out;
}

std::vector<std::string> Seen::ids() const {
    std::vector<std::string> out;
    for (const auto& row : rows()) out.emplace_back(base::string_member(row, "id").value_or(""));
    return out;
}

ExchangeId MockStore::send(std::string method, std::string target, std::string body, base::Headers headers) {
    if (!body.empty() && !base::has_header(headers, "content-type"))
        headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Host", "mock");
    ++last_;
    seen_[last_];
    perform(
        mock_.handle(Requested{last_,
                               {std::move(method), std::move(target), std::move(headers), std::move(body)},
                               client,
                               connects_anew},
                     now_));
    return last_;
}

std::int64_t MockStore::hits(std::string_view fault) {
    const auto answer = get("/_mock/faults/" + std::string{fault}).value();
    const auto* rows = base::member(answer, "faults");
    if (!rows || !rows->is_array() || rows->get_array().empty()) return -1;
    return base::int_member(rows->get_array()[0], "hits").value_or(-1);
}

void MockStore::answer_fetch(base::HttpResponse response) {
    const auto fetch = fetches_.front().fetch;
    fetches_.erase(fetches_.begin());
    perform(mock_.handle(Fetched{fetch, std::move(response)}, now_));
}

void MockStore::fail_fetch(FetchFailure why) {
    const auto fetch = fetches_.front().fetch;
    fetches_.erase(fetches_.begin());
    perform(mock_.handle(FetchFailed{fetch, why}, now_));
}

void MockStore::abandon(ExchangeId exchange) { perform(mock_.handle(Abandoned{exchange}, now_)); }

void MockStore::pass(base::Duration duration) {
    const auto until = now_.time + duration;
    for (;;) {
        const auto due =
            std::ranges::min_element(timers_, {}, [](const auto& timer) { return timer.second; });
        if (due == timers_.end() || due->second > until) break;
        move_to(std::max(now_.time, due->second));
        const auto timer = due->first;
        timers_.erase(due);
        perform(mock_.handle(TimerFired{timer}, now_));
    }
    move_to(until);
}

void MockStore::read_again() {
    reads = true;
    for (const auto exchange : std::exchange(unread_, {})) perform(mock_.handle(Written{exchange}, now_));
}

void MockStore::move_to(base::Time time) {
    now_.wall += time - now_.time;
    now_.time = time;
}

void MockStore::perform(Effects effects) {
    for (auto& effect : effects) std::visit([this](auto& one) { perform_one(one); }, effect);
}

void MockStore::perform_one(Respond& effect) {
    auto& seen = open(effect.exchange);
    seen.status = effect.response.status;
    seen.headers = std::move(effect.response.headers);
    seen.body = std::move(effect.response.body);
    seen.ended = true;
}

void MockStore::perform_one(RespondHead& effect) {
    auto& seen = open(effect.exchange);
    seen.status = effect.status;
    seen.headers = std::move(effect.headers);
}

void MockStore::perform_one(RespondData& effect) {
    auto& seen = open(effect.exchange);
    if (seen.status == 0) complain("data before the head");
    if (effect.bytes.empty()) complain("a piece of nothing");
    seen.body += effect.bytes;
    ++data_effects;
    if (std::ranges::find(unread_, effect.exchange) != unread_.end()) complain("two pieces in flight");
    if (reads)
        perform(mock_.handle(Written{effect.exchange}, now_));
    else
        unread_.push_back(effect.exchange);
}

void MockStore::perform_one(Reset& effect) {
    auto& seen = open(effect.exchange);
    seen.reset = seen.ended = true;
    seen.partial = std::move(effect.partial);
}

Seen& MockStore::open(ExchangeId exchange) {
    auto& seen = seen_[exchange];
    if (seen.ended) complain("more after the end of exchange " + std::to_string(exchange));
    return seen;
}

}  // namespace davenport::couchmock::embed
