#include "node/core/clients/resume.hpp"

#include "node/base/change.hpp"
#include "node/base/mark.hpp"
#include "node/base/message_id.hpp"

#include <algorithm>
#include <compare>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t journal_rows_per_turn = 4000;  // others are served in between
// A crowd that comes over to this node goes on bit by bit, and others are served in between.
constexpr std::size_t jobs_per_bit = 16;
constexpr std::size_t messages_per_bit = 2000;
constexpr base::Duration between_bits = std::chrono::milliseconds{1};
constexpr std::size_t shared_cheaper = 4;  // so much less work is a message that is encoded for many
constexpr std::int64_t guess_margin_ms = 5 * 60 * 1000;

}  // namespace

Resume::Resume(const ChatConfig& config, CommitQueue& log, Store& store, Sessions& sessions, Rooms& rooms)
    : session_bytes_max_{config.session_bytes_max},
      page_bytes_max_{std::max<std::size_t>(1, config.session_bytes_max / 4)},
      page_rows_{std::min<std::size_t>(200, config.page_rows_max)},
      log_{&log},
      shown_{log, page_rows_, page_bytes_max_},
      crowd_{log, shown_, page_bytes_max_},
      store_{&store},
      sessions_{&sessions},
      rooms_{&rooms},
      reads_{store, [this](const Key& key, const PageReads::Shared& answer) { on_answer(key, answer); }} {}

// ---- what happens to jobs

void Resume::join(Turn& turn, Session& session, JoinRequest request) {
    const Key key{session.id, request.room};
    leave(turn, session.id, request.room);
    auto& job = jobs_[key];
    job.key = key;
    job.request = std::move(request);
    job.joined_at = log_->watermark();
    if (const auto& cursor = job.request.cursor) {
        job.request.n = std::max(cursor->n, job.request.n);
        job.place = cursor->place;
        job.newest = std::max(cursor->position, job.request.seen);
        job.exact = same_journal(job.request);
        job.store_first = store_->usable() && same_store(job);
        if (job.exact) job.newest = std::max(job.newest, shown_.newest_seen(job.request.room, job.request.n));
    }
    job.flow = bring_up_to_date(job);
    job.suspended = job.flow.handle();
    make_ready(job);
}

void Resume::make_ready(Job& job) {
    if (!std::exchange(job.ready, true)) ready_.push_back(job.key);
}

void Resume::end(Turn& turn, std::map<Key, Job>::iterator job) {
    if (job->second.reading) reads_.forget(turn, job->first);
    jobs_.erase(job);
}

void Resume::leave(Turn& turn, SessionId session, std::string_view room) {
    if (const auto job = jobs_.find({session, std::string{room}}); job != jobs_.end()) end(turn, job);
}

void Resume::closed(Turn& turn, SessionId session) {
    for (auto job = jobs_.lower_bound({session, {}}); job != jobs_.end() && job->first.first == session;)
        end(turn, job++);
}

bool Resume::is_closing_gap(SessionId session) const {
    for (auto it = jobs_.lower_bound({session, {}}); it != jobs_.end() && it->first.first == session; ++it)
        if (it->second.live && !it->second.waits_for_store) return true;
    return false;
}

std::size_t Resume::under_way(SessionId session) const {
    std::size_t count = 0;
    for (auto it = jobs_.lower_bound({session, {}}); it != jobs_.end() && it->first.first == session; ++it)
        count += it->second.live ? 0 : 1;
    return count;
}

std::optional<Place> Resume::reached(SessionId session, std::string_view room) const {
    const auto found = jobs_.find({session, std::string{room}});
    if (found == jobs_.end()) return {};
    const auto& job = found->second;
    // What was read since the store was suspected is read once more.
    const bool counts = job.request.cursor && job.suspicions && same_store(job) && !store_->verifying() &&
                        *job.suspicions == store_->suspicions();
    if (!counts || job.place == job.request.cursor->place) return {};
    return job.place;
}

std::vector<std::string> Resume::rooms_under_way(SessionId session) const {
    std::vector<std::string> out;
    for (auto it = jobs_.lower_bound({session, {}}); it != jobs_.end() && it->first.first == session; ++it)
        if (!it->second.live) out.push_back(it->first.second);
    return out;
}

