#include "node/base/message_id.hpp"
#include "node/core/clients/resume.hpp"

#include <algorithm>
#include <functional>

/// What a join goes through, stage by stage; see resume.hpp for the whole.
namespace davenport::node {
namespace {

constexpr std::size_t uncommitted_rows_max = 200;  // so many of a page may not be there yet for clients
constexpr std::size_t pages_under_way_max = 4;     // a crowd that hops to this node asks the store in turn
constexpr std::size_t guess_rows_max = 2000;
constexpr std::int64_t guess_margin_ms = 5 * 60 * 1000;

}  // namespace

Resume::Then Resume::send_history(Job& job, Session& session) {
    std::vector<base::ChatMessage> newest_first;
    for (auto& entry : log_->journal().page(job.request.room, {}, job.request.history + uncommitted_rows_max))
        if (entry.arrival <= log_->watermark()) newest_first.push_back(std::move(entry.message));
    for (const auto* pending : log_->uncommitted(job.request.room))
        newest_first.push_back(pending->entry.message);
    std::ranges::sort(newest_first, std::ranges::greater{}, &base::ChatMessage::position);
    std::size_t count = 0;
    for (std::size_t bytes = 0; count < std::min(newest_first.size(), job.request.history); ++count) {
        bytes += newest_first[count].text().size() + 256;
        if (bytes > page_bytes_max_) break;
    }
    newest_first.resize(count);
    std::ranges::reverse(newest_first);
    for (const auto& message : newest_first) send(job, session, message, 0);
    return finish(job, session, false);
}

Resume::Then Resume::ask_feed(Turn& turn, const Key& key, Job& job) {
    if (job.reading != 0) return Then::wait;
    if (!store_->usable() || !same_store(job)) {
        give_up_feed(job);
        return Then::again;
    }
    if (!job.suspicions && store_->verifying()) {
        waiting_.insert(key);
        return Then::wait;
    }
    if (pages_under_way_ >= pages_under_way_max) {
        ready_.insert(key);
        return Then::wait;
    }
    if (!job.suspicions) job.suspicions = store_->suspicions();
    ++pages_under_way_;
    reading_.insert(key);
    job.reading =
        store_->read_since(turn, job.place, [this, key](Turn& t, const StorePage* page, bool unknown_place) {
            on_page(t, key, page, unknown_place);
        });
    return Then::wait;
}

void Resume::on_page(Turn& turn, const Key& key, const StorePage* page, bool unknown_place) {
    auto& job = jobs_.at(key);  // when it goes, it forgets what it reads
    job.reading = 0;
    --pages_under_way_;
    ready_.insert(key);
    if (unknown_place) {
        job.place = beginning;  // all of it, then
        return;
    }
    if (!page) return give_up_feed(job);
    auto* session = sessions_->find(key.first);
    if (!session) return;
    for (const auto& message : page->messages)
        if (message.room() == job.request.room && !has_or_gets(job, message.id()))
            send(job, *session, message, 0);
    job.place = page->next;
    if (page->more) return;  // or a row came twice
    job.stage = Stage::confirm;
    job.read_at = turn.now.time;
}

/// Another store may have taken the place of the one that the cursor is of, and this node not know it yet:
/// what it has of the old one is not in the new one's feed.
Resume::Then Resume::confirm(Turn& turn, const Key& key, Job& job, Session& session) {
    if (!store_->usable() || !same_store(job)) {
        give_up_feed(job);
        return Then::again;
    }
    if (store_->confirmed_at() < job.read_at) {
        waiting_.insert(key);
        store_->recheck(turn);
        return Then::wait;
    }
    if (job.suspicions !=
        store_->suspicions()) {  // what was read may have been without what is found missing, or back by now
        job.suspicions.reset();
        job.place = job.request.cursor->place;
        job.stage = Stage::feed;
        return Then::again;
    }
    send_unverified(job, session);
    job.stage = Stage::unstored;
    job.after = 0;
    return Then::again;
}

/// The store may have lost what it acknowledged a moment ago; that is found out and mended, but not for who
/// reads it now.
void Resume::send_unverified(Job& job, Session& session) {
    for (const auto& id : store_->unverified()) {
        const auto* pending = log_->find(id);
        const auto entry = pending ? std::optional{pending->entry} : log_->journal().find(id);
        if (entry && entry->message.room() == job.request.room && !has_or_gets(job, id))
            send(job, session, entry->message, 0);
    }
}

Resume::Then Resume::send_unstored(Turn& turn, const Key& key, Job& job, Session& session) {
    for (std::size_t read = 0; read < journal_rows_per_turn; read += page_rows_) {
        const auto page = log_->journal().not_stored_in(store_->generation(), job.after, page_rows_);
        for (const auto& entry : page) {
            if (full(session)) return Then::wait;
            job.after = entry.arrival;
            if (entry.arrival > job.joined_at) break;
            if (entry.message.room() == job.request.room && !has_or_gets(job, entry.message.id()))
                send(job, session, entry.message, 0);
        }
        if (page.size() == page_rows_ && job.after <= job.joined_at) continue;
        for (const auto& id : std::exchange(job.stored_meanwhile, {})) {
            const auto* pending = log_->find(id);
            const auto entry = pending ? std::optional{pending->entry} : log_->journal().find(id);
            if (entry && !has_or_gets(job, id)) send(job, session, entry->message, 0);
        }
        if (job.live) return finish(job, session, false);
        job.stage = Stage::arrivals;
        job.after = job.joined_at;
        return Then::again;
    }
    ready_.insert(key);
    turn.emit(SetTimer{timers::resume, turn.now.time});
    return Then::wait;
}

Resume::Then Resume::send_arrivals(Job& job, Session& session) {
    const auto page = log_->journal().after(job.request.room, job.after, page_rows_);
    for (const auto& entry : page) {
        if (entry.arrival > log_->watermark()) break;
        if (full(session)) return Then::wait;
        job.after = entry.arrival;
        if (!job.sent.contains(entry.message.id()))
            send(job, session, entry.message, job.exact ? entry.arrival : 0);
    }
    if (page.size() == page_rows_ && page.back().arrival <= log_->watermark()) return Then::again;
    for (const auto* pending : log_->uncommitted(job.request.room))
        if (!job.sent.contains(pending->entry.message.id()))
            send(job, session, pending->entry.message, job.exact ? log_->watermark() : 0);
    const bool guessed = job.guessed.has_value();
    job.guessed.reset();
    return finish(job, session, guessed || (job.request.cursor->gap && job.exact));
}

/// What the room has from a while before the cursor's place on, oldest first.
std::deque<std::string> Resume::ids_since(const Job& job) {
    const auto place = base::parse_message_id("x:" + job.request.cursor->position);
    const auto from = place ? base::make_foreign_letters(place->unix_ms - guess_margin_ms, {}).substr(0, 10)
                            : std::string{};
    std::vector<std::pair<std::string, std::string>> found;  // position, id
    for (std::string before; found.size() < guess_rows_max;) {
        const auto page = log_->journal().page(job.request.room, before, page_rows_);
        for (const auto& entry : page) {
            if (entry.message.position() < from) break;
            if (entry.arrival <= log_->watermark())
                found.emplace_back(entry.message.position(), entry.message.id());
        }
        if (page.size() < page_rows_ || page.back().message.position() < from) break;
        before = page.back().message.position();
    }
    for (const auto* pending : log_->uncommitted(job.request.room))
        found.emplace_back(pending->entry.message.position(), pending->entry.message.id());
    std::ranges::sort(found);
    std::deque<std::string> out;
    for (auto& [position, id] : found) out.push_back(std::move(id));
    return out;
}

Resume::Then Resume::guess_by_time(Job& job, Session& session) {
    if (!job.guessed) {
        job.guessed = ids_since(job);
        job.after = log_->watermark();
    }
    for (auto& ids = *job.guessed; !ids.empty(); ids.pop_front()) {
        if (full(session)) return Then::wait;
        const auto* pending = log_->find(ids.front());
        const auto entry = pending ? std::optional{pending->entry} : log_->journal().find(ids.front());
        if (entry && !has_or_gets(job, ids.front())) send(job, session, entry->message, 0);
    }
    // Live already: this was the second look, after the node itself has read all that the store has.
    if (job.live) {
        job.guessed.reset();
        return finish(job, session, false);
    }
    job.stage = Stage::arrivals;  // what came while this was sent
    return Then::again;
}

Resume::Then Resume::close_gap(Job& job) {
    if (!store_->usable()) return Then::wait;
    if (same_store(job)) {
        job.stage = Stage::feed;
        return Then::again;
    }
    if (!store_->caught_up()) return Then::wait;
    job.stage = Stage::by_time;
    return Then::again;
}

Resume::Then Resume::finish(Job& job, Session& session, bool gap) {
    const auto& room = job.request.room;
    const auto top = top_position(room);
    auto seen = std::max({top, job.newest, job.request.seen});
    if (job.request.cursor) seen = std::max(seen, job.request.cursor->position);
    if (job.live) {
        rooms_->follow(session, room, top, seen);
        sessions_->tell(session, frames::GapClosed{room});
        sessions_->tell(session, frames::CursorMoved{room, cursor_of(seen).text(), log_->watermark()});
        return Then::done;
    }
    // With a gap nobody knows what it has seen elsewhere: an old message must not come to it as the newest.
    if (gap)
        rooms_->follow_all_late(session, room, top);
    else
        rooms_->follow(session, room, top, seen);
    job.newest = top;
    const auto cursor = gap ? gap_cursor(job) : cursor_of(seen);
    sessions_->tell(session, frames::Joined{room, cursor.text(), log_->watermark(), gap});
    if (!gap) return Then::done;
    job.live = true;
    job.joined_at = log_->watermark();
    job.stage = Stage::gap;
    return Then::again;
}

void Resume::give_up_feed(Job& job) { job.stage = job.live ? Stage::gap : Stage::by_time; }

}  // namespace davenport::node
