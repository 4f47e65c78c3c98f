#include "couchmock/faults/fault_injector_impl.hpp"

#include <algorithm>
#include <utility>

namespace davenport::couchmock {
namespace {

/// A dripping answer comes in about so many pieces.
constexpr std::size_t drip_pieces = 8;

}  // namespace

void FaultInjector::Impl::on_head(Exchange& exchange, int status, base::Headers headers, base::Now now) {
    if (exchange.head_sent) {  // the feed was sent elsewhere; its client has a head
        if (status != 200) reset(exchange, {}, now);
        return;
    }
    if (exchange.injected.lose_reply || exchange.injected.bulk_cut ||
        !exchange.injected.bulk_errors.empty()) {
        effects_.emplace_back(AbandonForward{exchange.backend});
        reset(exchange, {}, now);
        return;
    }
    exchange.head_sent = true;
    journal_.end(exchange.journal, status, now.time);
    date(exchange, headers, now);
    effects_.emplace_back(RespondHead{exchange.client, status, std::move(headers)});
}

void FaultInjector::Impl::on_data(Exchange& exchange, std::string bytes, base::Now now) {
    exchange.store_waits = true;
    if (exchange.ends) return;
    if (exchange.injected.cut_reply) {
        auto& left = exchange.injected.cut_after;
        if (!left) left = bytes.size() / 2;
        const auto taken = std::min(*left, bytes.size());
        exchange.out.append(bytes, 0, taken);
        *left -= taken;
        if (*left == 0) hang_up(exchange, true);
    } else if (!exchange.mutator) {
        if (std::exchange(exchange.injected.corrupts, false)) corrupt(bytes);
        if (exchange.out.empty())
            exchange.out = std::move(bytes);
        else
            exchange.out += bytes;
    } else {
        const auto rules = active_rules_ > 0 ? feed_rules(exchange.info) : std::vector<Rule*>{};
        for (auto* rule : rules)
            if (rule->fault() == Fault::feed_stall || rule->fault() == Fault::store_hang)
                rule->fires_for_feed(exchange.client);
        FeedMutator::OnRow on_row;
        if (observations_.recording)
            on_row = [&](const FeedRow& row) {
                observations_.row_given(exchange.info, exchange.client, row, now.time);
            };
        switch (exchange.mutator->take(std::move(bytes), rules, exchange.client, now.time, exchange.out,
                                       on_row)) {
            case FeedMutator::End::none:
                break;
            case FeedMutator::End::cut:
                hang_up(exchange, true);
                break;
            case FeedMutator::End::early:
                hang_up(exchange, false);
                break;
        }
        if (const auto due = exchange.mutator->deadline()) at(*due, Act::release_rows, exchange.client);
    }
    pump(exchange, now);
}

void FaultInjector::Impl::hang_up(Exchange& exchange, bool with_reset) {
    effects_.emplace_back(AbandonForward{exchange.backend});
    exchange.ends = true;
    exchange.cut_at_end = with_reset;
}

void FaultInjector::Impl::on_end(Exchange& exchange, base::Now now) {
    if (exchange.ends) return;
    if (exchange.mutator) exchange.mutator->release(now.time, true, exchange.out);
    exchange.ends = true;
    exchange.cut_at_end = exchange.injected.cut_reply;  // it was shorter than what was to come through
    pump(exchange, now);
}

void FaultInjector::Impl::release_rows(Exchange& exchange, base::Now now) {
    if (!exchange.mutator || exchange.ends) return;
    exchange.mutator->release(now.time, false, exchange.out);
    if (const auto due = exchange.mutator->deadline()) at(*due, Act::release_rows, exchange.client);
    pump(exchange, now);
}

/// Sends what there is, one piece at a time; then the end, or asks the store for more.
void FaultInjector::Impl::pump(Exchange& exchange, base::Now now) {
    if (exchange.in_flight || stalled(exchange)) return;
    if (!exchange.out.empty()) {
        auto bytes = std::exchange(exchange.out, {});
        if (drips(exchange)) {
            // Of one size, and larger when a feed brings more meanwhile: else it would never be done.
            exchange.piece = std::max(exchange.piece, bytes.size() / drip_pieces + 1);
            if (bytes.size() > exchange.piece) {
                exchange.out = bytes.substr(exchange.piece);
                bytes.resize(exchange.piece);
            } else {
                exchange.piece = 0;
            }
        }
        exchange.in_flight = true;
        effects_.emplace_back(RespondData{exchange.client, std::move(bytes)});
    } else if (exchange.ends && exchange.cut_at_end) {
        reset(exchange, {}, now);
    } else if (exchange.ends) {
        effects_.emplace_back(RespondEnd{exchange.client});
        erase(exchange);
    } else if (exchange.store_waits) {
        exchange.store_waits = false;
        effects_.emplace_back(Continue{exchange.backend});
    }
}

void FaultInjector::Impl::begin_drip(Exchange& exchange, base::HttpResponse response, base::Now now) {
    base::erase_header(response.headers, "Content-Length");
    on_head(exchange, response.status, std::move(response.headers), now);
    exchange.out = std::move(response.body);
    exchange.ends = true;
    pump(exchange, now);
}

void FaultInjector::Impl::go_on_from(Exchange& exchange, const std::string& since) {
    effects_.emplace_back(AbandonForward{exchange.backend});
    exchange.store_waits = false;
    exchange.mutator->restart(since);
    auto request = *exchange.feed_request;
    request.target = with_since(request.target, since);
    base::erase_header(request.headers, "Last-Event-ID");
    forward(exchange, std::move(request));
}

}  // namespace davenport::couchmock
