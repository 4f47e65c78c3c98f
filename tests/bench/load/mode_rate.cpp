#include "modes.hpp"
#include "tally.hpp"
#include "usage.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace davenport::load {

namespace {

/// The messages of a run, one after another at even distances.
class Schedule {
public:
    Schedule(double rate, double seconds)
        : count_{static_cast<std::uint64_t>(rate * seconds)},
          gap_{static_cast<double>(second) / rate},
          start_{now() + 10 * millisecond} {}

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] bool over() const { return next_ > count_; }
    [[nodiscard]] std::uint64_t next() const { return next_; }
    [[nodiscard]] Nanos due() const {
        return start_ + static_cast<Nanos>(static_cast<double>(next_ - 1) * gap_);
    }
    void advance() { ++next_; }
    [[nodiscard]] Nanos patience(Nanos at_most) const {
        if (over()) return at_most;
        const auto time = now(), then = due();
        return then > time ? std::min(at_most, then - time) : 0;
    }

private:
    std::uint64_t count_, next_ = 1;
    double gap_;
    Nanos start_;
};

/// The member whose turn it is, or the next one that is ready.
Member* sender_of(Crowd& crowd, std::uint64_t number, std::size_t senders) {
    for (std::size_t i = 0; i < senders; ++i) {
        auto& member = crowd.at((number + i) % senders);
        if (member.state == Member::State::ready) return &member;
    }
    return nullptr;
}

}  // namespace

boost::json::object run_rate(const Options& options) {
    Tally tally;
    Crowd crowd{options.crowd, tally};
    assemble(crowd, options);
    std::puts("start");  // whoever drives us times its faults from here
    std::fflush(stdout);
    Histogram lag;
    const auto before = read_usage(options.pids);
    const auto begin = now();
    Schedule schedule{options.rate, options.seconds};
    const bool durable = options.crowd.durable;
    tally.remember(schedule.count(), durable ? crowd.size() : 0);
    const auto expected = schedule.count() * (crowd.size() - (crowd.echoes() ? 0 : 1));
    std::uint64_t unsent = 0;
    Nanos end = 0;
    std::uint64_t in_time = 0;
    for (;;) {
        const auto time = now();
        for (; !schedule.over() && schedule.due() <= time; schedule.advance()) {
            tally.posted(schedule.next(), schedule.due());
            if (auto* sender = sender_of(crowd, schedule.next(), options.clients)) {
                lag.add(time - schedule.due());
                crowd.post(*sender, {schedule.next(), schedule.due()}, options.size, true);
            } else {
                ++unsent;
            }
        }
        if (schedule.over() && end == 0) {
            end = time + static_cast<Nanos>(options.drain * second);
            in_time = tally.deliveries();
        }
        if (end != 0 && (time > end || (!durable && tally.deliveries() >= expected))) break;
        if (durable) crowd.revive();
        crowd.poll(schedule.patience(5 * millisecond));
    }
    const auto seconds = static_cast<double>(now() - begin) / second;
    if (!options.notes.empty()) {
        std::vector<std::size_t> server_of;
        for (std::size_t i = 0; i < crowd.size(); ++i) server_of.push_back(crowd.at(i).server);
        tally.write_notes(options.notes, server_of);
    }
    boost::json::object result{{"mode", "rate"},
                               {"rate", options.rate},
                               {"seconds", seconds},
                               {"sent", schedule.count() - unsent},
                               {"unsent", unsent},
                               {"expected", expected},
                               {"deliveries", tally.deliveries()},
                               {"deliveries_in_time", in_time},
                               {"complete", tally.deliveries() >= expected},
                               {"send_lag", lag.summary()},
                               {"disconnects", crowd.disconnects()},
                               {"refusals", crowd.refusals()},
                               {"first_refusal", crowd.first_refusal()}};
    for (auto& part : {tally.latencies(), usage_between(before, read_usage(options.pids), seconds)})
        result.insert(part.begin(), part.end());
    return result;
}

}  // namespace davenport::load