void Resume::written(SessionId session) {
    for (auto it = jobs_.lower_bound({session, {}}); it != jobs_.end() && it->first.first == session; ++it)
        if (!it->second.waits_for_store) make_ready(it->second);
}

void Resume::store_is_back() {
    for (auto& [key, job] : jobs_)
        if (job.waits_for_store) make_ready(job);
}

void Resume::stored(const std::vector<std::string>& ids) {
    if (ids.empty()) return;
    for (auto& [key, job] : jobs_) {
        if (!job.collects_stored) continue;
        const auto prefix = job.request.room + ':';
        for (const auto& id : ids)
            if (id.starts_with(prefix)) job.stored_meanwhile.push_back(id);
    }
}

void Resume::tell_change(Session& session, const base::ChatMessage& message) {
    const auto job = jobs_.find({session.id, std::string{message.room()}});
    if (job == jobs_.end() || !job->second.live) return sessions_->tell(session, frames::Changed{message, 0});
    if (was_sent(job->second, message)) return;
    job->second.sent.insert_or_assign(std::string{message.id()}, base::version_of(message));
    if (message.user().empty()) return sessions_->tell(session, frames::Changed{message, 0});
    sessions_->tell(session, frames::Message{message, 0, true});
}

void Resume::pump(Turn& turn) {
    if (jobs_.empty()) crowd_.clear();
    const auto confirmed_at = store_->confirmed_at();
    const bool verifying = store_->verifying();
    const bool opening = store_->opening();
    if (!waiting_.empty() && (!store_->usable() || confirmed_at != confirmed_at_ || verifying != verifying_ ||
                              opening != opening_))
        for (const auto& key : std::exchange(waiting_, {}))
            if (const auto job = jobs_.find(key); job != jobs_.end()) make_ready(job->second);
    opening_ = opening;
    confirmed_at_ = confirmed_at;
    verifying_ = verifying;
    if (turn.now.time >= next_bit_at_) run_bit(turn);
    reads_.pump(turn);
}

/// Some of those that are ready, so that what others say waits for none of them long.
void Resume::run_bit(Turn& turn) {
    sent_ = 0;
    unverified_.reset();
    const auto ready = ready_.size();  // who is ready again after that waits for the next event
    std::size_t looked_at = 0;
    for (; looked_at < std::min(ready, jobs_per_bit) && sent_ < messages_per_bit; ++looked_at) {
        const auto key = std::move(ready_.front());
        ready_.pop_front();
        run(turn, key);
    }
    if (looked_at == ready) return;
    DAVENPORT_MARK("a crowd goes on bit by bit");
    next_bit_at_ = turn.now.time + between_bits;
    turn.emit(SetTimer{timers::crowd, next_bit_at_});
}

void Resume::run(Turn& turn, const Key& key) {
    const auto found = jobs_.find(key);
    if (found == jobs_.end()) return;
    auto& job = found->second;
    job.ready = false;
    job.session = sessions_->find(key.first);
    if (!job.session) return end(turn, found);
    job.turn = &turn;
    std::exchange(job.suspended, {}).resume();
    if (job.flow.done()) job.flow.result();  // an unreadable journal ends the node here, too
    if (job.flow.done() || !sessions_->find(key.first)) end(turn, found);
}

// ---- the way of a job

Flow<> Resume::bring_up_to_date(Job& job) {
    while (!may_send(job)) co_await Pause{job};
    while (!job.exact && store_->opening()) {
        DAVENPORT_MARK("a resume waits until it is known which store this is");
        waiting_.insert(job.key);
        co_await Pause{job};
    }
    if (!job.request.cursor) {  // a fresh join
        if (store_->catching_up()) co_await read_newest(job);
        send_history(job);
        go_live(job, false);
        co_return;
    }
    bool gap = false;
    bool told_by_store = false;
    while (!send_vanished(job, false)) co_await Pause{job};
    if (!job.exact && job.store_first) told_by_store = co_await read_store(job);
    if (job.exact) {  // a cursor of this very journal: what arrived since
        DAVENPORT_MARK("a resume goes by arrival in this journal");
        co_await send_arrivals(job, job.request.n);
        gap = job.request.cursor->gap;
    } else if (told_by_store) {  // another node's cursor: what the store told,
        DAVENPORT_MARK("a resume goes by another node's cursor");
        co_await send_unstored(job);                 // what was accepted here and the store lacks,
        co_await send_newer(job);                    // what another member of a cluster had told,
        co_await send_arrivals(job, job.joined_at);  // and what came meanwhile
    } else {                                         // the store is away, or another one
        DAVENPORT_MARK("a resume goes by time");
        std::uint64_t after = 0;
        co_await send_since_by_time(job, after);
        co_await send_arrivals(job, after);
        gap = true;
    }
    send_vanished(job, true);  // what vanished since it was looked through
    go_live(job, gap);
    if (!gap) co_return;
    DAVENPORT_MARK("a client goes live with a gap");
    co_await close_gap(job);
    go_live(job, false);
}

