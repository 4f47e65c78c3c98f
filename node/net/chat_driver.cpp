#include "node/net/chat_driver.hpp"

#include "node/net/kept_file.hpp"
#include "node/net/log_index.hpp"
#include "node/net/metrics.hpp"
#include "node/net/search_index.hpp"
#include "node/net/sqlite_journal.hpp"
#include "node/net/store_pool.hpp"
#include "node/net/wire/serial_queue.hpp"
#include "node/net/wire/timers.hpp"

#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <boost/asio/post.hpp>

namespace davenport::node {
namespace {

// How long clients may take to read their farewell after all else is done.
constexpr auto farewell = std::chrono::milliseconds{200};
constexpr auto journal_watch = std::chrono::seconds{2};

}  // namespace

class ChatDriver::Impl {
public:
    Impl(wire::Loop& loop, Config config, LogLine log)
        : loop_(loop),
          log_(std::move(log)),
          file_(config.journal_path),
          journal_(file_),
          kept_(KeptFile::path_of(config.journal_path)),
          core_(with_kept(std::move(config.core)), journal_),
          timers_(loop, [this](TimerId id) { handle(TimerFired{id}); }),
          farewell_timer_(loop.context()),
          watch_timer_(loop.context()),
          store_(loop, config.stores, {.ca_file = config.store_ca_file}, store_events()),
          server_(
              loop, config.server, [this](Event event) { handle(std::move(event)); },
              [this](const std::string& line) { log_(Log::Level::warning, line); }),
          writer_(file_,
                  [this](std::uint64_t batch, std::string error) { committed(batch, std::move(error)); }),
          search_(
              file_,
              [this](std::uint64_t search, base::SearchAnswer answer) { found(search, std::move(answer)); },
              [this](std::string line) {
                  wire::asio::post(loop_.context(),
                                   [this, said = std::move(line)] { log_(Log::Level::warning, said); });
              }),
          metrics_(config.version, config.journal_path) {
        if (config.nats) nats_.emplace(loop, std::move(*config.nats), nats_events());
        if (config.metrics)
            metrics_server_.emplace(loop, *config.metrics, [this] { return metrics_.text(core_.counts()); });
        if (file_.went_back())
            log_(
                Log::Level::warning,
                "journal: it was put back from a copy since this node last ran; it has another uuid now, and "
                "clients resume as from another node");
        events_.run([this] { perform_all(core_.start(wire::Loop::now())); });
        watch_journal();
    }

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

    [[nodiscard]] std::uint16_t metrics_port() const { return metrics_server_ ? metrics_server_->port() : 0; }

    [[nodiscard]] NodeCounts counts() const { return core_.counts(); }

    void reload_certificate() { server_.reload_certificate(); }

    void drain() {
        server_.drain();
        handle(Drain{});
    }

private:
    ChatConfig with_kept(ChatConfig config) const {
        if (config.members_only) config.kept = kept_.read();
        return config;
    }

    wire::HttpClient::Events store_events() {
        return {
            .whole =
                [this](FetchId id, base::HttpResponse response) {
                    note_answer(id, response.status);
                    handle(Fetched{id, std::move(response)});
                },
            .head =
                [this](FetchId id, int status, const base::Headers&) {
                    handle(FetchHead{id, status});
                },
            .data =
                [this](FetchId id, std::string bytes) {
                    handle(FetchData{id, std::move(bytes)});
                },
            .ended = [this](FetchId id) { handle(FetchEnded{id}); },
            .failed =
                [this](FetchId id, std::string reason) {
                    note_answer(id, 0);
                    handle(FetchFailed{id, std::move(reason)});
                },
        };
    }

    NatsClient::Events nats_events() {
        return {
            .answered =
                [this](FetchId id, base::NatsMessage answer) {
                    note_answer(id, answer.status == 0 ? 200 : answer.status);
                    handle(Answered{id, std::move(answer)});
                },
            .delivered =
                [this](FetchId id, std::vector<base::NatsMessage> messages) {
                    handle(Delivered{id, std::move(messages)});
                },
            .failed =
                [this](FetchId id, std::string reason) {
                    note_answer(id, 0);
                    handle(FetchFailed{id, std::move(reason)});
                },
        };
    }

    void note_answer(FetchId id, int status) {
        const auto asked = asked_.extract(id);
        if (!asked.empty()) metrics_.store_answered(status, wire::Loop::now().time - asked.mapped());
    }

    /// In the writer's thread.
    void committed(std::uint64_t batch, std::string error) {
        wire::asio::post(loop_.context(), [this, batch, reason = std::move(error)]() mutable {
            metrics_.committed(wire::Loop::now().time - commit_began_);
            if (reason.empty()) {
                search_.wake();
                handle(Persisted{batch});
            } else
                handle(PersistFailed{batch, std::move(reason)});
        });
    }

