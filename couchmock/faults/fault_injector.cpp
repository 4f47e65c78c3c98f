#include "couchmock/faults/fault_injector.hpp"

#include "couchmock/core/accepted.hpp"
#include "couchmock/faults/fault_injector_impl.hpp"
#include "node/base/http.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

/// The injector's only timer.
constexpr TimerId gate_timer = 2;
/// Numbers of Forward: the client's own for the first, above this for all others.
constexpr ExchangeId first_own_number = ExchangeId{1} << 62;

std::string_view reason_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 206:
            return "Partial Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Object Not Found";  // as CouchDB has it
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Request Entity Too Large";
        case 415:
            return "Unsupported Media Type";
        case 418:
            return "I'm a teapot";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        default:
            return "Unknown";
    }
}

bool may_be_feed(const base::HttpRequest& request) {
    return request.target.find("/_changes") != std::string::npos;
}

/// An answer as it would stand on the wire, down to `bytes` of its body, or to the middle.
std::string beginning_of(const base::HttpResponse& response, std::optional<std::size_t> bytes) {
    auto out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
    for (const auto& [name, value] : response.headers) out += fmt::format("{}: {}\r\n", name, value);
    if (!base::has_header(response.headers, "content-length"))
        out += fmt::format("Content-Length: {}\r\n", response.body.size());
    out += "\r\n";
    out.append(response.body, 0, bytes.value_or(response.body.size() / 2));
    return out;
}

}  // namespace

void corrupt(std::string& bytes) {
    if (!bytes.empty()) bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
}

FaultInjector::FaultInjector(FaultInjectorConfig config) : impl_(std::make_unique<Impl>(config)) {}
FaultInjector::~FaultInjector() = default;
FaultInjector::FaultInjector(FaultInjector&&) noexcept = default;
FaultInjector& FaultInjector::operator=(FaultInjector&&) noexcept = default;

FaultInjectorEffects FaultInjector::handle(Event&& event, base::Now now) {
    return impl_->handle(std::move(event), now);
}
FaultInjectorEffects FaultInjector::on_backend(BackendEvent&& event, base::Now now) {
    return impl_->on_backend(std::move(event), now);
}

bool FaultInjector::try_fast_path(const Requested& request, base::Now now) {
    return impl_->try_fast_path(request, now);
}
void FaultInjector::fast_path_done(int status, base::Now now) { impl_->fast_path_done(status, now); }
void FaultInjector::leave_fast_path(ExchangeId exchange) { impl_->leave_fast_path(exchange); }

bool FaultInjector::Impl::try_fast_path(const Requested& request, base::Now now) {
    if (active_rules_ > 0 || observations_.recording || is_control(request.request) ||
        may_be_feed(request.request))
        return false;
    waved_ = journal_.begin(request.request, request.client, now.time);
    return true;
}

void FaultInjector::Impl::leave_fast_path(ExchangeId number) {
    auto& exchange = *exchanges_.try_emplace(number, std::make_unique<Exchange>()).first->second;
    exchange.client = exchange.backend = number;
    exchange.journal = waved_;
}

/// By the path as the router reads it: "//_mock" and "/%5Fmock" come to the same place.
bool is_control(const base::HttpRequest& request) {
    std::string_view first = request.target;
    first.remove_prefix(std::min(first.find_first_not_of('/'), first.size()));
    first = first.substr(0, first.find_first_of("/?"));
    if (first.find('%') == std::string_view::npos) return first == "_mock";
    return base::percent_decode(first) == "_mock";
}

FaultInjectorEffects FaultInjector::Impl::handle(Event&& event, base::Now now) {
    if (auto* requested = std::get_if<Requested>(&event))
        on_request(std::move(*requested), now);
    else if (const auto* written = std::get_if<Written>(&event))
        on_written(written->exchange, now);
    else if (const auto* abandoned = std::get_if<Abandoned>(&event))
        on_abandoned(abandoned->exchange);
    else
        on_timer(now);
    end_spent_rules(now);
    if (!timers_.empty() && (!timer_ || *timer_ > timers_.begin()->first)) {
        timer_ = timers_.begin()->first;
        effects_.emplace_back(SetTimer{gate_timer, *timer_});
    }
    return std::exchange(effects_, {});
}

