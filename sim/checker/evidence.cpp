#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {

std::string time_text(std::int64_t us) {
    if (us < 0) return "never";
    if (us < 1'000) return fmt::format("{} us", us);
    const auto with_digits = [](std::int64_t value, std::int64_t unit, const char* name) {
        const auto whole = value / unit;
        const int digits = whole >= 100 ? 0 : whole >= 10 ? 1 : 2;
        return fmt::format("{:.{}f} {}", static_cast<double>(value) / static_cast<double>(unit), digits,
                           name);
    };
    return us < 1'000'000 ? with_digits(us, 1'000, "ms") : with_digits(us, 1'000'000, "s");
}

std::string at_text(std::int64_t us) {
    if (us < 0) return "never";
    return fmt::format("{}.{:03} s", us / 1'000'000, us / 1'000 % 1'000);
}

std::string faults_at(const Facts& facts, std::int64_t at_us) {
    std::string names;
    for (const auto& fault : facts.faults) {
        if (at_us < fault.on_us || at_us > fault.off_us) continue;
        if (names.size() > 60) return names + ", ...";
        names += (names.empty() ? "" : ", ") + fault.name;
    }
    return names;
}

std::string describe(const Facts& facts, Index number) {
    if (number >= facts.messages.size()) return "a message of unknown origin";
    const auto& m = facts.messages[number];
    std::string text{facts.message_names[number]};
    if (m.sent_seq == 0) return text + " (never sent)";
    text += fmt::format(" ({} to {} by {}, due {}", facts.clients_names[m.sender], facts.room_names[m.room],
                        facts.node_names[m.node], at_text(m.due_us));
    text += fmt::format(", sent {}", at_text(m.sent_us));
    if (m.tries > 1) text += fmt::format(" and {} times more", m.tries - 1);
    if (m.accepted_us >= 0) text += fmt::format(", accepted {}", at_text(m.accepted_us));
    if (m.stored_us >= 0) text += fmt::format(", stored {}", at_text(m.stored_us));
    if (const auto faults = faults_at(facts, m.sent_us); !faults.empty()) text += "; during " + faults;
    return text + ")";
}

std::string name_clients(const Facts& facts, const std::vector<Index>& clients) {
    constexpr std::size_t named_max = 5;
    std::string text;
    for (std::size_t i = 0; i < clients.size() && i < named_max; ++i) {
        if (i > 0) text += ", ";
        text += fmt::format("{} ({})", facts.clients_names[clients[i]],
                            facts.node_names[facts.clients[clients[i]].node]);
    }
    if (clients.size() > named_max) text += fmt::format(" and {} more", clients.size() - named_max);
    return text;
}

std::vector<std::string> Evidence::take() {
    const auto left_out = count_ - static_cast<std::int64_t>(lines_.size());
    if (left_out > 0) lines_.push_back(fmt::format("... and {} more", left_out));
    return std::move(lines_);
}

Finding finding(std::string property, Evidence evidence, std::string measured) {
    Finding made;
    made.property = std::move(property);
    made.outcome = evidence.count() == 0 ? Outcome::pass : Outcome::fail;
    made.measured = std::move(measured);
    made.evidence = evidence.take();
    return made;
}

}  // namespace davenport::sim::checker
