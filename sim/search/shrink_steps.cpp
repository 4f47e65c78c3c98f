#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/scenario/value.hpp"
#include "sim/search/ddmin.hpp"
#include "sim/search/shrinker.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

/// What is taken out of a run: faults, messages, nodes, clients, rooms, settings.
namespace davenport::sim::search {

namespace {

std::string family_of(const Fault& fault) {
    return fault.kinds.front().substr(0, fault.kinds.front().find('.'));
}

/// Delta debugging over one of the scenario's lists.
template <class Item, class Put>
void minimise(Shrinker& shrinker, std::vector<Item> items, const Put& put) {
    if (items.empty()) return;
    ddmin(std::move(items), [&](const std::vector<std::vector<Item>>& lists) {
        std::vector<Scenario> candidates;
        for (const auto& list : lists) {
            candidates.push_back(shrinker.now());
            put(candidates.back(), list);
        }
        return shrinker.accept_first(std::move(candidates));
    });
}

}  // namespace

namespace {

/// When each fault began, by name.
class Beginnings final : public HistorySink {
public:
    std::map<std::string, std::int64_t> at_us;
    void add(const Record& record) override {
        if (record.kind == RecordKind::fault_on) at_us.emplace(record.name, record.at_us);
    }
};

}  // namespace

void resolve_conditions(Shrinker& shrinker) {
    shrinker.report("conditions");
    for (std::size_t i = 0; i < shrinker.now().timeline.size() && !shrinker.out_of_time(); ++i) {
        const auto& fault = shrinker.now().timeline[i];
        if (fault.when.empty()) continue;
        Beginnings beginnings;
        try_plan(shrinker.now(), make_plan(shrinker.now(), shrinker.now().seed), nullptr, &beginnings);
        const auto began = beginnings.at_us.find(fault.name);
        auto without = shrinker.now();
        without.timeline.erase(without.timeline.begin() + static_cast<std::ptrdiff_t>(i));
        if (shrinker.accept(std::move(without))) {
            --i;
        } else if (began != beginnings.at_us.end()) {
            std::vector<Scenario> candidates;
            for (const std::int64_t later_us : {0, 1, -1}) {  // what comes first at one moment may be another
                candidates.push_back(shrinker.now());
                candidates.back().timeline[i].when.clear();
                candidates.back().timeline[i].at = Duration{began->second + later_us};
            }
            shrinker.accept_first(std::move(candidates));
        }
    }
}

void drop_families(Shrinker& shrinker) {
    shrinker.report("whole families of faults");
    auto none = shrinker.now();
    none.timeline.clear();
    if (!shrinker.now().timeline.empty() && shrinker.accept(std::move(none))) return;
    std::set<std::string> families, kinds;
    for (const auto& fault : shrinker.now().timeline)
        families.insert(family_of(fault)), kinds.insert(fault.kinds.front());
    for (const auto& family : families) {
        auto without = shrinker.now();
        std::erase_if(without.timeline, [&](const Fault& fault) { return family_of(fault) == family; });
        if (without.timeline.size() < shrinker.now().timeline.size()) shrinker.accept(std::move(without));
    }
    for (const auto& kind : kinds) {
        auto without = shrinker.now();
        std::erase_if(without.timeline, [&](const Fault& fault) { return fault.kinds.front() == kind; });
        if (without.timeline.size() < shrinker.now().timeline.size()) shrinker.accept(std::move(without));
    }
}

void fewer_rows(Shrinker& shrinker) {
    shrinker.report("rows");
    for (std::size_t i = 0; i < shrinker.now().timeline.size() && !shrinker.out_of_time(); ++i) {
        const auto& fault = shrinker.now().timeline[i];
        const auto* kind = language::find_fault(fault.kinds.front());
        if (!kind) continue;
        const auto rows = parameter_or(complete(*kind, fault.parameters), "rows", std::int64_t{0});
        if (rows <= 1) continue;
        auto candidate = shrinker.now();
        candidate.timeline[i].parameters["rows"] = std::int64_t{1};
        shrinker.accept(std::move(candidate));
    }
}

void drop_faults(Shrinker& shrinker) {
    shrinker.report("faults");
    minimise(shrinker, shrinker.now().timeline,
             [](Scenario& scenario, const std::vector<Fault>& kept) { scenario.timeline = kept; });
}

namespace {

/// All of one sender's messages at once, then all that are due at one time.
template <class Key>
void drop_groups(Shrinker& shrinker, const Key& key) {
    std::set<decltype(key(Message{}))> groups;
    for (const auto& message : shrinker.now().load.messages) groups.insert(key(message));
    if (groups.size() == shrinker.now().load.messages.size()) return;  // no groups
    for (const auto& group : groups) {
        if (shrinker.out_of_time()) return;
        auto without = shrinker.now();
        std::erase_if(without.load.messages, [&](const Message& message) { return key(message) == group; });
        shrinker.accept(std::move(without));
    }
}

}  // namespace

void drop_messages(Shrinker& shrinker) {
    shrinker.report("messages");
    drop_groups(shrinker, [](const Message& message) { return message.at / std::chrono::seconds{1}; });
    drop_groups(shrinker, [](const Message& message) { return message.client; });
    minimise(shrinker, shrinker.now().load.messages,
             [](Scenario& scenario, const std::vector<Message>& kept) { scenario.load.messages = kept; });
}

namespace {

constexpr std::size_t pairs_of_max = 24;    // 276 pairs
constexpr std::size_t triples_of_max = 12;  // 220 triples

/// The scenario without the faults and messages of these numbers; messages are numbered after the faults.
Scenario without(const Scenario& scenario, const std::set<std::size_t>& numbers) {
    auto out = scenario;
    out.timeline.clear();
    out.load.messages.clear();
    const auto faults = scenario.timeline.size();
    for (std::size_t i = 0; i < faults; ++i)
        if (!numbers.contains(i)) out.timeline.push_back(scenario.timeline[i]);
    for (std::size_t i = 0; i < scenario.load.messages.size(); ++i)
        if (!numbers.contains(faults + i)) out.load.messages.push_back(scenario.load.messages[i]);
    return out;
}

}  // namespace

/// What balances each other goes together or not at all: a message here and one there, a fault and what
/// undoes it.
void drop_pairs(Shrinker& shrinker) {
    shrinker.report("pairs");
    for (bool smaller = true; smaller && !shrinker.out_of_time();) {
        const auto& now = shrinker.now();
        const auto count = now.timeline.size() + now.load.messages.size();
        if (count > pairs_of_max) return;
        std::vector<Scenario> candidates;
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t j = i + 1; j < count; ++j) {
                candidates.push_back(without(now, {i, j}));
                for (std::size_t k = j + 1; k < count && count <= triples_of_max; ++k)
                    candidates.push_back(without(now, {i, j, k}));
            }
        smaller = shrinker.accept_first(std::move(candidates)).has_value();
    }
}

void plainer_faults(Shrinker& shrinker) {
    shrinker.report("plainer faults");
    for (std::size_t i = 0; i < shrinker.now().timeline.size() && !shrinker.out_of_time(); ++i) {
        const auto& fault = shrinker.now().timeline[i];
        const auto family = family_of(fault);
        const std::string plain = family == "store" ? "store.down" : family == "node" ? "node.kill" : "";
        if (plain.empty() || fault.kinds.front() == plain || fault.kinds.front() == "node.join") continue;
        auto candidate = shrinker.now();
        auto& changed = candidate.timeline[i];
        changed.kinds = {plain};
        changed.parameters.clear();
        if (!changed.length) changed.length = Range{std::chrono::seconds{1}, std::chrono::seconds{1}};
        shrinker.accept(std::move(candidate));
    }
}

}  // namespace davenport::sim::search