FaultInjectorEffects FaultInjector::Impl::on_backend(BackendEvent&& event, base::Now now) {
    const auto number = std::visit([](const auto& one) { return one.exchange; }, event);
    if (number >> 63 != 0) on_acted(number & ~(ExchangeId{1} << 63), event);
    if (auto* exchange = by_backend(number)) {
        if (exchange->held_until || !exchange->held.empty())
            exchange->held.push_back(std::move(event));
        else if (exchange->injected.delay) {
            exchange->held_until = now.time + *exchange->injected.delay;
            at(*exchange->held_until, Act::release_answer, exchange->client);
            exchange->held.push_back(std::move(event));
        } else {
            deliver(*exchange, std::move(event), now);
        }
    }
    end_spent_rules(now);
    if (!timers_.empty() && (!timer_ || *timer_ > timers_.begin()->first)) {
        timer_ = timers_.begin()->first;
        effects_.emplace_back(SetTimer{gate_timer, *timer_});
    }
    return std::exchange(effects_, {});
}

FaultInjector::Impl::Exchange* FaultInjector::Impl::by_client(ExchangeId client) {
    const auto it = exchanges_.find(client);
    return it == exchanges_.end() ? nullptr : it->second.get();
}

FaultInjector::Impl::Exchange* FaultInjector::Impl::by_backend(ExchangeId backend) {
    auto client = backend;
    if (backend >= first_own_number) {
        const auto it = again_.find(backend);
        if (it == again_.end()) return nullptr;
        client = it->second;
    }
    auto* exchange = by_client(client);
    return exchange && exchange->backend == backend ? exchange : nullptr;
}

void FaultInjector::Impl::on_request(Requested&& request, base::Now now) {
    if (is_control(request.request)) {
        control(request, now);
        return;
    }
    auto& exchange = *exchanges_.try_emplace(request.exchange, std::make_unique<Exchange>()).first->second;
    exchange.client = request.exchange;
    exchange.first = request.first;
    exchange.journal = journal_.begin(request.request, request.client, now.time);
    if (active_rules_ > 0 || observations_.recording || may_be_feed(request.request))
        exchange.info = describe(request.request, request.client, asks_for_headers_);
    if (active_rules_ > 0) {
        exchange.injected = decide(exchange.info, request.request, exchange, now);
        if (exchange.injected.refuse) {
            reset(exchange, {}, now);
            return;
        }
        if (exchange.injected.instead) {
            answer(exchange, std::move(*exchange.injected.instead), now);
            return;
        }
    }
    if (exchange.info.feed != RequestInfo::Feed::none) {
        exchange.mutator = std::make_unique<FeedMutator>(exchange.info.feed, exchange.info.since);
        if (exchange.info.is_live_feed()) exchange.feed_request = request.request;
    }
    exchange.accepting = exchange.injected.accept_delay.has_value();
    if (exchange.accepting) at(now.time + *exchange.injected.accept_delay, Act::accept, exchange.client);
    if (exchange.accepting || exchange.injected.hung_by != 0)
        exchange.waiting = std::move(request.request);
    else
        forward(exchange, std::move(request.request));
}

void FaultInjector::Impl::forward_waiting(Exchange& exchange) {
    if (exchange.accepting) return;
    const auto by = std::ranges::find(rules_, exchange.injected.hung_by, &Rule::id);
    if (by != rules_.end() && (*by)->active) return;
    auto request = std::move(*exchange.waiting);
    exchange.waiting.reset();
    forward(exchange, std::move(request));
}

void FaultInjector::Impl::forward(Exchange& exchange, base::HttpRequest request) {
    if (exchange.backend == 0) {
        exchange.backend = exchange.client;
    } else {
        again_.erase(exchange.backend);
        exchange.backend = first_own_number + ++forwards_;
        again_.emplace(exchange.backend, exchange.client);
    }
    effects_.emplace_back(
        Forward{exchange.backend, std::move(request), exchange.info.client, exchange.injected.clock_offset});
}

void FaultInjector::Impl::deliver(Exchange& exchange, BackendEvent&& event, base::Now now) {
    if (auto* whole = std::get_if<Respond>(&event))
        deliver_whole(exchange, std::move(whole->response), now);
    else if (auto* head = std::get_if<RespondHead>(&event))
        on_head(exchange, head->status, std::move(head->headers), now);
    else if (auto* data = std::get_if<RespondData>(&event))
        on_data(exchange, std::move(data->bytes), now);
    else if (std::holds_alternative<RespondEnd>(event))
        on_end(exchange, now);
    else
        reset(exchange, std::move(std::get<Reset>(event).partial), now);
}

