#include "sim/search/story.hpp"

#include "sim/record/record.hpp"
#include "sim/world.hpp"

#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::search {

namespace {

/// The words of the evidence that look like `pattern`: a letter, digits, and for messages a dash and digits
/// again.
std::set<std::string> words_like(const checker::Finding& finding, bool messages) {
    std::set<std::string> found;
    const auto is_name = [&](std::string_view word) {
        if (word.size() < 2 || word[0] != 'c') return false;
        const auto dash = word.find('-');
        if ((dash != std::string_view::npos) != messages) return false;
        for (std::size_t i = 1; i < word.size(); ++i)
            if (i != dash && (word[i] < '0' || word[i] > '9')) return false;
        return true;
    };
    for (const auto& line : finding.evidence) {
        std::string word;
        for (const char c : line + ' ') {
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-') {
                word += c;
            } else {
                if (is_name(word)) found.insert(word);
                word.clear();
            }
        }
    }
    return found;
}

class Teller final : public HistorySink {
public:
    Teller(const checker::Finding& finding, std::size_t lines_max)
        : messages_{words_like(finding, true)}, clients_{words_like(finding, false)}, lines_max_{lines_max} {}

    void add(const Record& r) override {
        const bool about = messages_.contains(r.msg);
        switch (r.kind) {
            case RecordKind::fault_on:
                return tell(r, fmt::format("{} begins{}", r.name, whom(r)));
            case RecordKind::fault_off:
                if (r.at_us != last_fault_us_) tell(r, fmt::format("{} is over", r.name));
                return;
            case RecordKind::node:
                if (r.at_us > 0) tell(r, fmt::format("{} is {}", r.node, r.text));
                return;
            case RecordKind::store: {
                auto& known = store_of_[r.node];  // each of its clients is told
                if (std::exchange(known, r.text) == r.text) return;
                if (r.text == "up" && r.at_us < 1'000'000) return;  // the start
                return tell(r, fmt::format("{} tells its clients that the store is {}", r.node, r.text));
            }
            case RecordKind::healed:
                return tell(r, "all faults are over");
            case RecordKind::connected:
                if (clients_.contains(r.client) && r.count > 1)
                    tell(r, fmt::format("{} is back, at {}", r.client, r.node));
                return;
            case RecordKind::disconnected:
                if (clients_.contains(r.client))
                    tell(r, fmt::format("{} loses its connection ({})", r.client, r.text));
                return;
            case RecordKind::joined:
                if (clients_.contains(r.client) && r.flag)
                    tell(r, fmt::format("{} is told of a gap in {}", r.client, r.room));
                return;
            case RecordKind::gap_closed:
                if (clients_.contains(r.client))
                    tell(r, fmt::format("the gap of {} in {} is closed", r.client, r.room));
                return;
            case RecordKind::end:
                return;
            default:
                break;
        }
        if (!about) return;
        switch (r.kind) {
            case RecordKind::send:
                return tell(r, fmt::format("{} sends {} to {} by {}{}", r.client, r.msg, r.room, r.node,
                                           r.count > 1 ? fmt::format(", for the {}. time", r.count) : ""));
            case RecordKind::unsent:
                return tell(r, fmt::format("{} is due, and {} has no connection", r.msg, r.client));
            case RecordKind::accepted:
                return tell(r, fmt::format("{} is told that {} is accepted", r.client, r.msg));
            case RecordKind::stored:
                return tell(r, fmt::format("{} is told that {} is stored", r.client, r.msg));
            case RecordKind::refused:
                return tell(r, fmt::format("{} is refused ({})", r.msg, r.text));
            case RecordKind::failed:
                return tell(r, fmt::format("{} is given up by its node ({})", r.msg, r.text));
            case RecordKind::shown:
                return tell(r, fmt::format("{} is shown {} by {}{}{}", r.client, r.msg, r.node,
                                           r.via == DeliveryPath::live ? "" : ", on resuming",
                                           r.flag ? ", marked late" : ""));
            case RecordKind::repeated:
                return tell(r, fmt::format("{} is shown {} AGAIN by {}", r.client, r.msg, r.node));
            case RecordKind::document:
                return tell(r, fmt::format("at the end the store holds {}", r.msg));
            default:
                return;
        }
    }

    std::string take() {
        if (left_out_ > 0) out_ += fmt::format("           ... and {} things more\n", left_out_);
        return std::move(out_);
    }

private:
    static std::string whom(const Record& r) {
        if (!r.node.empty()) return " at " + r.node;
        return r.client.empty() ? "" : " at " + r.client;
    }

    void tell(const Record& r, const std::string& line) {
        if (r.kind == RecordKind::fault_on) last_fault_us_ = r.at_us;
        if (lines_++ >= lines_max_) {
            ++left_out_;
            return;
        }
        out_ += fmt::format("{:>4}.{:03} s  {}\n", r.at_us / 1'000'000, r.at_us / 1000 % 1000, line);
    }

    std::set<std::string> messages_, clients_;
    std::map<std::string, std::string> store_of_;
    std::size_t lines_max_, lines_ = 0, left_out_ = 0;
    std::int64_t last_fault_us_ = -1;
    std::string out_;
};

}  // namespace

std::string story_of(const Scenario& scenario, const Plan& plan, const checker::Finding& finding,
                     std::size_t lines_max) {
    Teller teller{finding, lines_max};
    run_virtual(scenario, plan, teller, {});
    return teller.take();
}

}  // namespace davenport::sim::search
