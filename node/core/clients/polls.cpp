#include "node/core/clients/polls.hpp"

#include "node/base/mark.hpp"
#include "node/core/clients/http_api.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace davenport::node {
namespace {

constexpr SessionId poll_bit = SessionId{1} << 63;  // no connection has such a number
constexpr std::size_t polls_max = 10'000;
// From the first message to the answer: others of the same moment come along, and the disk has them by then,
// so that they are not told again.
constexpr base::Duration linger = std::chrono::milliseconds{10};
// As long as that, when what it may have missed is being read: answered before the end, the next poll would
// begin with it again, and again. A slow store keeps nobody silent for longer.
constexpr base::Duration gap_patience = std::chrono::seconds{5};

/// A place that was handed out before, for who was shown more since.
std::string with_seen(const std::string& next, std::string_view seen) {
    const auto first = next.find('.');
    const auto second = first == std::string::npos ? first : next.find('.', first + 1);
    if (first == std::string::npos || seen.empty()) return next;
    return (next.substr(0, second) += '.') += seen;
}

}  // namespace

bool Polls::read_next(std::string_view next, JoinRequest& into) {
    const auto dot = next.find('.');
    if (dot == std::string_view::npos) return false;
    const auto [end, error] = std::from_chars(next.data(), next.data() + dot, into.n);
    if (error != std::errc{} || end != next.data() + dot) return false;
    const auto rest = next.substr(dot + 1);
    const auto second = rest.find('.');
    into.cursor = Cursor::parse(rest.substr(0, second));
    if (second != std::string_view::npos) into.seen = rest.substr(second + 1);
    return into.cursor && (into.seen.empty() || base::parse_message_id("x:" + into.seen));
}

std::string Polls::next_of(std::uint64_t n, std::string_view cursor, std::string_view seen) {
    auto out = std::to_string(n) + '.' + std::string{cursor};
    if (!seen.empty()) (out += '.') += seen;
    return out;
}

bool Polls::begin(Turn& turn, ExchangeId exchange, Wish wish, std::string address, Members::Pass pass) {
    if (polls_.size() >= polls_max) return false;
    const auto id = poll_bit | exchange;
    auto& session = sessions_->open(id, std::move(address));
    session.pass = std::move(pass);
    session.outlet = this;
    auto& poll = polls_[id];
    poll.exchange = exchange;
    poll.room = wish.join.room;
    poll.next = std::move(wish.next);
    poll.seen = wish.join.seen;
    poll.until = turn.now.time + wish.patience;
    resume_->join(turn, session, std::move(wish.join));
    arm(turn);
    return true;
}

void Polls::on_frames(SessionId session, base::FrameList frames) {
    const auto found = polls_.find(session);
    if (found == polls_.end()) return;
    for (const auto& batch : frames)
        for (std::size_t i = 0; i < batch->count(); ++i) add(found->second, batch->at(i), batch->mark(i));
    served_.push_back(session);
}

bool Polls::gather(Turn& turn) {
    if (polls_.empty()) return false;
    const bool more = !served_.empty();
    for (const auto id : std::exchange(served_, {})) {
        sessions_->written(id);
        resume_->written(id);
    }
    // It was sent more than its queue holds: what it has is its answer, and it comes again for the rest.
    for (const auto id : std::exchange(cut_off_, {}))
        if (const auto found = polls_.find(id); found != polls_.end()) {
            DAVENPORT_MARK("a poll is cut off with what it has");
            answer(turn, id, found->second);
        }
    bool any = false;
    for (auto& [id, poll] : polls_) {
        if (!poll.joined || poll.messages.empty()) continue;
        const bool closing = resume_->is_closing_gap(id);
        if (closing) DAVENPORT_MARK("a poll waits for its gap to close");
        const auto wait = closing ? gap_patience : linger;
        poll.until = std::min(poll.until, turn.now.time + wait);
        any = true;
    }
    if (any) arm(turn);
    return more && !polls_.empty();
}