    /// Each commit looks too; this is for a node where nothing is said.
    void watch_journal() {
        watch_timer_.expires_after(journal_watch);
        watch_timer_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            auto trouble = file_.misplaced(log_seen_);
            if (trouble.empty()) log_index_.check();
            if (trouble != trouble_) {
                trouble_ = trouble;
                handle(JournalWatched{std::move(trouble)});
            }
            watch_journal();
        });
    }

    /// In the index's thread.
    void found(std::uint64_t search, base::SearchAnswer answer) {
        wire::asio::post(loop_.context(), [this, search, whole = std::move(answer)]() mutable {
            handle(Found{search, std::move(whole)});
        });
    }

    void handle(Event event) { events_.push(std::move(event)); }

    void perform_all(Effects effects) {
        for (auto& effect : effects) std::visit([this](auto& one) { perform(std::move(one)); }, effect);
        if (nats_) nats_->flush();
        loop_.flush_if_quiet();
        // Last: waking the writer takes a moment, and then it takes a processor, which those who were written
        // to want as well. The store was written to before.
        if (to_commit_) writer_.commit(std::move(*to_commit_));
        to_commit_.reset();
    }

    void perform(Send effect) { server_.perform(std::move(effect)); }
    void perform(const Close& effect) { server_.perform(effect); }
    void perform(Respond effect) { server_.perform(std::move(effect)); }
    void perform(Stream effect) { server_.perform(effect); }
    void perform(Persist effect) {
        const auto now = wire::Loop::now();
        commit_began_ = now.time;  // one is under way at a time
        metrics_.learnt(effect.batch, now.wall);
        to_commit_ = std::move(effect.batch);
    }
    void perform(Search effect) { search_.search(effect.search, std::move(effect.query)); }
    void perform(Fetch effect) {
        using Answer = wire::HttpClient::Answer;
        if (!effect.stream) asked_.emplace(effect.fetch, wire::Loop::now().time);
        store_.fetch(effect.fetch, std::move(effect.request), effect.stream ? Answer::stream : Answer::whole);
    }
    void perform(CancelFetch effect) {
        asked_.erase(effect.fetch);
        if (nats_)
            nats_->cancel(effect.fetch);
        else
            store_.cancel(effect.fetch);
    }
    void perform(UseStore effect) {
        store_.use(effect.store);
        log_(Log::Level::warning, "store: going on with " + store_.url());
    }
    void perform(Ask effect) {
        asked_.emplace(effect.fetch, wire::Loop::now().time);
        nats_->ask(effect.fetch, std::move(effect.message));
    }
    void perform(Subscribe effect) { nats_->subscribe(effect.fetch, std::move(effect.subject)); }
    void perform(Publish effect) { nats_->publish(std::move(effect.message)); }
    void perform(ChangeServer) { nats_->change_server(); }
    void perform(SetTimer effect) { timers_.set(effect.timer, effect.at); }
    void perform(const Keep& effect) {
        try {
            kept_.write(effect.text);
        } catch (const std::system_error& error) {
            log_(Log::Level::warning, std::string{"sign-in: cannot keep who was signed out ("} +
                                          error.what() + "); the store is asked after a restart");
        }
    }
    void perform(const Log& effect) { log_(effect.level, effect.line); }
    void perform(Drained) {
        farewell_timer_.expires_after(server_.has_clients() ? farewell : farewell / 20);
        farewell_timer_.async_wait([this](boost::system::error_code) { loop_.stop(); });
    }

    wire::Loop& loop_;
    LogLine log_;
    JournalFile file_;
    SqliteJournal journal_;
    KeptFile kept_;
    ChatCore core_;
    wire::SerialQueue<Event> events_{
        [this](Event event) { perform_all(core_.handle(std::move(event), wire::Loop::now())); }};
    std::optional<base::JournalBatch> to_commit_;  ///< of the event that is dealt with
    wire::Timers<TimerId> timers_;
    wire::asio::steady_timer farewell_timer_, watch_timer_;
    StorePool store_;
    std::optional<NatsClient> nats_;
    ChatServer server_;
    JournalWriter writer_;
    SearchIndex search_;
    Metrics metrics_;
    std::unordered_map<FetchId, base::Time> asked_;  ///< requests to the store that are under way
    base::Time commit_began_{};
    JournalFile::LogSeen log_seen_;
    LogIndex log_index_{file_.path()};
    std::string trouble_;  ///< of the journal's file, as the core was told
    std::optional<MetricsServer> metrics_server_;
};

ChatDriver::ChatDriver(wire::Loop& loop, Config config, LogLine log)
    : impl_(std::make_unique<Impl>(loop, std::move(config), std::move(log))) {}
ChatDriver::~ChatDriver() = default;

NodeCounts ChatDriver::counts() const { return impl_->counts(); }
std::uint16_t ChatDriver::metrics_port() const { return impl_->metrics_port(); }
std::uint16_t ChatDriver::port() const { return impl_->port(); }
void ChatDriver::reload_certificate() { impl_->reload_certificate(); }
void ChatDriver::drain() { impl_->drain(); }

}  // namespace davenport::node
