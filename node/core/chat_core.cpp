#include "node/core/chat_core.hpp"

#include "node/core/anti_entropy.hpp"
#include "node/core/backfill.hpp"
#include "node/core/changes_feed.hpp"
#include "node/core/commit_queue.hpp"
#include "node/core/frame_handler.hpp"
#include "node/core/frames.hpp"
#include "node/core/http_handler.hpp"
#include "node/core/resume.hpp"
#include "node/core/rooms.hpp"
#include "node/core/sessions.hpp"
#include "node/core/store_health.hpp"
#include "node/core/store_writer.hpp"

#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t cursor_every_messages = 100;
constexpr base::Duration cursor_every = std::chrono::seconds{5};
constexpr std::size_t known_rows_for_scan = 200;
constexpr base::Duration drain_patience = std::chrono::seconds{3};

}  // namespace

/// Brings each event to the machine that it concerns, and lets all of them act at the end of the turn, in one
/// fixed order.
class ChatCore::Impl {
public:
    Impl(ChatConfig config, base::JournalView& journal)
        : config_{std::move(config)}, api_{config_.stores}, commits_{journal} {}

    Effects start(base::Now now) {
        Turn turn{now};
        link_.start(turn);
        return finish(turn);
    }

    Effects handle(Event&& event, base::Now now) {
        Turn turn{now};
        std::visit([&](auto& e) { on(turn, e); }, event);
        // Half of all turns are that a client took what it was sent, and most of those find nothing to do.
        if (std::holds_alternative<Written>(event) && !sessions_.has_work() && !resume_.has_work() &&
            !draining_)
            return {};
        return finish(turn);
    }

    [[nodiscard]] NodeCounts counts() const {
        auto out = counts_;
        out.clients_cut_off = sessions_.cut_off();
        out.clients = sessions_.size();
        out.backlog = writer_.backlog();
        out.store_up = store_up();
        out.draining = draining_;
        return out;
    }

private:
    // ---- clients

    void on(Turn& turn, Opened& e) {
        auto user = sign_in_.required() ? sign_in_.who(e.cookies, turn.now.wall).value_or("") : std::string{};
        open(turn, e.session, std::move(e.address), std::move(user));
    }

    Session& open(Turn& turn, SessionId id, std::string address, std::string user) {
        auto& session = sessions_.open(id, std::move(address));
        session.user = std::move(user);
        sessions_.send(session, frames::welcome(config_.name, commits_.uuid(), turn.now.wall, store_up(),
                                                writer_.backlog(), config_.message_bytes_max,
                                                sign_in_.required() ? &session.user : nullptr));
        if (draining_) sessions_.send(session, frames::bye("this node is about to end"));
        return session;
    }

    void on(Turn& turn, Received& e) {
        if (auto* session = sessions_.find(e.session)) frames_.on(turn, *session, e.frame);
    }

    void on(Turn&, Written& e) {
        sessions_.written(e.session);
        resume_.written(e.session);
    }

    void on(Turn&, Closed& e) {
        resume_.closed(e.session);
        presence_.closed(e.session);
        search_.closed(e.session);
        if (auto* session = sessions_.any(e.session)) rooms_.unfollow_all(*session);
        sessions_.closed(e.session);
    }

    void on(Turn& turn, Requested& e) { http_.on(turn, e, {store_up(), writer_.backlog(), draining_}); }

    // ---- the disk

    void on(Turn& turn, Persisted& e) { desk_.committed(turn, commits_.persisted(e.batch)); }
    void on(Turn& turn, PersistFailed& e) { commits_.persist_failed(turn, e.reason); }

    void on(Turn& turn, Found& e) { search_.found(turn, e.search, e.answer); }

    // ---- the store