void Polls::on_timer(Turn& turn) {
    std::vector<SessionId> over;
    for (const auto& [id, poll] : polls_)
        if (poll.until <= turn.now.time) over.push_back(id);
    for (const auto id : over) {
        auto& poll = polls_.at(id);
        if (const auto place = resume_->reached(id, poll.room)) go_on_from(poll, *place);
        answer(turn, id, poll);
    }
    arm(turn);
}

void Polls::end_all(Turn& turn) {
    while (!polls_.empty()) answer(turn, polls_.begin()->first, polls_.begin()->second);
}

void Polls::add(Poll& poll, std::string_view text, const base::FrameMark& mark) {
    const bool joined = mark.type == "joined";
    if (mark.type == "message" || mark.type == "changed") {
        poll.messages.emplace_back(text);
    } else if (joined || mark.type == "cursor") {
        poll.cursor = mark.cursor;
    } else {
        if (mark.type == "gap-closed") DAVENPORT_MARK("the gap of a poll closes");
        if (mark.type == "gap-closed") poll.gap = false;
        return;
    }
    poll.n = std::max(poll.n, mark.n);
    poll.seen = std::max(poll.seen, mark.position);
    if (!joined) return;
    poll.joined = true;
    poll.gap = mark.gap;
}

/// The next poll begins where this one came to. A store that is slow, or has much to tell, would never come
/// to the end otherwise.
void Polls::go_on_from(Poll& poll, const std::string& place) {
    DAVENPORT_MARK("a poll ends while its resume reads the store");
    JoinRequest came_with;
    if (!poll.joined && !read_next(poll.next, came_with)) return;
    auto cursor = poll.joined ? Cursor::parse(poll.cursor) : came_with.cursor;
    if (!cursor || (poll.joined && !cursor->gap)) return;
    cursor->place = place;
    if (poll.joined)
        poll.cursor = cursor->text();
    else
        poll.next = next_of(came_with.n, cursor->text(), came_with.seen);
}

void Polls::answer(Turn& turn, SessionId id, Poll& poll) {
    // Before it is joined it has no place of its own yet: it goes on from where it came. With a gap its
    // cursor tells of it.
    auto* session = sessions_->any(id);
    auto next = poll.joined ? next_of(poll.n, poll.cursor, poll.seen) : with_seen(poll.next, poll.seen);
    if (!poll.joined) DAVENPORT_MARK("a poll is answered before it has joined");
    if (poll.joined && !poll.gap && session && !session->rooms.empty()) {
        const auto& newest = session->rooms.front()->newest;
        next = next_of(commits_->watermark(), resume_->cursor_of(newest).text(),
                       poll.seen > newest ? poll.seen : std::string{});
    }
    if (poll.joined && poll.gap) DAVENPORT_MARK("a poll is answered with a gap");
    turn.emit(Respond{poll.exchange, http_api::polled(poll.room, poll.messages, next, poll.gap)});
    end(turn, id);
}

bool Polls::turn_away(Turn& turn, SessionId id, base::HttpResponse answer) {
    const auto found = polls_.find(id);
    if (found == polls_.end()) return false;
    DAVENPORT_MARK("a poll is turned away");
    turn.emit(Respond{found->second.exchange, std::move(answer)});
    end(turn, id);
    return true;
}

void Polls::end(Turn& turn, SessionId id) {
    resume_->closed(turn, id);
    if (auto* session = sessions_->any(id)) rooms_->unfollow_all(*session);
    sessions_->closed(id);
    polls_.erase(id);
}

void Polls::arm(Turn& turn) {
    const auto first =
        std::ranges::min_element(polls_, {}, [](const auto& entry) { return entry.second.until; });
    if (first != polls_.end()) turn.emit(SetTimer{timers::polls, first->second.until});
}

}  // namespace davenport::node
