#include "node/core/clients/resume.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {

Resume::Resume(const ChatConfig& config, CommitQueue& log, Store& store, Sessions& sessions, Rooms& rooms)
    : page_bytes_max_{std::max<std::size_t>(1, config.session_bytes_max / 4)},
      page_rows_{std::min<std::size_t>(200, config.page_rows_max)},
      log_{&log},
      store_{&store},
      sessions_{&sessions},
      rooms_{&rooms} {}

// ---- what happens to jobs

void Resume::join(Session& session, JoinRequest request) {
    const Key key{session.id, request.room};
    leave(session.id, request.room);
    auto& job = jobs_[key];
    job.request = std::move(request);
    job.joined_at = log_->watermark();
    if (const auto& cursor = job.request.cursor) {
        const auto n = std::max(cursor->n, job.request.n);
        job.place = cursor->place;
        job.newest = std::max(cursor->position, job.request.seen);
        // An arrival that is not there yet is of a journal that was rolled back, and means nothing here.
        job.exact = cursor->journal == log_->uuid() && n <= log_->watermark();
        if (job.exact) {
            job.stage = Stage::arrivals;
            job.after = n;
            job.newest = std::max(job.newest, newest_seen(job.request.room, n));
        } else {
            job.stage = store_->usable() && same_store(job) ? Stage::feed : Stage::by_time;
        }
    }
    ready_.insert(key);
}

void Resume::leave(SessionId session, std::string_view room) {
    const auto it = jobs_.find({session, std::string{room}});
    if (it == jobs_.end()) return;
    forget_reading(it->second);
    jobs_.erase(it);
}

void Resume::closed(SessionId session) {
    auto it = jobs_.lower_bound({session, {}});
    while (it != jobs_.end() && it->first.first == session) {
        forget_reading(it->second);
        it = jobs_.erase(it);
    }
}

bool Resume::is_closing_gap(SessionId session) const {
    for (auto it = jobs_.lower_bound({session, {}}); it != jobs_.end() && it->first.first == session; ++it)
        if (it->second.live && it->second.stage != Stage::gap) return true;
    return false;
}

void Resume::written(SessionId session) {
    for (auto it = jobs_.lower_bound({session, {}}); it != jobs_.end() && it->first.first == session; ++it)
        if (it->second.stage != Stage::gap) ready_.insert(it->first);
}

void Resume::store_is_back() {
    for (const auto& [key, job] : jobs_)
        if (job.stage == Stage::gap) ready_.insert(key);
}

void Resume::stored(const std::vector<std::string>& ids) {
    if (ids.empty()) return;
    std::erase_if(reading_, [&](const Key& key) {
        const auto it = jobs_.find(key);
        if (it == jobs_.end()) return true;
        const auto stage = it->second.stage;
        if (stage != Stage::feed && stage != Stage::confirm && stage != Stage::unstored) return true;
        const auto prefix = key.second + ':';
        for (const auto& id : ids)
            if (id.starts_with(prefix)) it->second.stored_meanwhile.push_back(id);
        return false;
    });
}

void Resume::pump(Turn& turn) {
    const auto confirmed_at = store_->confirmed_at();
    const bool looking_back = store_->verifying();
    if (!waiting_.empty() &&
        (!store_->usable() || confirmed_at != confirmed_at_ || looking_back != looking_back_))
        ready_.merge(std::exchange(waiting_, {}));
    confirmed_at_ = confirmed_at;
    looking_back_ = looking_back;
    for (const auto& key : std::exchange(ready_, {})) run(turn, key);
}

void Resume::run(Turn& turn, const Key& key) {
    const auto it = jobs_.find(key);
    if (it == jobs_.end()) return;
    for (;;) {
        auto* session = sessions_->find(key.first);
        if (!session) return leave(key.first, key.second);
        const auto then = step(turn, key, it->second, *session);
        if (then == Then::wait) return;
        if (then == Then::done) {
            jobs_.erase(it);
            return;
        }
    }
}

Resume::Then Resume::step(Turn& turn, const Key& key, Job& job, Session& session) {
    if (job.stage != Stage::gap && full(session)) return Then::wait;  // written() brings it back
    switch (job.stage) {
        case Stage::history:
            return send_history(job, session);
        case Stage::feed:
            return ask_feed(turn, key, job);
        case Stage::confirm:
            return confirm(turn, key, job, session);
        case Stage::unstored:
            return send_unstored(turn, key, job, session);
        case Stage::arrivals:
            return send_arrivals(job, session);
        case Stage::by_time:
            return guess_by_time(job, session);
        case Stage::gap:
            return close_gap(job);
    }
    return Then::done;
}

void Resume::forget_reading(Job& job) {
    if (job.reading == 0) return;
    store_->forget(std::exchange(job.reading, 0));
    --pages_under_way_;
}

// ---- helpers

void Resume::send(Job& job, Session& session, const base::ChatMessage& message, std::uint64_t n) {
    const bool late = job.live || message.position() < job.newest;
    if (!late) job.newest = message.position();
    // A fresh join and an exact resume go through the journal once, whatever its length.
    if (job.request.cursor && (!job.exact || job.request.cursor->gap)) job.sent.emplace(message.id());
    sessions_->tell(session, frames::Message{message, n, late});
}

bool Resume::has_or_gets(const Job& job, std::string_view id) {
    if (job.sent.contains(id)) return true;
    if (!job.live) return false;
    if (const auto* pending = log_->find(id))
        return !pending->shown || pending->entry.arrival > job.joined_at;
    const auto entry = log_->journal().find(id);
    return !entry || entry->arrival > job.joined_at;
}

bool Resume::full(const Session& session) const { return Sessions::queued_bytes(session) >= page_bytes_max_; }

bool Resume::same_store(const Job& job) const {
    return job.request.cursor && !job.request.cursor->generation.empty() &&
           job.request.cursor->generation == store_->generation();
}

std::string Resume::top_position(std::string_view room) {
    auto top = newest_seen(room, log_->watermark());
    for (const auto* pending : log_->uncommitted(room))
        top = std::max<std::string_view>(top, pending->entry.message.position());
    return top;
}

std::string Resume::newest_seen(std::string_view room, std::uint64_t n) {
    std::string before;
    auto rows = std::min<std::size_t>(2, page_rows_);  // nearly always it is the newest of all
    for (std::size_t read = 0; read < journal_rows_per_turn; read += std::exchange(rows, page_rows_)) {
        const auto page = log_->journal().page(room, before, rows);
        for (const auto& entry : page)
            if (entry.arrival <= n) return std::string{entry.message.position()};
        if (page.size() < rows) break;
        before = page.back().message.position();
    }
    return {};
}

Cursor Resume::cursor_of(std::string_view newest_position) const {
    return {log_->uuid(), log_->watermark(), seen_.generation, seen_.place, std::string{newest_position},
            false};
}

Cursor Resume::gap_cursor(const Job& job) const {
    const auto& old = *job.request.cursor;
    return {log_->uuid(), log_->watermark(), old.generation, job.place, old.position, true};
}

void Resume::repeat_gap_cursors(std::string_view room) {
    for (const auto& [key, job] : jobs_) {
        if (!job.live || job.request.room != room) continue;
        if (auto* session = sessions_->find(key.first))
            sessions_->tell(*session, frames::CursorMoved{room, gap_cursor(job).text(), log_->watermark()});
    }
}

}  // namespace davenport::node