    void on(Turn& turn, Fetched& e) {
        switch (RequestTable::asker(e.fetch)) {
            case RequestOwner::link:
                return link_.on_answer(turn, e.fetch, e.response);
            case RequestOwner::writer:
                return desk_.settled(turn, writer_.on_answer(turn, e.fetch, e.response));
            case RequestOwner::feed:
                return take(turn, feed_.on_answer(turn, e.fetch, e.response));
            case RequestOwner::lookup:
                return desk_.on_answer(turn, e.fetch, e.response);
            case RequestOwner::resume:
                for (auto& row : resume_.on_answer(turn, e.fetch, e.response))
                    desk_.row(turn, std::move(row));
                return;
            case RequestOwner::scan:
                return take(turn, scan_.on_answer(turn, e.fetch, e.response));
            case RequestOwner::presence:
                return presence_.on_answer(turn, e.fetch, e.response);
            case RequestOwner::sign_in:
                return sign_in_.on_answer(turn, e.fetch, e.response);
            case RequestOwner::audit:
                return write_again(turn, audit_.on_answer(turn, e.fetch, e.response));
        }
    }
    void on(Turn& turn, FetchHead& e) { feed_.on_head(turn, e.fetch, e.status); }
    void on(Turn& turn, FetchData& e) { take(turn, feed_.on_data(turn, e.fetch, e.bytes)); }
    void on(Turn& turn, FetchEnded& e) { take(turn, feed_.on_ended(turn, e.fetch)); }
    void on(Turn& turn, FetchFailed& e) {
        switch (RequestTable::asker(e.fetch)) {
            case RequestOwner::link:
                return link_.on_failed(turn, e.fetch, e.reason);
            case RequestOwner::writer:
                return writer_.on_failed(turn, e.fetch, e.reason);
            case RequestOwner::feed:
                return feed_.on_failed(turn, e.fetch);
            case RequestOwner::lookup:
                return desk_.on_failed(turn, e.fetch);
            case RequestOwner::resume:
                return resume_.on_failed(turn, e.fetch);
            case RequestOwner::scan:
                return scan_.on_failed(turn, e.fetch);
            case RequestOwner::presence:
                return presence_.on_failed(e.fetch);
            case RequestOwner::sign_in:
                return sign_in_.on_failed(turn, e.fetch);
            case RequestOwner::audit:
                return audit_.on_failed(turn, e.fetch);
        }
    }

    void write_again(Turn& turn, const std::vector<std::string>& lost) {
        if (lost.empty()) return;
        turn.error("store: it has lost " + std::to_string(lost.size()) +
                   " messages that it had acknowledged; they are written again");
        for (auto id = lost.rbegin(); id != lost.rend();
             ++id)  // each goes before all that wait, so the oldest is the first
            if (const auto entry = commits_.journal().find(*id))
                writer_.enqueue_again(*entry);
            else if (commits_.find(*id))
                audit_.track(*id);  // on its way to the disk still: it is looked for once more
    }

    void take(Turn& turn, FeedBatch news) {
        bool old_news = news.went_back;
        for (auto& row : news.rows) {
            if (row.presence) {
                presence_.heard(std::move(*row.presence));
            } else if (row.message) {
                const bool known = desk_.row(turn, std::move(row));
                known_run_ = known ? known_run_ + 1 : 0;
                old_news |= known;
            }
        }
        if (old_news && config_.feed != FeedMode::continuous)
            audit_.reverify();  // none is open that would have broken
        set_checkpoint(news.seq);
        if (news.caught_up || feed_.detached()) known_run_ = 0;
        if (known_run_ < std::min(known_rows_for_scan, config_.page_rows_max)) return;
        known_run_ = 0;
        scan_.begin(feed_.seq());
        feed_.detach(turn);
    }

    void take(Turn& turn, BackfillBatch news) {
        for (const auto& id : news.known) desk_.sighted(turn, id);
        for (auto& row : news.rows) desk_.row(turn, std::move(row));
        if (!news.done) return;
        feed_.attach(turn, scan_.seq());
        scan_.stop(turn);
        set_checkpoint(feed_.seq());
    }

    void read_feed_from(Turn& turn, std::string seq) {
        scan_.stop(turn);
        feed_.begin_at(turn, std::move(seq));
    }