/// A node that is catching up may not have come to this room yet.
Flow<> Resume::read_newest(Job& job) {
    while (store_->usable() && store_->catching_up() &&
           !store_->has_newest(job.request.room, job.request.history)) {
        DAVENPORT_MARK("a join reads the newest of its room from the store");
        ask_for(job, {.room = job.request.room, .count = job.request.history});
        while (job.reading) co_await Pause{job};
        if (job.answer->how == PageReads::Answer::How::failed) {
            DAVENPORT_MARK("the newest of a room cannot be read");
            break;
        }
    }
    while (!may_send(job)) co_await Pause{job};
}

/// The client is live already, and may lack something that only the store can tell.
Flow<> Resume::close_gap(Job& job) {
    for (;;) {
        job.waits_for_store = true;
        while (job.session->closing || !store_->usable() || (!same_store(job) && !store_->caught_up()))
            co_await Pause{job};
        job.waits_for_store = false;
        if (store_->opening()) {
            DAVENPORT_MARK("a gap waits until what is written is news here");
            waiting_.insert(job.key);
            co_await Pause{job};
            continue;
        }
        if (!same_store(job)) break;
        if (!co_await read_store(job)) {
            DAVENPORT_MARK("a gap cannot be closed yet");
            continue;
        }
        co_await send_unstored(job);
        co_return;
    }
    // Another store, of which this node has read all that it has: a second look at what is here.
    DAVENPORT_MARK("a gap is closed from another store");
    std::uint64_t after = 0;
    co_await send_since_by_time(job, after);
}

/// What the store tells from the cursor's place on. False: it cannot be read, or is another one than the
/// cursor's.
Flow<bool> Resume::read_store(Job& job) {
    for (;;) {
        while (!may_send(job)) co_await Pause{job};
        if (!store_->usable() || !same_store(job)) {
            DAVENPORT_MARK("the store goes away while a resume reads it");
            co_return false;
        }
        if (!job.suspicions && store_->verifying()) {
            DAVENPORT_MARK("a resume waits until losses are found");
            waiting_.insert(job.key);
            co_await Pause{job};
            continue;
        }
        if (!job.suspicions) job.suspicions = store_->suspicions();
        job.collects_stored = true;
        ask_for(job, {.place = job.place});
        while (job.reading) co_await Pause{job};
        const auto answer = std::exchange(job.answer, nullptr);
        if (answer->how == PageReads::Answer::How::failed) break;
        if (answer->how == PageReads::Answer::How::unknown_place) {
            DAVENPORT_MARK("the store does not know a resume's place");
            job.place = beginning;  // all of it, then
            continue;
        }
        co_await send_page(job, answer);
        job.place = answer->next;
        job.read_at = answer->at;
        if (answer->more) continue;

        // Another store may have taken the place of the one that the cursor is of, and this node not know it
        // yet: what it has of the old one is not in what the new one tells.
        for (;;) {
            while (!may_send(job)) co_await Pause{job};
            if (!store_->usable() || !same_store(job)) {
                DAVENPORT_MARK("another store may have answered a resume");
                job.collects_stored = false;
                co_return false;
            }
            if (store_->confirmed_at() >= job.read_at) break;
            waiting_.insert(job.key);
            store_->recheck(*job.turn);
            co_await Pause{job};
        }
        if (job.suspicions == store_->suspicions()) {
            co_await send_unverified(job);
            co_return true;
        }
        // What was read may have been without what is found missing, or back by now.
        DAVENPORT_MARK("a resume reads again what was incomplete");
        job.suspicions.reset();
        job.place = job.request.cursor->place;
    }
    job.collects_stored = false;
    co_return false;
}

void Resume::ask_for(Job& job, PageReads::Wanted what) {
    job.reading = true;
    reads_.want(job.key, std::move(what));
}

