#pragma once

#include "couchmock/core/mock.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace couchmock::test {

using namespace std::chrono_literals;
namespace json = boost::json;

/// What a client saw of one exchange.
struct Seen {
    int status = 0;  ///< 0: nothing yet
    base::Headers headers;
    std::string body;
    bool ended = false;
    bool reset = false;
    std::string partial;

    [[nodiscard]] json::value value() const { return base::parse_json(body).value_or(nullptr); }
    [[nodiscard]] std::string text(std::string_view key) const {
        return std::string{base::string_member(value(), key).value_or("")};
    }
    /// The rows of a continuous feed.
    [[nodiscard]] std::vector<json::value> rows() const {
        std::vector<json::value> out;
        std::string_view rest = body;
        while (!rest.empty()) {
            const auto end = rest.find('\n');
            if (const auto row = base::parse_json(rest.substr(0, end)); row && base::member(*row, "id"))
                out.push_back(*row);
            rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        }
        return out;
    }
    [[nodiscard]] std::vector<std::string> ids() const {
        std::vector<std::string> out;
        for (const auto& row : rows()) out.emplace_back(base::string_member(row, "id").value_or(""));
        return out;
    }
};

/// Drives a Mock as a shell would, in a time of its own: performs its effects, keeps what each client saw,
/// fires its timers.
class MockClient {
public:
    explicit MockClient(MockConfig config = {.default_shards = 1}) : mock_(std::move(config)) {}

    void restore(const std::vector<Record>& kept, RecordKeeper& keeper) { mock_.restore(kept, keeper); }

    /// Sends a request; the number of its exchange.
    ExchangeId send(std::string method, std::string target, std::string body = {},
                    base::Headers headers = {}) {
        if (!body.empty() && !base::has_header(headers, "content-type"))
            headers.emplace_back("Content-Type", "application/json");
        headers.emplace_back("Host", "mock");
        ++last_;
        seen_[last_];
        perform(mock_.handle(
            Requested{
                last_, {std::move(method), std::move(target), std::move(headers), std::move(body)}, client},
            now_));
        return last_;
    }
    /// Sends a request and gives what came back at once.
    Seen ask(std::string method, std::string target, std::string body = {}, base::Headers headers = {}) {
        return seen(send(std::move(method), std::move(target), std::move(body), std::move(headers)));
    }
    Seen put(std::string target, std::string body) { return ask("PUT", std::move(target), std::move(body)); }
    Seen get(std::string target) { return ask("GET", std::move(target)); }
    /// Sets a rule; fails the test if it is not taken.
    json::value fault(std::string rule) {
        const auto answer = ask("POST", "/_mock/faults", std::move(rule));
        EXPECT_EQ(answer.status, 201) << answer.body;
        return answer.value();
    }
    std::int64_t hits(std::string_view name) {
        const auto answer = get("/_mock/faults/" + std::string{name}).value();
        const auto& rows = base::member(answer, "faults")->get_array();
        return rows.empty() ? -1 : base::int_member(rows[0], "hits").value_or(-1);
    }
    void abandon(ExchangeId exchange) { perform(mock_.handle(Abandoned{exchange}, now_)); }

    [[nodiscard]] const Seen& seen(ExchangeId exchange) { return seen_[exchange]; }
    /// Forgets what was read of a feed so far.
    void forget_body(ExchangeId exchange) { seen_[exchange].body.clear(); }

    /// Lets time pass, firing timers when they are due.
    void pass(base::Duration duration) {
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

    /// While false, nothing that is sent is Written: a client that does not read.
    bool reads = true;
    void read_again() {
        reads = true;
        for (const auto exchange : std::exchange(unread_, {})) perform(mock_.handle(Written{exchange}, now_));
    }
    bool listening = true;
    std::string client = "10.0.0.1:4711";
    std::size_t data_effects = 0;

private:
    void move_to(base::Time time) {
        now_.wall += time - now_.time;
        now_.time = time;
    }
    void perform(Effects effects) {
        for (auto& effect : effects) std::visit([this](auto& one) { perform_one(one); }, effect);
    }
    void perform_one(Respond& effect) {
        auto& seen = open(effect.exchange);
        seen.status = effect.response.status;
        seen.headers = std::move(effect.response.headers);
        seen.body = std::move(effect.response.body);
        seen.ended = true;
    }
    void perform_one(RespondHead& effect) {
        auto& seen = open(effect.exchange);
        seen.status = effect.status;
        seen.headers = std::move(effect.headers);
    }
    void perform_one(RespondData& effect) {
        auto& seen = open(effect.exchange);
        EXPECT_NE(seen.status, 0) << "data before the head";
        EXPECT_FALSE(effect.bytes.empty());
        seen.body += effect.bytes;
        ++data_effects;
        EXPECT_EQ(std::ranges::count(unread_, effect.exchange), 0) << "two pieces in flight";
        if (reads)
            perform(mock_.handle(Written{effect.exchange}, now_));
        else
            unread_.push_back(effect.exchange);
    }
    void perform_one(RespondEnd& effect) { open(effect.exchange).ended = true; }
    void perform_one(Reset& effect) {
        auto& seen = open(effect.exchange);
        seen.reset = seen.ended = true;
        seen.partial = std::move(effect.partial);
    }
    void perform_one(SetTimer& effect) { timers_[effect.timer] = effect.at; }
    void perform_one(Listen& effect) { listening = effect.accepting; }
    void perform_one(Log&) {}
    Seen& open(ExchangeId exchange) {
        auto& seen = seen_[exchange];
        EXPECT_FALSE(seen.ended) << "more after the end of exchange " << exchange;
        return seen;
    }

    Mock mock_;
    base::Now now_{base::Time{1s}, base::wall_from_unix_ms(1'795'460'362'000)};
    ExchangeId last_ = 0;
    std::map<ExchangeId, Seen> seen_;
    std::map<TimerId, base::Time> timers_;
    std::vector<ExchangeId> unread_;
};

}  // namespace couchmock::test
