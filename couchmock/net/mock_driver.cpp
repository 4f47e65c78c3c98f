#include "couchmock/net/data_file.hpp"
#include "couchmock/net/driver.hpp"
#include "node/net/wire/timers.hpp"

#include <deque>
#include <utility>

namespace davenport::couchmock {
namespace {

class MockDriver final : public Driver {
public:
    MockDriver(wire::Loop& loop, MockConfig config, const StoreServer::Config& server, LogLine log,
               const std::string& data_file)
        : log_(std::move(log)),
          data_(data_file.empty() ? nullptr : std::make_unique<DataFile>(data_file)),
          mock_(std::move(config)),
          timers_(loop, [this](TimerId id) { handle(TimerFired{id}); }),
          server_(loop, server, [this](Event event) { handle(std::move(event)); }) {
        if (data_) mock_.restore(data_->read_all(), *data_);
    }

    [[nodiscard]] const StoreServer& server() const override { return server_; }

private:
    /// One event after the other: what happens while the effects of one are performed (a pipelined request is
    /// read when the one before it is answered) waits until they all are.
    void handle(Event event) {
        events_.push_back(std::move(event));
        if (events_.size() > 1) return;
        for (; !events_.empty(); events_.pop_front()) {
            auto effects = mock_.handle(std::move(events_.front()), wire::Loop::now());
            if (data_) data_->commit();  // before anybody is told of it
            for (auto& effect : effects) std::visit([this](auto& one) { perform(std::move(one)); }, effect);
        }
    }

    template <class Effect>
    void perform(Effect effect) {
        server_.perform(std::move(effect));
    }
    void perform(SetTimer effect) { timers_.set(effect.timer, effect.at); }
    void perform(Log effect) { log_(effect.line); }

    LogLine log_;
    std::deque<Event> events_;
    std::unique_ptr<DataFile> data_;
    Mock mock_;
    wire::Timers<TimerId> timers_;
    StoreServer server_;
};

}  // namespace

std::unique_ptr<Driver> serve_mock(wire::Loop& loop, MockConfig config, const StoreServer::Config& server,
                                   LogLine log, const std::string& data_file) {
    return std::make_unique<MockDriver>(loop, std::move(config), server, std::move(log), data_file);
}

}  // namespace davenport::couchmock
