#include "sim/search/situation_coverage.hpp"

#include "sim/scenario/language.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::sim::search {

namespace {

/// Moments that no timeline names.
constexpr std::string_view happenings[] = {"a node comes back", "a client resumes", "a message comes late",
                                           "healing begins"};

std::size_t moment_of(std::string_view name) {
    const auto& names = SituationCoverage::moment_names();
    return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

}  // namespace

const std::vector<std::string>& SituationCoverage::moment_names() {
    static const auto table = [] {
        std::vector<std::string> all;
        for (const auto& kind : language::fault_kinds()) all.emplace_back(kind.name);
        for (const auto name : happenings) all.emplace_back(name);
        return all;
    }();
    return table;
}

const std::vector<std::string>& SituationCoverage::state_names() {
    static const std::vector<std::string> table{"messages that wait for the store",
                                                "posts without an answer",
                                                "a node that sees the store down",
                                                "a node that is gone",
                                                "a paused node",
                                                "a node just back",
                                                "a client that is away",
                                                "a gap",
                                                "a fault of the store",
                                                "a fault of the feed",
                                                "a fault of a node",
                                                "a fault of a client",
                                                "a fault of a link"};
    return table;
}

const std::vector<std::string>& SituationCoverage::alone_names() {
    static const std::vector<std::string> table{
        "stored is told before accepted",
        "a message is sent a second time",
        "a message is sent again through another node",
        "a message could not be sent at once",
        "a post is refused",
        "an accepted message fails",
        "a message is marked late",
        "a resume repeats what the client has",
        "a message comes by resume",
        "a message comes by page",
        "a client joins with a gap",
        "a gap is closed",
        "a node tells that the store is down",
        "a node tells that the store is back",
    };
    return table;
}

std::size_t SituationCoverage::states() { return state_names().size(); }

SituationCoverage::SituationCoverage()
    : counts_(moment_names().size() * states()), alone_(alone_names().size()) {}

void SituationCoverage::merge(const SituationCoverage& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    for (std::size_t i = 0; i < alone_.size(); ++i) alone_[i] += other.alone_[i];
}

SituationCoverage::Summary SituationCoverage::summary(const Scenario& scenario) const {
    std::set<std::string_view> kinds;
    for (const auto& fault : scenario.timeline) kinds.insert(fault.kinds.begin(), fault.kinds.end());
    const auto has = [&](std::string_view family) {
        return std::ranges::any_of(kinds, [&](std::string_view kind) { return kind.starts_with(family); });
    };
    const bool goes = kinds.contains("node.kill") || kinds.contains("node.stop") ||
                      kinds.contains("node.restart") || kinds.contains("node.wipe");
    // In the order of state_names(): whether this scenario can ever be in that state.
    const std::vector<bool> thinkable{true,
                                      true,
                                      has("store.") || has("server.") || has("member.") || has("link."),
                                      goes,
                                      kinds.contains("node.pause"),
                                      goes,
                                      has("client.") || goes || has("link."),
                                      has("store.") || has("member.") || has("link.") || has("node."),
                                      has("store.") || has("member."),
                                      has("feed."),
                                      has("node."),
                                      has("client."),
                                      has("link.")};
    Summary summary;
    const auto& moments = moment_names();
    for (std::size_t moment = 0; moment < moments.size(); ++moment) {
        const bool is_fault = language::find_fault(moments[moment]) != nullptr;
        if (is_fault && !kinds.contains(moments[moment])) continue;
        if (moments[moment] == "a node comes back" && !goes) continue;
        std::vector<std::string> missed;
        for (std::size_t state = 0; state < states(); ++state) {
            if (!thinkable[state]) continue;
            ++summary.possible;
            const auto times = count(moment, state);
            summary.reached += times > 0;
            if (times == 0) missed.push_back(state_names()[state]);
            if (times == 1 || times == 2)
                summary.rare.push_back(fmt::format("{}, with {}", moments[moment], state_names()[state]));
        }
        if (!missed.empty())
            summary.never.push_back(fmt::format("{} never met {}", moments[moment], fmt::join(missed, ", ")));
    }
    for (std::size_t mark = 0; mark < alone_.size(); ++mark) {
        ++summary.possible;
        summary.reached += alone_[mark] > 0;
        if (alone_[mark] == 0) summary.never.push_back(fmt::format("never: {}", alone_names()[mark]));
    }
    return summary;
}

base::json::object SituationCoverage::to_json() const {
    base::json::object out;
    for (std::size_t moment = 0; moment < moment_names().size(); ++moment)
        for (std::size_t state = 0; state < states(); ++state)
            if (const auto times = count(moment, state))
                out[moment_names()[moment] + " / " + state_names()[state]] = times;
    for (std::size_t mark = 0; mark < alone_.size(); ++mark)
        if (alone_[mark] > 0) out[alone_names()[mark]] = alone_[mark];
    return out;
}

void SituationCoverage::add_json(const base::json::value& value) {
    const auto add = [&](const std::string& key, std::uint64_t& into) {
        into += static_cast<std::uint64_t>(base::int_member(value, key).value_or(0));
    };
    for (std::size_t moment = 0; moment < moment_names().size(); ++moment)
        for (std::size_t state = 0; state < states(); ++state)
            add(moment_names()[moment] + " / " + state_names()[state], counts_[moment * states() + state]);
    for (std::size_t mark = 0; mark < alone_.size(); ++mark) add(alone_names()[mark], alone_[mark]);
}

// ---------------------------------------------------------------- the watcher

/// Keeps just so much of the run's state as the marks need.
class SituationWatcher::Impl {
public:
    explicit Impl(SituationCoverage& marks) : marks_{marks} {}

