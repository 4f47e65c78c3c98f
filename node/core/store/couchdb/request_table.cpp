#include "node/core/store/couchdb/request_table.hpp"

#include "node/core/store/couchdb/store_health.hpp"

#include <array>
#include <vector>

namespace davenport::node {
namespace {

constexpr TimerId none = 0;  // whoever publishes presence looks by itself
/// By owner.
constexpr std::array alarms{timers::health,       timers::writer,     timers::feed,
                            timers::backfill,     timers::lookup,     timers::resume,
                            timers::anti_entropy, timers::sign_in,    none,
                            timers::placer,       timers::feed_watch, timers::room_reads,
                            timers::changes,      timers::policies,

                            timers::conflicts,    timers::purges};

TimerId alarm_of(RequestOwner owner) { return alarms[static_cast<std::size_t>(owner)]; }

}  // namespace

void Request::forget() {
    if (open()) table_->forget(id_);
}

void Request::cancel(Turn& turn) {
    if (open()) table_->cancel(turn, id_);
}

FetchId RequestTable::add(Turn& turn, base::HttpRequest request, bool streams, bool sets_alarm, Entry entry) {
    const auto id = ++count_ << 4 | static_cast<FetchId>(entry.owner);
    const auto alarm = alarm_of(entry.owner);
    const auto deadline = entry.deadline;
    if (entry.place) {
        entry.place->table_ = this;
        entry.place->id_ = id;
    }
    entries_.emplace(id, std::move(entry));
    turn.emit(Fetch{id, std::move(request), streams});
    if (sets_alarm) turn.emit(SetTimer{alarm, deadline});
    return id;
}

FetchId RequestTable::send(Turn& turn, RequestOwner owner, base::HttpRequest request, Options options,
                           OnReply on_reply) {
    return add(turn, std::move(request), false, options.sets_alarm,
               {owner, turn.now.time + options.timeout, options.tells_health, std::move(on_reply)});
}

void RequestTable::send(Turn& turn, RequestOwner owner, Request& place, base::HttpRequest request,
                        Options options, OnReply on_reply) {
    add(turn, std::move(request), false, options.sets_alarm,
        {owner,
         turn.now.time + options.timeout,
         options.tells_health,
         std::move(on_reply),
         nullptr,
         {},
         &place});
}

void RequestTable::open(Turn& turn, RequestOwner owner, Request& place, base::HttpRequest request,
                        base::Duration silence, StreamHandler& handler) {
    add(turn, std::move(request), true, true,
        {owner, turn.now.time + silence, false, {}, &handler, silence, &place});
}

void RequestTable::forget(FetchId id) {
    if (const auto entry = entries_.find(id); entry != entries_.end()) take(entry);
}

void RequestTable::cancel(Turn& turn, FetchId id) {
    turn.emit(CancelFetch{id});
    forget(id);
}

RequestTable::Entry RequestTable::take(std::map<FetchId, Entry>::iterator entry) {
    auto out = std::move(entry->second);
    entries_.erase(entry);
    if (out.place) out.place->id_ = 0;
    return out;
}

void RequestTable::end(Turn& turn, FetchId id, const Reply& reply) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    const auto entry = take(found);
    if (entry.stream) return entry.stream->on_broken(turn);
    const bool good = entry.on_reply(turn, reply);
    if (entry.tells_health && (!good || !reply.response)) health_->report_failure(turn);
}

void RequestTable::on(Turn& turn, const Fetched& e) { end(turn, e.fetch, {&e.response}); }

void RequestTable::on(Turn& turn, const FetchFailed& e) { end(turn, e.fetch, {nullptr, e.reason}); }

void RequestTable::on(Turn& turn, const FetchHead& e) {
    const auto found = entries_.find(e.fetch);
    if (found == entries_.end()) return;
    found->second.deadline = turn.now.time + found->second.silence;
    found->second.stream->on_head(turn, e.status);
}

void RequestTable::on(Turn& turn, const FetchData& e) {
    const auto found = entries_.find(e.fetch);
    if (found == entries_.end()) return;
    found->second.deadline = turn.now.time + found->second.silence;
    found->second.stream->on_data(turn, e.bytes);
}

void RequestTable::on(Turn& turn, const FetchEnded& e) {
    if (const auto found = entries_.find(e.fetch); found != entries_.end())
        take(found).stream->on_ended(turn);
}

void RequestTable::expire(Turn& turn, RequestOwner owner) {
    std::vector<FetchId> late;
    for (const auto& [id, entry] : entries_)
        if (entry.owner == owner && turn.now.time >= entry.deadline) late.push_back(id);
    for (const auto id : late) {
        turn.emit(CancelFetch{id});
        end(turn, id, {nullptr, "no answer in time", true});
    }
}

void RequestTable::on_timer(Turn& turn, TimerId timer) {
    for (std::size_t i = 0; i < alarms.size(); ++i) {
        if (alarms[i] != timer) continue;
        const auto owner = static_cast<RequestOwner>(i);
        expire(turn, owner);
        // What a stream brought since has moved its deadline, and left the alarm where it was.
        for (const auto& [id, entry] : entries_)
            if (entry.owner == owner && entry.stream && turn.now.time < entry.deadline)
                return turn.emit(SetTimer{timer, entry.deadline});
    }
}

}  // namespace davenport::node