void Resume::on_answer(const Key& key, const PageReads::Shared& answer) {
    const auto job = jobs_.find(key);
    if (job == jobs_.end()) return;
    job->second.reading = false;
    job->second.answer = answer;
    make_ready(job->second);
}

/// The store may have lost what it acknowledged a moment ago; that is found out and mended, but not for who
/// reads it now.
Flow<> Resume::send_unverified(Job& job) {
    if (!unverified_) unverified_ = std::make_shared<const std::vector<std::string>>(store_->unverified());
    const auto all = unverified_;
    for (const auto& id : *all) {
        while (!may_send(job)) co_await Pause{job};
        if (sent_version(job, id) && !log_->may_be_changed(id)) continue;
        if (const auto parts = base::parse_message_id(id); parts && parts->room != job.request.room) continue;
        if (const auto entry = shown_.find(id); entry && entry->message.room() == job.request.room)
            send_if_missing(job, entry->message);
    }
}

/// What is gone without a word in the store's pages or this journal, and is not above all that the client was
/// ever shown. False when there is more than it can be sent now; `all`: sends it nevertheless.
bool Resume::send_vanished(Job& job, bool all) {
    const auto& seen = job.request.seen;
    const auto prefix = job.request.room + ':';
    const auto& vanished = store_->vanished();
    for (auto id = vanished.lower_bound(prefix); id != vanished.end() && id->starts_with(prefix); ++id) {
        const bool known = log_->knows(*id);
        if (known && job.exact) continue;  // its removal is an arrival
        // A removal that was asked for here and is about to be shown: to this client as well, then.
        if (const auto* change = log_->changes().last(*id); change && !change->shown) continue;
        const auto message = known ? log_->latest(*id) : base::gone_unknown(*id);
        if (!message || was_sent(job, *message)) continue;
        if (!seen.empty() && message->position() > seen) continue;
        if (!all && !may_send(job)) return false;
        DAVENPORT_MARK("a resume tells what vanished");
        send(job, *message, 0, true);
    }
    return true;
}

/// What was accepted here before the join, and the store has not told yet.
Flow<> Resume::send_unstored(Job& job) {
    std::uint64_t after = 0;
    for (;;) {
        while (!may_send(job)) co_await Pause{job};
        bool full = false;
        std::size_t read = 0;
        for (; read < journal_rows_per_turn; read += page_rows_) {
            const auto page = log_->journal().not_stored_in(store_->generation(), after, page_rows_);
            for (const auto& entry : page) {
                full = Sessions::queued_bytes(*job.session) >= page_bytes_max_;
                if (full) break;
                after = entry.arrival;
                if (entry.arrival > job.joined_at) break;
                if (entry.message.room() == job.request.room) send_if_missing(job, entry.message);
            }
            if (full) break;
            if (page.size() == page_rows_ && after <= job.joined_at) continue;
            if (!job.stored_meanwhile.empty()) DAVENPORT_MARK("messages are stored while a resume reads");
            for (const auto& id : std::exchange(job.stored_meanwhile, {}))
                if (const auto entry = shown_.find(id)) send_if_missing(job, entry->message);
            job.collects_stored = false;
            co_return;
        }
        if (!full) {
            make_ready(job);
            job.turn->emit(SetTimer{timers::crowd, std::max(next_bit_at_, job.turn->now.time)});
        }
        co_await Pause{job};
    }
}

/// What stands above all that the cursor had seen, and the store has not told: a member of a cluster may lack
/// for a while what this node was told by another.
Flow<> Resume::send_newer(Job& job) {
    const auto ids = crowd_.newer(job.request.room, job.request.cursor->position);
    for (const auto& id : *ids) {
        if (sent_version(job, id) && !log_->may_be_changed(id)) continue;
        while (!may_send(job)) co_await Pause{job};
        const auto entry = shown_.find(id);
        if (!entry || has_or_gets(job, entry->message)) continue;
        DAVENPORT_MARK("a resume sends what the store's answer lacked");
        send_if_missing(job, entry->message);
    }
}

