#include "node/core/chat_core.hpp"

#include "node/core/clients/clients.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/make_store.hpp"

#include <utility>
#include <variant>

namespace davenport::node {
namespace {

constexpr base::Duration drain_patience = std::chrono::seconds{3};
constexpr base::Duration drain_of_disk = std::chrono::seconds{5};

}  // namespace

/// Joins three objects: what this node knows (the log), the shared store, and the clients. Brings each event
/// to the one that it concerns, and lets all of them act at the end of the turn.
class ChatCore::Impl {
public:
    Impl(ChatConfig config, base::JournalView& journal) : config_{std::move(config)}, log_{journal} {
        store_->listen(clients_);
    }

    Effects start(base::Now now) {
        Turn turn{now};
        store_->start(turn);
        return finish(turn);
    }

    Effects handle(Event&& event, base::Now now) {
        Turn turn{now};
        wall_ = now.wall;
        std::visit([&](auto& e) { on(turn, e); }, event);
        // Half of all turns are that a client took what it was sent, and most of those find nothing to do.
        if (std::holds_alternative<Written>(event) && !clients_.has_work() && !draining_) return {};
        return finish(turn);
    }

    [[nodiscard]] std::size_t queued_bytes_most(SessionId session) const {
        return clients_.queued_bytes_most(session);
    }
    [[nodiscard]] NodeCounts counts() const {
        auto out = counts_;
        out.clients_cut_off = clients_.cut_off();
        out.clients = clients_.size();
        out.send_queue_bytes = clients_.queued_bytes();
        out.send_queue_bytes_most = clients_.queued_bytes_most();
        out.backlog = store_->backlog();
        out.unsettled = store_->unsettled();
        out.bans = log_.policies().count_bans(wall_);
        out.rooms_with_settings = log_.policies().count_rooms();
        out.store_up = store_->up();
        out.caught_up = store_->caught_up();
        out.draining = draining_;
        out.catching_up = store_->catching_up();
        out.catch_up_read = store_->progress().read;
        out.catch_up_total = store_->progress().of;
        out.journal_writable = !log_.failing();
        out.full_ids_from = store_->full_ids_from();
        out.clock_ahead_ms = store_->clock_ahead().count() / 1000;
        return out;
    }

private:
    // From clients.
    void on(Turn& turn, Opened& e) { clients_.on(turn, e); }
    void on(Turn& turn, Received& e) { clients_.on(turn, e); }
    void on(Turn&, Written& e) { clients_.on(e); }
    void on(Turn& turn, Closed& e) { clients_.on(turn, e); }
    void on(Turn& turn, Requested& e) { clients_.on(turn, e); }
    void on(Turn& turn, Found& e) { clients_.on(turn, e); }
    // From the disk.
    void on(Turn& turn, Persisted& e) {
        const bool failed = log_.failing();
        clients_.committed(turn, log_.persisted(e.batch));
        if (failed && !log_.failing()) turn.info("journal: it can be written again, and takes posts");
    }
    void on(Turn& turn, PersistFailed& e) {
        log_.persist_failed(turn, e.reason);
        clients_.not_committed(turn);
    }
    void on(Turn& turn, JournalWatched& e) {
        log_.watched(turn, e.trouble);
        if (log_.failing()) clients_.not_committed(turn);
    }
    // From the store.
    void on(Turn& turn, Fetched& e) { store_->on(turn, e); }
    void on(Turn& turn, FetchHead& e) { store_->on(turn, e); }
    void on(Turn& turn, FetchData& e) { store_->on(turn, e); }
    void on(Turn& turn, FetchEnded& e) { store_->on(turn, e); }
    void on(Turn& turn, FetchFailed& e) { store_->on(turn, e); }
    void on(Turn& turn, Answered& e) { store_->on(turn, e); }
    void on(Turn& turn, Delivered& e) { store_->on(turn, e); }

    void on(Turn& turn, TimerFired& e) {  // whom it does not concern, it wakes for the end of the turn
        store_->on_timer(turn, e.timer);
        clients_.on_timer(turn, e.timer);
    }

    void on(Turn& turn, Drain&) {
        if (std::exchange(draining_, true)) return;
        clients_.drain(turn);
        log_.hurry();
        drain_until_ = turn.now.time + drain_patience;
        turn.emit(SetTimer{timers::drain, drain_until_});
    }

    /// The end of every turn. The order matters; each line says why it stands where it does.
    Effects finish(Turn& turn) {
        store_->write(turn);  // first on its way: the commit goes on beside it, in another thread
        log_.flush(turn);     // people wait for the commit
        // Nobody waits for what others wrote; a node that has much to read would not come to an end with it.
        if (!draining_ || !reads_old()) store_->read(turn);
        clients_.show(turn);  // what this turn brought, into the send queues
        log_.advance();       // only now is it shown: cursors made from here on cover it
        const auto stored = log_.take_marked();
        store_->verify(turn, stored);  // before resumes read what may be lost
        clients_.send(turn, stored);   // last: one write for each client, with all that was queued
        if (draining_ && !drained_) end_if_drained(turn);
        return std::move(turn.effects);
    }

    [[nodiscard]] bool reads_old() const { return store_->catching_up() || !store_->caught_up(); }

    void end_if_drained(Turn& turn) {
        const bool is_time = turn.now.time >= drain_until_;
        // A disk that is only slow is waited for somewhat longer: people wait for the commit.
        const bool gives_up = is_time && (log_.failing() || turn.now.time >= drain_until_ + drain_of_disk);
        if (!gives_up && is_time && !log_.idle())
            return turn.emit(SetTimer{timers::drain, drain_until_ + drain_of_disk});
        if (!gives_up && !(log_.idle() && (clients_.idle() || is_time))) return;
        drained_ = true;
        clients_.not_committed(turn);
        turn.emit(Drained{});
    }

    ChatConfig config_;
    base::Random random_{base::Random::stream(config_.random_seed, "node")};
    NodeCounts counts_;
    CommitQueue log_;
    std::unique_ptr<SharedStore> store_ = make_store(config_, random_, log_, counts_);
    Clients clients_{config_, random_, log_, *store_, counts_};

    bool draining_ = false, drained_ = false;
    base::Time drain_until_{};
    base::WallTime wall_{};  ///< of the last event
};

ChatCore::ChatCore(ChatConfig config, base::JournalView& journal)
    : impl_{std::make_unique<Impl>(std::move(config), journal)} {}
ChatCore::~ChatCore() = default;
ChatCore::ChatCore(ChatCore&&) noexcept = default;
ChatCore& ChatCore::operator=(ChatCore&&) noexcept = default;

Effects ChatCore::start(base::Now now) { return impl_->start(now); }
Effects ChatCore::handle(Event&& event, base::Now now) { return impl_->handle(std::move(event), now); }
NodeCounts ChatCore::counts() const { return impl_->counts(); }
std::size_t ChatCore::queued_bytes_most(SessionId session) const { return impl_->queued_bytes_most(session); }

}  // namespace davenport::node
