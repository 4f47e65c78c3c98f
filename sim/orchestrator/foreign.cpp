#include "sim/orchestrator/foreign.hpp"

#include "node/base/http.hpp"
#include "sim/scenario/parameters.hpp"

#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

constexpr Duration put_again_after = std::chrono::milliseconds{200};
constexpr std::size_t digits = 1000;
constexpr std::size_t depth = 200;

/// What a program may write that has never heard of this chat, or has misunderstood it.
std::string odd(std::int64_t number) {
    const std::array<std::string, 7> all{
        R"({"user":7,"msg":"hello","datetime":"2012-11-05T10:00:00Z"})",
        R"({"user":"legacy","msg":null})",
        R"({"user":["legacy"],"msg":{"text":"hello"},"host":false})",
        R"({})",
        fmt::format(R"({{"user":"legacy","msg":"a number","n":{}}})", std::string(digits, '7')),
        R"({"user":"legacy","msg":"deep","in":)" + std::string(depth, '[') + std::string(depth, ']') + '}',
        R"({"user":"","msg":"","datetime":"","host":"","removed":"never","edited":17,"seal":{}})"};
    return all[static_cast<std::size_t>(number) % all.size()];
}

std::string undated(std::int64_t number) {
    const std::array<std::string, 4> dates{"", R"(,"datetime":"yesterday")", R"(,"datetime":1352109600)",
                                           R"(,"datetime":"9999-99-99T99:99:99Z")"};
    return fmt::format(R"({{"user":"legacy","msg":"message {}"{}}})", number,
                       dates[static_cast<std::size_t>(number) % dates.size()]);
}

}  // namespace

std::string Foreign::document(const PlannedFault& planned, std::int64_t number) const {
    const auto content = parameter_or(planned.parameters, "content", std::string{"huge"});
    if (content == "odd") return odd(number);
    if (content == "undated") return undated(number);
    const auto size = parameter_or(planned.parameters, "size", std::int64_t{1'000'000});
    return fmt::format(R"({{"user":"legacy","msg":"{}","datetime":"2012-11-05T10:00:00Z"}})",
                       std::string(static_cast<std::size_t>(size), 'x'));
}

void Foreign::begin(std::size_t fault) {
    left_[fault] = {0, parameter_or(states_.planned(fault).parameters, "rows", std::int64_t{1})};
    write(fault);
}

void Foreign::write(std::size_t fault) {
    auto& left = left_.at(fault);
    if (left.number == left.count || states_.is_ending(fault)) return end(fault);
    const auto& planned = states_.planned(fault);
    auto target =
        '/' + base::percent_encode(fmt::format("{}{}-{}", foreign_prefix, planned.name, left.number));
    base::HttpRequest put{
        "PUT", std::move(target), {{"Content-Type", "application/json"}}, document(planned, left.number)};
    context_.ask_store(
        std::move(put),
        [this, fault](const Answered& answer) {
            if (!states_.is_on(fault)) return;
            const bool there = answer.status / 100 == 2 || answer.status == 409;  // or an answer was lost
            const bool never = answer.status == 400 || answer.status == 413;      // not with this store
            if (there) ++states_.hits(fault);
            if (there || never) ++left_.at(fault).number;
            context_.soon(there || never ? Duration{0} : put_again_after, [this, fault] {
                if (states_.is_on(fault)) write(fault);
            });
        },
        store_number(planned.store));
}

void Foreign::end(std::size_t fault) {
    if (states_.claim_end(fault) || states_.is_ending(fault)) states_.finish(fault, states_.hits(fault));
}

}  // namespace davenport::sim::orchestrator