/// A guess: what the room has from a while before the cursor's place in history on. `after`: the watermark up
/// to which that was looked at.
Flow<> Resume::send_since_by_time(Job& job, std::uint64_t& after) {
    while (!may_send(job)) co_await Pause{job};
    const auto place = base::parse_message_id("x:" + job.request.cursor->position);
    const auto from = place ? base::make_foreign_letters(place->unix_ms - guess_margin_ms, {}).substr(0, 10)
                            : std::string{};
    auto ids = shown_.ids_above(job.request.room, from);
    after = log_->watermark();
    for (; !ids.empty(); ids.pop_front()) {
        while (!may_send(job)) co_await Pause{job};
        if (const auto entry = shown_.find(ids.front())) send_if_missing(job, entry->message);
    }
}

/// In order of arrival, up to now.
Flow<> Resume::send_arrivals(Job& job, std::uint64_t after) {
    for (bool more = true; more;) {
        while (!may_send(job)) co_await Pause{job};
        const auto page = log_->journal().after(job.request.room, after, page_rows_);
        more = page.size() == page_rows_ && page.back().arrival <= log_->watermark();
        for (const auto& entry : page) {
            if (entry.arrival > log_->watermark()) break;
            if (Sessions::queued_bytes(*job.session) >= page_bytes_max_) {
                DAVENPORT_MARK("a resume pauses for a client that is slow to read");
                more = true;
                co_await Pause{job};
                break;
            }
            after = entry.arrival;
            if (!was_sent(job, entry.message))
                send(job, entry.message, job.exact ? entry.arrival : 0, surely_had(job, entry));
        }
    }
    for (const auto* pending : log_->uncommitted(job.request.room))
        if (pending->entry.arrival > after && !was_sent(job, pending->entry.message))
            send(job, pending->entry.message, job.exact ? log_->watermark() : 0,
                 job.exact && !job.request.cursor->gap && pending->entry.is_change());
}

/// Who comes in afresh before anything else has arrived is sent the same, encoded once.
void Resume::send_history(Job& job) {
    if (job.request.history == 0) return;
    const auto history = crowd_.history(job.request.room, job.request.history);
    if (!history.frames) {  // one huge message: in one batch with what comes after it
        for (const auto& message : history.messages) send(job, message, 0);
        return;
    }
    sent_ += (history.made_now ? history.frames->count() : 0) + 1 + history.frames->count() / shared_cheaper;
    job.newest = std::max(job.newest, history.newest);
    sessions_->send(*job.session, history.frames);
}

/// The last page is out: the client follows the room from here, or its gap is closed.
void Resume::go_live(Job& job, bool gap) {
    const auto& room = job.request.room;
    auto& session = *job.session;
    const auto top = shown_.top_position(room);
    auto seen = std::max({top, job.newest, job.request.seen});
    if (job.request.cursor) seen = std::max(seen, job.request.cursor->position);
    if (job.live) {
        rooms_->follow(session, room, top, seen);
        sessions_->tell(session, frames::GapClosed{room});
        sessions_->tell(session, frames::CursorMoved{room, cursor_of(seen).text(), log_->watermark()});
        return;
    }
    // With a gap nobody knows what it has seen elsewhere: an old message must not come to it as the newest.
    if (gap)
        rooms_->follow_all_late(session, room, top);
    else
        rooms_->follow(session, room, top, seen);
    job.newest = top;
    const auto cursor = gap ? gap_cursor(job) : cursor_of(seen);
    sessions_->tell(session, frames::Joined{room, cursor.text(), log_->watermark(), gap, job.request.seen});
    job.live = gap;
    job.joined_at = log_->watermark();
}

// ---- helpers

void Resume::send(Job& job, const base::ChatMessage& message, std::uint64_t n, bool only_change) {
    ++sent_;
    // What this client was sent a moment ago changed while its resume read on.
    only_change |= message.changed() && sent_version(job, message.id());
    only_change |= message.user().empty();  // it is gone, and nobody here knows more of it
    const bool late = job.live || message.position() < job.newest;
    if (late) DAVENPORT_MARK("a resume sends a late message");
    if (!late && !only_change) job.newest = message.position();
    // A fresh join and an exact resume go through the journal once, whatever its length.
    if (job.request.cursor && (!job.exact || job.request.cursor->gap || only_change))
        job.sent.insert_or_assign(std::string{message.id()}, base::version_of(message));
    if (only_change) return sessions_->tell(*job.session, frames::Changed{message, n});
    sessions_->tell(*job.session, frames::Message{message, n, late});
}