    /// With or after the messages that it covers: what is held before goes to the disk before it, or in the
    /// same batch.
    void set_checkpoint(const std::string& seq) {
        if (seq.empty() || seq == checkpoint_seq_) return;
        checkpoint_seq_ = seq;
        commits_.set_checkpoint({link_.generation(), seq});
    }

    // ---- time

    void on(Turn& turn, TimerFired& e) {
        switch (e.timer) {
            case timers::link:
                return link_.on_timer(turn);
            case timers::writer:
                return writer_.on_timer(turn);
            case timers::feed:
                return feed_.on_timer(turn);
            case timers::scan:
                return scan_.on_timer(turn);
            case timers::audit:
                return audit_.on_timer(turn);
            case timers::lookup:
                return desk_.on_timer(turn);
            case timers::resume:
                return resume_.on_timer(turn);
            case timers::sign_in:
                return sign_in_.on_timer(turn);
            case timers::polls:
                return polls_.on_timer(turn);
            case timers::cursors:
                cursors_due_ = true;
                return;
            default:
                return;  // woken for the end of the turn
        }
    }

    void on(Turn& turn, Drain&) {
        if (std::exchange(draining_, true)) return;
        desk_.stop_taking();
        sessions_.send_to_all(base::one_frame(frames::bye("this node is about to end: go on elsewhere")));
        polls_.end_all(turn);
        presence_.end(turn);
        commits_.hurry();
        drain_until_ = turn.now.time + drain_patience;
        turn.emit(SetTimer{timers::drain, drain_until_});
    }

    // ---- the end of a turn

    Effects finish(Turn& turn) {
        follow_store(turn);
        writer_.pump(turn);  // first on its way: the commit goes on beside it, in another thread
        commits_.flush(turn);
        if (scan_.active() && !feed_.detached()) read_feed_from(turn, scan_.seq());  // the live feed ended
        feed_.pump(turn);
        scan_.pump(turn, feed_.live());
        tell_store_state();
        auto cursors = take_due_cursors(turn);
        rooms_.seal();
        for (const auto& room : cursors) resume_.repeat_gap_cursors(room);
        commits_.advance();
        resume_.set_seen(link_.generation(), feed_.seq());
        const auto marked = commits_.take_marked();
        for (const auto& id : marked) audit_.track(id);
        audit_.pump(turn, feed_.watching());
        resume_.stored(marked);
        resume_.pump(turn);
        presence_.pump(turn);
        sessions_.flush(turn);
        while (polls_.take(turn)) {
            resume_.pump(turn);
            sessions_.flush(turn);
        }
        if (draining_ && !drained_ && commits_.idle() &&
            (sessions_.idle() || turn.now.time >= drain_until_)) {
            drained_ = true;
            turn.emit(Drained{});
        }
        return std::move(turn.effects);
    }

    /// Draws the consequences when the store came, or another one did.
    void follow_store(Turn& turn) {
        if (link_.generation() != generation_) {
            const auto checkpoint = commits_.journal().state().checkpoint;
            const bool known =
                generation_.empty() && checkpoint && checkpoint->generation == link_.generation();
            if (!generation_.empty())
                turn.warn("store: another one answers than before; it is given what it has not");
            generation_ = link_.generation();
            commits_.store_changed();
            writer_.store_changed(turn, known);
            audit_.store_changed();
            presence_.store_changed();
            checkpoint_seq_ = known ? checkpoint->seq : "0";
            read_feed_from(turn, checkpoint_seq_);
        }
        if (link_.up() && !std::exchange(was_up_, true)) {
            writer_.start_over(turn);
            read_feed_from(turn, scan_.active() ? scan_.seq() : feed_.seq());
        }
        was_up_ = link_.up();
        const bool back = link_.usable() && !was_usable_;
        const bool gone = was_usable_ && !link_.usable();
        was_usable_ = link_.usable();
        const bool caught_up = feed_.caught_up() && !was_caught_up_;
        was_caught_up_ = feed_.caught_up();
        if (caught_up) writer_.feed_caught_up();
        if (gone || back) audit_.reverify();  // what its open feed still brought meanwhile counts, too
        if (back || caught_up) resume_.store_is_back();
    }