    void add(const Record& record) {
        switch (record.kind) {
            case RecordKind::fault_on:
                met(moment_of(record.text), record);
                open_[record.name] = record.text;
                break;
            case RecordKind::fault_off:
                open_.erase(record.name);
                break;
            case RecordKind::node:
                take_node(record);
                break;
            case RecordKind::connected:
                away_.erase(record.client);
                if (record.count > 1) met(resumes_, record);
                break;
            case RecordKind::disconnected:
                away_.insert(record.client);
                break;
            case RecordKind::joined:
                if (record.flag) gaps_.insert(record.client), marks_.hit_alone(10);
                break;
            case RecordKind::gap_closed:
                gaps_.erase(record.client), marks_.hit_alone(11);
                break;
            case RecordKind::send:
                take_send(record);
                break;
            case RecordKind::unsent:
                marks_.hit_alone(3);
                break;
            case RecordKind::accepted:
                take_answer(record, true);
                break;
            case RecordKind::stored:
                take_answer(record, false);
                break;
            case RecordKind::refused:
                unanswered_.erase(record.msg), marks_.hit_alone(4);
                break;
            case RecordKind::failed:
                waiting_.erase(record.msg), marks_.hit_alone(5);
                break;
            case RecordKind::shown:
                if (record.flag) met(comes_late_, record), marks_.hit_alone(6);
                if (record.via == DeliveryPath::resume) marks_.hit_alone(8);
                if (record.via == DeliveryPath::page) marks_.hit_alone(9);
                break;
            case RecordKind::repeated:
                marks_.hit_alone(7);
                break;
            case RecordKind::store:
                if (record.text == "down") {
                    if (sees_down_.insert(record.node).second) marks_.hit_alone(12);
                } else if (sees_down_.erase(record.node) > 0) {
                    marks_.hit_alone(13);
                }
                break;
            case RecordKind::healed:
                met(healing_, record);
                break;
            default:
                break;
        }
    }

private:
    static constexpr std::int64_t just_back_us = 2'000'000;

    void met(std::size_t moment, const Record& record) {
        const auto fault = [&](std::string_view family) {
            return std::ranges::any_of(open_,
                                       [&](const auto& entry) { return entry.second.starts_with(family); });
        };
        const bool states[] = {
            !waiting_.empty(), !unanswered_.empty(), !sees_down_.empty(),
            !gone_.empty(),    !paused_.empty(),     back_us_ >= 0 && record.at_us - back_us_ < just_back_us,
            !away_.empty(),    !gaps_.empty(),       fault("store.") || fault("member."),
            fault("feed."),    fault("node."),       fault("client."),
            fault("link.")};
        for (std::size_t state = 0; state < std::size(states); ++state)
            if (states[state]) marks_.hit(moment, state);
    }

    void take_node(const Record& record) {
        if (record.text == "up") {
            if (gone_.erase(record.node) == 0) return;  // the start of the run
            met(comes_back_, record);
            back_us_ = record.at_us;
        } else if (record.text == "killed" || record.text == "exited") {
            gone_.insert(record.node);
            paused_.erase(record.node);
            sees_down_.erase(record.node);
        } else if (record.text == "paused") {
            paused_.insert(record.node);
        } else if (record.text == "resumed") {
            paused_.erase(record.node);
        }
    }

    void take_send(const Record& record) {
        if (record.count <= 1) {
            unanswered_[record.msg] = record.node;
            return;
        }
        marks_.hit_alone(1);
        auto& first = unanswered_[record.msg];
        if (!first.empty() && first != record.node) marks_.hit_alone(2);
    }

    void take_answer(const Record& record, bool accepted) {
        const bool was_open = unanswered_.erase(record.msg) > 0;
        if (accepted) {
            if (was_open) waiting_.insert(record.msg);
        } else {
            if (was_open) marks_.hit_alone(0);
            waiting_.erase(record.msg);
        }
    }

    SituationCoverage& marks_;
    const std::size_t comes_back_ = moment_of("a node comes back"), resumes_ = moment_of("a client resumes"),
                      comes_late_ = moment_of("a message comes late"), healing_ = moment_of("healing begins");
    std::map<std::string, std::string> open_;        ///< faults: name to kind
    std::map<std::string, std::string> unanswered_;  ///< messages: to the node of the first try
    std::set<std::string> waiting_, sees_down_, gone_, paused_, away_, gaps_;
    std::int64_t back_us_ = -1;
};

SituationWatcher::SituationWatcher(SituationCoverage& marks) : impl_{std::make_unique<Impl>(marks)} {}
SituationWatcher::~SituationWatcher() = default;
void SituationWatcher::add(const Record& record) { impl_->add(record); }

}  // namespace davenport::sim::search