void Resume::send_if_missing(Job& job, const base::ChatMessage& message) {
    const auto known = shown_.as_known(message);
    if (!has_or_gets(job, known)) send(job, known, 0);
}

/// A crowd that comes from one node was shown the same there, and is sent the same here.
Flow<> Resume::send_page(Job& job, PageReads::Shared answer) {
    std::size_t bytes = 0;
    for (const auto& message : answer->messages)
        if (message.room() == job.request.room) bytes += message.text().size();
    if (answer->shared && !job.live && job.sent.empty() && bytes < session_bytes_max_) {
        job.page = crowd_.page(job.request.room, job.newest, job.page, answer);
        job.newest = job.page->shown();
        sent_ += 1 + job.page->frames()->count() / shared_cheaper;
        sessions_->send(*job.session, job.page->frames());
        co_return;
    }
    for (const auto& message : answer->messages) {  // a page may hold more than one client's queue
        if (message.room() != job.request.room) continue;
        while (!may_send(job)) co_await Pause{job};
        send_if_missing(job, message);
    }
}

bool Resume::was_sent(const Job& job, const base::ChatMessage& message) {
    const auto sent = sent_version(job, message.id());
    return sent && (!message.changed() || base::version_of(message) <= *sent);
}

std::optional<std::string_view> Resume::sent_version(const Job& job, std::string_view id) {
    if (const auto sent = job.sent.find(id); sent != job.sent.end()) return sent->second;
    return job.page ? job.page->version_of(id) : std::nullopt;
}

/// Not all that arrived before what it was shown last: a resume that was cut short sends a message that was
/// changed where the change stands. Up to its cursor's number it has all, if that has no gap.
bool Resume::surely_had(const Job& job, const base::JournalEntry& entry) {
    const auto& cursor = *job.request.cursor;
    return job.exact && !cursor.gap && entry.first_arrival() <= cursor.n;
}

/// True when the client has it from this connection, or will get it as a follower of the room.
bool Resume::has_or_gets(const Job& job, const base::ChatMessage& message) {
    if (was_sent(job, message)) return true;
    if (!job.live) return false;
    const auto id = message.id();
    if (message.changed())  // a change that is news here is shown to all followers in a moment
        if (const auto known = log_->latest(id); known && std::is_gt(base::compare_states(message, *known)))
            return true;
    if (const auto* change = log_->changes().last(id))
        return !change->shown || change->entry.arrival > job.joined_at;
    if (const auto* pending = log_->find(id); pending && !(pending->committed && log_->may_be_changed(id)))
        return !pending->shown || pending->entry.arrival > job.joined_at;
    const auto entry = log_->journal().find(id);
    return !entry || entry->arrival > job.joined_at;
}

bool Resume::may_send(const Job& job) const {
    return !job.session->closing && Sessions::queued_bytes(*job.session) < page_bytes_max_;
}

bool Resume::same_store(const Job& job) const {
    return job.request.cursor && !job.request.cursor->generation.empty() &&
           job.request.cursor->generation == store_->generation();
}

bool Resume::same_journal(const JoinRequest& request) const {
    const auto& cursor = *request.cursor;
    if (cursor.journal != log_->uuid() || !log_->has_passed(cursor.run, request.n)) return false;
    const auto there = cursor.mark.empty() ? std::string{} : log_->id_at(cursor.n);
    return there.empty() || mark_of(there) == cursor.mark;
}

Cursor Resume::cursor_of(std::string_view newest_position) const {
    return {log_->uuid(),
            log_->watermark(),
            seen_.generation,
            seen_.place,
            std::string{newest_position},
            false,
            std::string{log_->run()},
            mark_of(log_->watermark_id())};
}

Cursor Resume::gap_cursor(const Job& job) const {
    const auto& old = *job.request.cursor;
    return {log_->uuid(),
            log_->watermark(),
            old.generation,
            job.place,
            old.position,
            true,
            std::string{log_->run()},
            mark_of(log_->watermark_id())};
}

void Resume::repeat_gap_cursors(std::string_view room) {
    for (const auto& [key, job] : jobs_) {
        if (!job.live || job.request.room != room) continue;
        if (auto* session = sessions_->find(key.first))
            sessions_->tell(*session, frames::CursorMoved{room, gap_cursor(job).text(), log_->watermark()});
    }
}

}  // namespace davenport::node
