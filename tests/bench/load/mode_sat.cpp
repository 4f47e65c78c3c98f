#include "modes.hpp"
#include "tally.hpp"
#include "usage.hpp"

#include <algorithm>

namespace davenport::load {

boost::json::object run_sat(const Options& options) {
    Tally tally;
    Crowd crowd{options.crowd, tally};
    assemble(crowd, options);
    const auto receivers = crowd.size() - (crowd.echoes() ? 0 : 1);
    const auto start = now(), measured_from = start + second;  // the first second only warms up
    const auto end = measured_from + static_cast<Nanos>(options.seconds * second);
    std::uint64_t posted = 0, lost = 0, deliveries_then = 0, posted_then = 0, progress = 0;
    Nanos progress_at = start, begin = 0;
    Usage before;
    tally.measure_from(1);
    for (auto time = start; time < end; time = now()) {
        if (begin == 0 && time >= measured_from) {
            before = read_usage(options.pids);
            begin = now();
            deliveries_then = tally.deliveries();
            posted_then = posted;
        }
        if (tally.deliveries() != progress) {
            progress = tally.deliveries();
            progress_at = time;
        } else if (time - progress_at > second / 2) {  // what was lost would fill the window for ever
            lost = posted - progress / receivers;
            progress_at = time;
        }
        while (posted - std::min(posted, lost + tally.deliveries() / receivers) < options.window) {
            ++posted;
            crowd.post(crowd.at(posted % options.clients), {posted, time}, options.size, false);
        }
        crowd.poll(2 * millisecond);
    }
    const auto seconds = static_cast<double>(now() - begin) / second;
    const auto deliveries = tally.deliveries() - deliveries_then;
    boost::json::object result{{"mode", "sat"},
                               {"window", options.window},
                               {"seconds", seconds},
                               {"deliveries", deliveries},
                               {"deliveries_per_s", static_cast<double>(deliveries) / seconds},
                               {"messages_per_s", static_cast<double>(posted - posted_then) / seconds},
                               {"lost_messages", lost},
                               {"disconnects", crowd.disconnects()},
                               {"refusals", crowd.refusals()},
                               {"first_refusal", crowd.first_refusal()}};
    for (auto& part : {tally.latencies(), usage_between(before, read_usage(options.pids), seconds)})
        result.insert(part.begin(), part.end());
    return result;
}

boost::json::object run_fill(const Options& options) {
    Tally tally;
    Crowd crowd{options.crowd, tally};
    assemble(crowd, options);
    const auto start = now();
    const auto end = start + static_cast<Nanos>(options.seconds * second);
    std::uint64_t posted = 0;
    while (tally.accepted() < options.count && now() < end) {
        while (posted < options.count && posted - tally.accepted() < options.window) {
            ++posted;
            tally.posted(posted, now());
            crowd.post(crowd.at(posted % options.clients), {posted, now()}, options.size, true);
        }
        crowd.poll(2 * millisecond);
    }
    return {{"mode", "fill"},
            {"accepted", tally.accepted()},
            {"seconds", static_cast<double>(now() - start) / second},
            {"disconnects", crowd.disconnects()},
            {"refusals", crowd.refusals()},
            {"first_refusal", crowd.first_refusal()}};
}

}  // namespace davenport::load