    [[nodiscard]] bool store_up() const { return link_.up() && !writer_.stalled(); }

    void tell_store_state() {
        if (store_up() == told_up_) return;
        told_up_ = store_up();
        sessions_.send_to_all(base::one_frame(frames::store(told_up_, writer_.backlog())));
    }

    /// Now and then a room's followers get a cursor that is good elsewhere, too.
    std::vector<std::string> take_due_cursors(Turn& turn) {
        std::vector<std::string> out;
        for (auto* room : rooms_.take_stale_cursors(cursors_due_ ? 1 : cursor_every_messages)) {
            rooms_.announce(*room, frames::cursor(room->name, resume_.cursor_of(room->newest).text(),
                                                  commits_.watermark()));
            out.push_back(room->name);
        }
        if (std::exchange(cursors_due_, false)) cursors_armed_ = false;
        if (rooms_.has_stale_cursors() && !std::exchange(cursors_armed_, true))
            turn.emit(SetTimer{timers::cursors, turn.now.time + cursor_every});
        return out;
    }

    ChatConfig config_;
    StoreApi api_;
    RequestTable ids_;
    base::Random random_{base::Random::stream(config_.random_seed, "node")};
    NodeCounts counts_;
    CommitQueue commits_;
    Sessions sessions_{config_.session_bytes_max};
    Rooms rooms_{sessions_};
    StoreHealth link_{config_, api_, ids_, random_};
    StoreWriter writer_{config_, api_, ids_, random_, commits_, link_};
    ChangesFeed feed_{config_, api_, ids_, random_, link_};
    Backfill scan_{config_, api_, ids_, commits_, link_};
    AntiEntropy audit_{config_, api_, ids_, commits_, link_};
    Resume resume_{config_, api_, ids_, commits_, sessions_, rooms_, link_, feed_, audit_};
    Polls polls_{commits_, sessions_, resume_, rooms_};
    SearchHandler search_{sessions_};
    PresenceTracker presence_{config_, api_, ids_, commits_.uuid(), sessions_, rooms_, link_};
    SignIn sign_in_{config_, api_, ids_, link_};
    PostHandler desk_{config_, api_, ids_, commits_, sessions_, rooms_, link_, writer_, counts_};
    FrameHandler frames_{config_, commits_, sessions_, rooms_, resume_, presence_, search_, sign_in_, desk_};
    HttpHandler http_{config_,
                      random_,
                      commits_,
                      resume_,
                      polls_,
                      desk_,
                      search_,
                      sign_in_,
                      [this](Turn& turn, SessionId id, std::string address, std::string user) -> Session& {
                          return open(turn, id, std::move(address), std::move(user));
                      }};

    base::Generation generation_;  ///< of the store that the machines work for
    std::string checkpoint_seq_;   ///< the last that the commit_queue was given
    std::size_t known_run_ = 0;    ///< rows in a row that were known
    bool was_up_ = false;
    bool was_usable_ = false;
    bool was_caught_up_ = false;
    bool told_up_ = false;
    bool cursors_due_ = false;
    bool cursors_armed_ = false;
    bool draining_ = false;
    bool drained_ = false;
    base::Time drain_until_{};
};

ChatCore::ChatCore(ChatConfig config, base::JournalView& journal)
    : impl_{std::make_unique<Impl>(std::move(config), journal)} {}
ChatCore::~ChatCore() = default;
ChatCore::ChatCore(ChatCore&&) noexcept = default;
ChatCore& ChatCore::operator=(ChatCore&&) noexcept = default;

NodeCounts ChatCore::counts() const { return impl_->counts(); }
Effects ChatCore::start(base::Now now) { return impl_->start(now); }
Effects ChatCore::handle(Event&& event, base::Now now) { return impl_->handle(std::move(event), now); }

}  // namespace davenport::node