void FaultInjector::Impl::deliver_whole(Exchange& exchange, base::HttpResponse response, base::Now now) {
    if (exchange.head_sent) {  // a feed that was sent elsewhere, and the store will have none of it
        reset(exchange, {}, now);
        return;
    }
    auto& injected = exchange.injected;
    if (injected.lose_reply || injected.bulk_cut) {
        reset(exchange, {}, now);
        return;
    }
    if (injected.cut_reply) {
        reset(exchange, beginning_of(response, injected.cut_after), now);
        return;
    }
    if (!injected.bulk_errors.empty()) {
        for (auto rows = injected.bulk_errors.rbegin(); rows != injected.bulk_errors.rend(); ++rows)
            put_back(response.body, *rows);
        base::erase_header(response.headers, "Content-Length");
    }
    if (injected.accepted) make_accepted(response);
    if (injected.corrupts && response.status < 300) corrupt(response.body);
    observations_.write_acknowledged(exchange.info, exchange.client, response.status, response.body,
                                     now.time);
    if (injected.drip && response.body.size() > 1)
        begin_drip(exchange, std::move(response), now);
    else
        answer(exchange, std::move(response), now);
}

void FaultInjector::Impl::answer(Exchange& exchange, base::HttpResponse response, base::Now now) {
    journal_.end(exchange.journal, response.status, now.time);
    date(exchange, response.headers, now);
    effects_.emplace_back(Respond{exchange.client, std::move(response)});
    erase(exchange);
}

/// A store whose clock is wrong says so with every answer.
void FaultInjector::Impl::date(const Exchange& exchange, base::Headers& headers, base::Now now) {
    if (exchange.injected.clock_offset == base::Duration{0}) return;
    base::erase_header(headers, "Date");
    headers.emplace_back("Date", base::http_date(now.wall + exchange.injected.clock_offset));
}

void FaultInjector::Impl::reset(Exchange& exchange, std::string partial, base::Now now) {
    journal_.end(exchange.journal, 0, now.time);
    effects_.emplace_back(Reset{exchange.client, std::move(partial)});
    erase(exchange);
}

void FaultInjector::Impl::erase(Exchange& exchange) {
    if (exchange.backend >= first_own_number) again_.erase(exchange.backend);
    exchanges_.erase(exchange.client);
}

void FaultInjector::Impl::on_abandoned(ExchangeId client) {
    auto* exchange = by_client(client);
    if (!exchange) return;
    if (exchange->backend != 0 && !exchange->ends) effects_.emplace_back(AbandonForward{exchange->backend});
    erase(*exchange);
}

void FaultInjector::Impl::on_written(ExchangeId client, base::Now now) {
    auto* exchange = by_client(client);
    if (!exchange) return;
    if (!exchange->out.empty() && drips(*exchange)) {
        at(now.time + *exchange->injected.drip, Act::drip, client);
        return;
    }
    exchange->in_flight = false;
    pump(*exchange, now);
}

void FaultInjector::Impl::at(base::Time time, Act act, std::uint64_t subject) {
    timers_.emplace(time, std::pair{act, subject});
}

void FaultInjector::Impl::on_timer(base::Now now) {
    timer_.reset();
    while (!timers_.empty() && timers_.begin()->first <= now.time) {
        const auto [act, subject] = timers_.begin()->second;
        timers_.erase(timers_.begin());
        if (act == Act::end_rule) {
            const auto it = std::ranges::find(rules_, subject, &Rule::id);
            if (it != rules_.end() && (*it)->active) end(**it, now);
            continue;
        }
        auto* exchange = by_client(subject);
        if (!exchange) continue;
        if (act == Act::accept) {
            exchange->accepting = false;
            forward_waiting(*exchange);
        } else if (act == Act::release_answer) {
            if (!exchange->held_until || *exchange->held_until > now.time) continue;
            exchange->held_until.reset();
            exchange->injected.delay.reset();
            for (auto& event : std::exchange(exchange->held, {})) {
                deliver(*exchange, std::move(event), now);
                exchange = by_client(subject);
                if (!exchange) break;
            }
        } else if (act == Act::release_rows) {
            release_rows(*exchange, now);
        } else {
            exchange->in_flight = false;
            pump(*exchange, now);
        }
    }
}

}  // namespace davenport::couchmock
