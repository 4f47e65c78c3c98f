#include "couchmock/faults/error_answer.hpp"
#include "couchmock/faults/fault_injector.hpp"
#include "couchmock/faults/request_info.hpp"
#include "couchmock/net/data_file.hpp"
#include "couchmock/net/driver.hpp"
#include "couchmock/net/others.hpp"
#include "node/net/wire/timers.hpp"

#include <array>
#include <deque>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <openssl/rand.h>

namespace davenport::couchmock {
namespace {

/// The driver's own timer; the mock's have small numbers.
constexpr TimerId disk_timer = TimerId{1} << 32;
constexpr std::chrono::milliseconds disk_pause{500};

class MockDriver final : public Driver {
public:
    MockDriver(wire::Loop& loop, MockConfig config, const StoreServer::Config& server, LogLine log,
               const std::string& data_file, std::string cookie_secret)
        : loop_(loop),
          log_(std::move(log)),
          data_(data_file.empty() ? nullptr : std::make_unique<DataFile>(data_file)),
          mock_(reaching_others(std::move(config))),
          timers_(loop, [this](TimerId id) { handle(TimerFired{id}); }),
          others_(loop, [this](Event event) { handle(std::move(event)); }),
          server_(loop, server, [this](Event event) { handle(std::move(event)); }) {
        if (!cookie_secret.empty()) mock_.set_cookie_secret(std::move(cookie_secret));
        if (data_) mock_.restore(data_->read_all(), *data_);
    }

    [[nodiscard]] const StoreServer& server() const override { return server_; }

private:
    static MockConfig reaching_others(MockConfig config) {
        config.reaches_others = true;
        return config;
    }

    /// One event after the other: what happens while the effects of one are performed (a pipelined request is
    /// read when the one before it is answered) waits until they all are.
    void handle(Event event) {
        events_.push_back(std::move(event));
        if (events_.size() > 1) return;
        for (; !events_.empty(); events_.pop_front()) handle_one(events_.front());
    }

    void handle_one(Event& event) {
        if (const auto* timer = std::get_if<TimerFired>(&event); timer && timer->timer == disk_timer)
            return try_disk_again();
        const auto* requested = std::get_if<Requested>(&event);
        const auto exchange = requested ? requested->exchange : ExchangeId{0};
        if (full_ && requested && describe(requested->request, {}).writes &&
            !is_control(requested->request)) {
            try_disk_again();
            if (full_) return server_.perform(Respond{exchange, error_answer(507)});
        }
        const auto unwritten = data_ ? data_->pending() : 0;
        auto effects = mock_.handle(std::move(event), wire::Loop::now());
        // On the disk before anybody is told of it.
        const bool wrote = data_ && data_->pending() > unwritten;
        if (wrote && (full_ || !data_->commit())) return hold_back(exchange, std::move(effects));
        perform_all(effects);
        loop_.flush_if_quiet();
    }

    // ---- a disk that is full: writes are answered with 507, and nobody is told of what is not written

    void hold_back(ExchangeId asked, Effects effects) {
        if (!std::exchange(full_, true))
            log_(fmt::format("{}; writes are answered with 507 until it can be written again",
                             data_->complaint()));
        bool answered = false;
        for (auto& effect : effects) {
            const auto exchange = told_to(effect);
            if (exchange == 0)
                std::visit([this](auto& one) { perform(std::move(one)); }, effect);
            else if (exchange != asked)
                held_.push_back(std::move(effect));
            else
                answered = true;
        }
        if (answered) {
            server_.perform(Respond{asked, error_answer(507)});
            events_.emplace_back(Abandoned{asked});  // what is left of its answer is not wanted
        }
        timers_.set(disk_timer, wire::Loop::now().time + disk_pause);
    }

    void try_disk_again() {
        if (!full_) return;
        if (!data_->commit()) {
            timers_.set(disk_timer, wire::Loop::now().time + disk_pause);
            return;
        }
        full_ = false;
        log_("the data file is written again");
        auto held = std::exchange(held_, {});
        perform_all(held);
    }

    /// Whose client would be told; 0 when it is nobody's, or a connection is only cut.
    static ExchangeId told_to(const Effect& effect) {
        if (const auto* whole = std::get_if<Respond>(&effect)) return whole->exchange;
        if (const auto* head = std::get_if<RespondHead>(&effect)) return head->exchange;
        if (const auto* data = std::get_if<RespondData>(&effect)) return data->exchange;
        if (const auto* end = std::get_if<RespondEnd>(&effect)) return end->exchange;
        return 0;
    }

    void perform_all(Effects& effects) {
        for (auto& effect : effects) std::visit([this](auto& one) { perform(std::move(one)); }, effect);
    }

    template <class Effect>
    void perform(Effect effect) {
        server_.perform(std::move(effect));
    }
    void perform(SetTimer effect) { timers_.set(effect.timer, effect.at); }
    void perform(Log effect) { log_(effect.line); }
    void perform(Fetch effect) { others_.perform(std::move(effect)); }
    void perform(CancelFetch effect) { others_.perform(effect); }

    wire::Loop& loop_;
    LogLine log_;
    std::deque<Event> events_;
    std::unique_ptr<DataFile> data_;
    bool full_ = false;  ///< something waits for room on the disk
    Effects held_;       ///< what others are told of that, once it is written
    Mock mock_;
    wire::Timers<TimerId> timers_;
    Others others_;
    StoreServer server_;
};

}  // namespace

std::string random_secret() {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error{"no random bytes can be had for the cookies' secret"};
    return base::base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::unique_ptr<Driver> serve_mock(wire::Loop& loop, MockConfig config, const StoreServer::Config& server,
                                   LogLine log, const std::string& data_file, std::string cookie_secret) {
    return std::make_unique<MockDriver>(loop, std::move(config), server, std::move(log), data_file,
                                        std::move(cookie_secret));
}

}  // namespace davenport::couchmock
