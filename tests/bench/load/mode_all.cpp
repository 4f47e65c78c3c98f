#include "modes.hpp"
#include "tally.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace davenport::load {
namespace {

constexpr Nanos patience = 20 * second;
constexpr Nanos between = 500 * millisecond;

/// Counts deliveries, and keeps what was said last about who is there.
class Hall final : public Audience {
public:
    void on_message(const Member&, Stamp, Nanos) override { ++deliveries; }
    void on_accepted(std::uint64_t, Nanos) override {}
    void on_stored(std::uint64_t, Nanos) override {}
    void on_people(std::string_view text) override {
        ++told;
        people = text;
    }

    std::uint64_t deliveries = 0, told = 0;
    std::string people;
};

/// What stands behind `lead` up to a comma, a bracket or a brace; 0 when it is not there.
std::uint64_t number_after(const std::string& text, std::string_view lead) {
    const auto at = text.find(lead);
    return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + lead.size(), nullptr, 10);
}

}  // namespace

boost::json::object run_all(const Options& options) {
    Hall hall;
    Crowd crowd{options.crowd, hall};
    for (std::size_t i = 0; i < options.clients; ++i) crowd.add(0);
    const auto begin = now();
    crowd.gather(options.clients, patience + static_cast<Nanos>(options.clients) * 2 * millisecond);
    const auto gathered_s = static_cast<double>(now() - begin) / second;
    std::printf("ready %zu\n", crowd.ready_count());
    std::fflush(stdout);
    wait_for_line(crowd);

    std::vector<double> took_ms;
    bool complete = true;
    for (std::uint64_t message = 1; message <= options.count; ++message) {
        const auto sent = now();
        const auto wanted = hall.deliveries + crowd.ready_count();
        crowd.post(crowd.at(0), {message, sent}, options.size, false);
        while (hall.deliveries < wanted && now() - sent < patience) crowd.poll(millisecond);
        complete &= hall.deliveries >= wanted;
        took_ms.push_back(static_cast<double>(now() - sent) / millisecond);
        for (const auto rest = now() + between; now() < rest;) crowd.poll(5 * millisecond);
    }
    std::sort(took_ms.begin(), took_ms.end());
    return {{"mode", "all"},
            {"clients", crowd.ready_count()},
            {"gathered_s", gathered_s},
            {"messages", options.count},
            {"complete", complete},
            {"all_have_it_ms_p50", took_ms.empty() ? 0 : took_ms[took_ms.size() / 2]},
            {"all_have_it_ms_max", took_ms.empty() ? 0 : took_ms.back()},
            {"told_who_is_there", hall.told},
            {"people_bytes", hall.people.size()},
            {"people_counted", number_after(hall.people, R"("count":)")},
            {"disconnects", crowd.disconnects()},
            {"refusals", crowd.refusals()},
            {"first_refusal", crowd.first_refusal()}};
}

}  // namespace davenport::load
