#include "couchmock/faults/fault_injector.hpp"
#include "couchmock/net/driver.hpp"
#include "node/net/wire/timers.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <string_view>
#include <utility>
#include <variant>

namespace davenport::couchmock {
namespace {

/// Headers that are about one connection and not about the message (RFC 9110, section 7.6.1), and what we
/// make anew.
bool belongs_to_the_connection(std::string_view name) {
    static constexpr std::array names{"Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer",
                                      "Upgrade",    "Expect",     "Proxy-Connection"};
    const auto same = [&](std::string_view other) {
        return std::ranges::equal(name, other, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    };
    return std::ranges::any_of(names, same);
}

/// But for "Connection: close": a CouchDB that closes after an answer is seen to do so through the injector
/// too.
void strip(base::Headers& headers) {
    std::erase_if(headers, [](const auto& header) {
        return belongs_to_the_connection(header.first) && header.second != "close";
    });
}

class FaultInjectorDriver final : public Driver {
public:
    FaultInjectorDriver(wire::Loop& loop, std::uint64_t seed, const wire::HttpServer& upstream,
                        const std::string& ca_file, const StoreServer::Config& server, LogLine log)
        : log_(std::move(log)),
          upstream_(upstream),
          injector_(FaultInjectorConfig{.seed = seed, .owns_store = false}),
          timers_(loop, [this](TimerId id) { handle(TimerFired{id}); }),
          store_(loop, upstream, {.connections = 512, .ca_file = ca_file}, store_events()),
          server_(loop, server, [this](Event event) { handle(std::move(event)); }) {}

    [[nodiscard]] const StoreServer& server() const override { return server_; }

private:
    wire::HttpClient::Events store_events() {
        return {
            .whole =
                [this](ExchangeId id, base::HttpResponse response) {
                    strip(response.headers);
                    on_store(Respond{id, std::move(response)});
                },
            .head =
                [this](ExchangeId id, int status, base::Headers headers) {
                    strip(headers);
                    store_.pace(id);
                    on_store(RespondHead{id, status, std::move(headers)});
                },
            .data =
                [this](ExchangeId id, std::string bytes) {
                    on_store(RespondData{id, std::move(bytes)});
                },
            .ended = [this](ExchangeId id) { on_store(RespondEnd{id}); },
            .failed =
                [this](ExchangeId id, const std::string& reason) {
                    log_("the store: " + reason);
                    on_store(Reset{id, {}});
                },
        };
    }

    void handle(Event event) { work_off(std::move(event)); }
    void on_store(BackendEvent event) { work_off(std::move(event)); }

    /// One event after the other: what happens while the effects of one are performed (a pipelined request is
    /// read when the one before it is answered) waits until they all are.
    void work_off(std::variant<Event, BackendEvent> event) {
        events_.push_back(std::move(event));
        if (events_.size() > 1) return;
        for (; !events_.empty(); events_.pop_front()) {
            auto& next = events_.front();
            const auto now = wire::Loop::now();
            auto effects = next.index() == 0 ? injector_.handle(std::move(std::get<0>(next)), now)
                                             : injector_.on_backend(std::move(std::get<1>(next)), now);
            for (auto& effect : effects) std::visit([this](auto& one) { perform(std::move(one)); }, effect);
        }
    }

    template <class Effect>
    void perform(Effect effect) {
        server_.perform(std::move(effect));
    }
    void perform(SetTimer effect) { timers_.set(effect.timer, effect.at); }
    void perform(Log effect) { log_(effect.line); }
    void perform(AbandonForward effect) { store_.cancel(effect.exchange); }
    void perform(Continue effect) { store_.proceed(effect.exchange); }
    void perform(Forward effect) {
        auto& request = effect.request;
        std::erase_if(request.headers,
                      [](const auto& header) { return belongs_to_the_connection(header.first); });
        base::erase_header(request.headers, "Content-Length");
        if (!upstream_.user.empty() && !base::has_header(request.headers, "Authorization") &&
            !base::has_header(request.headers, "Cookie"))
            request.headers.emplace_back("Authorization",
                                         base::basic_authorization(upstream_.user, upstream_.password));
        request.target.insert(0, upstream_.path);
        store_.fetch(effect.exchange, std::move(request), wire::HttpClient::Answer::stream_if_chunked);
    }

    LogLine log_;
    std::deque<std::variant<Event, BackendEvent>> events_;
    wire::HttpServer upstream_;
    FaultInjector injector_;
    wire::Timers<TimerId> timers_;
    wire::HttpClient store_;
    StoreServer server_;
};

}  // namespace

std::unique_ptr<Driver> serve_fault_injector(wire::Loop& loop, std::uint64_t seed,
                                             const wire::HttpServer& upstream, const std::string& ca_file,
                                             const StoreServer::Config& server, LogLine log) {
    return std::make_unique<FaultInjectorDriver>(loop, seed, upstream, ca_file, server, std::move(log));
}

}  // namespace davenport::couchmock
