#include "sim/orchestrator/page_turns.hpp"

#include "sim/orchestrator/placement.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace davenport::sim::orchestrator {
namespace {

using namespace std::chrono_literals;

constexpr Duration turn_interval = 700ms;
constexpr std::size_t newest_noted = 20;  // of a room at a node, and one in so many of those before
constexpr std::size_t one_in = 8;

}  // namespace

PageTurns::PageTurns(Context& context, const Nodes& nodes)
    : context_{context},
      nodes_{nodes},
      wanted_{clients_turn_pages(context.scenario)},
      rooms_{orchestrator::rooms_of(context.scenario)} {}

void PageTurns::start() {
    if (wanted_) context_.soon(turn_interval, [this] { look(); });
}

void PageTurns::on_record(const Record& record) {
    if (!wanted_ || record.kind != RecordKind::shown || record.msg.empty()) return;
    shown_[{record.node, record.room}].push_back({record.msg, record.id});
}

void PageTurns::look() {
    if (context_.phase != Phase::playing) return;
    const auto& room = rooms_[next_room_++ % rooms_.size()];
    for (const auto& node : nodes_.names(true)) {
        if (!shown_.contains({node, room})) continue;
        begun_us_[{node, room}].push_back(context_.now.count());
        context_.add(AskHistory{node, {room}});
    }
    context_.soon(turn_interval, [this] { look(); });
}

void PageTurns::on(const HistoryTold& e) {
    const auto begun = begun_us_.find({e.node, e.room});
    if (context_.phase != Phase::playing || begun == begun_us_.end() || begun->second.empty()) return;
    std::unordered_map<std::string_view, std::int64_t> there;
    for (const auto& item : e.messages) there.emplace(item.id, item.count);
    const auto& shown = shown_[{e.node, e.room}];
    for (std::size_t i = 0; i < shown.size(); ++i) {
        if (i + newest_noted < shown.size() && i % one_in != 0) continue;
        const auto found = there.find(shown[i].id);
        Record record{.kind = RecordKind::paged};
        record.node = e.node;
        record.room = e.room;
        record.msg = shown[i].msg;
        record.id = shown[i].id;
        record.due_us = begun->second.front();
        record.flag = found != there.end();
        record.count = record.flag ? found->second : 0;
        context_.note(std::move(record));
    }
    begun->second.pop_front();
}

}  // namespace davenport::sim::orchestrator
