#include "node/net/nats_client.hpp"

#include "node/net/wire/loop.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <nats/nats.h>
#include <unistd.h>

namespace davenport::node {
namespace {

constexpr std::int64_t connect_timeout_ms = 2000;
constexpr auto connect_pause = std::chrono::milliseconds{100};
// A server that answers no ping is given up after two of these.
constexpr std::int64_t ping_interval_ms = 2000;
constexpr int payload_too_large = 413;  // as the core knows it

template <class Object, void (*Destroy)(Object*)>
struct Destroyer {
    void operator()(Object* object) const { Destroy(object); }
};
using Options = std::unique_ptr<natsOptions, Destroyer<natsOptions, natsOptions_Destroy>>;
using Message = std::unique_ptr<natsMsg, Destroyer<natsMsg, natsMsg_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, Destroyer<natsSubscription, natsSubscription_Destroy>>;

void require(natsStatus status, std::string_view what) {
    if (status != NATS_OK)
        throw std::invalid_argument(fmt::format("{}: {}", what, natsStatus_GetText(status)));
}

const char* text_or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::string url_of(const NatsServers& servers, std::string_view address) {
    return fmt::format("{}://{}", servers.tls ? "tls" : "nats", address);
}

/// Without the callbacks.
/// Of all that are known, in an order of its own, so that nodes spread over them; `left` comes last.
Options make_options(const NatsServers& servers, const std::set<std::string>& discovered,
                     std::string_view left = {}) {
    natsOptions* raw = nullptr;
    require(natsOptions_Create(&raw), "cannot set up NATS");
    Options options{raw};
    std::vector<std::string> urls;
    for (const auto& address : servers.addresses) urls.push_back(url_of(servers, address));
    for (const auto& url : discovered)
        if (std::ranges::find(urls, url) == urls.end()) urls.push_back(url);
    std::shuffle(urls.begin(), urls.end(), std::random_device{});
    std::ranges::stable_partition(urls, [&](const std::string& url) { return url != left; });
    std::vector<const char*> pointers;
    pointers.reserve(urls.size());
    for (const auto& url : urls) pointers.push_back(url.c_str());
    require(natsOptions_SetServers(raw, pointers.data(), static_cast<int>(pointers.size())), servers.url());
    require(natsOptions_SetNoRandomize(raw, true), "the order");
    if (!servers.user.empty())
        require(natsOptions_SetUserInfo(raw, servers.user.c_str(), servers.password.c_str()), "the user");
    if (!servers.credentials_file.empty())
        require(natsOptions_SetUserCredentialsFromFiles(raw, servers.credentials_file.c_str(), nullptr),
                servers.credentials_file);
    if (servers.tls) require(natsOptions_SetSecure(raw, true), "TLS");
    if (servers.tls && !servers.ca_file.empty())
        require(natsOptions_LoadCATrustedCertificates(raw, servers.ca_file.c_str()), servers.ca_file);
    if (!servers.name.empty()) require(natsOptions_SetName(raw, servers.name.c_str()), "the name");
    require(natsOptions_SetTimeout(raw, connect_timeout_ms), "the timeout");
    require(natsOptions_SetPingInterval(raw, ping_interval_ms), "pings");
    require(natsOptions_SetMaxPingsOut(raw, 2), "pings");
    // This class connects again by itself: nothing that was asked before may be sent afterwards.
    require(natsOptions_SetAllowReconnect(raw, false), "reconnects");
    require(natsOptions_SetSendAsap(raw, true), "sending");
    require(natsOptions_UseGlobalMessageDelivery(raw, true), "delivery");
    return options;
}

Message to_nats(const base::NatsMessage& message, const std::string& reply) {
    natsMsg* raw = nullptr;
    if (natsMsg_Create(&raw, message.subject.c_str(), text_or_null(reply), message.payload.data(),
                       static_cast<int>(message.payload.size())) != NATS_OK)
        return {};
    Message out{raw};
    for (const auto& [name, value] : message.headers)
        if (natsMsgHeader_Set(raw, name.c_str(), value.c_str()) != NATS_OK) return {};
    return out;
}

/// Headers are read of answers, and of messages without a payload: statuses. What is stored has none that
/// matter.
base::NatsMessage from_nats(natsMsg* msg, bool is_answer) {
    base::NatsMessage out{.subject = natsMsg_GetSubject(msg)};
    if (const auto* reply = natsMsg_GetReply(msg)) out.reply = reply;
    out.payload.assign(natsMsg_GetData(msg), static_cast<std::size_t>(natsMsg_GetDataLength(msg)));
    if (!out.payload.empty() && !is_answer) return out;
    for (const auto* name : {"Nats-Last-Consumer", "Nats-Consumer-Stalled", "Description", "Nats-Subject",
                             "Nats-Sequence", "Nats-Time-Stamp"}) {
        const char* value = nullptr;
        if (natsMsgHeader_Get(msg, name, &value) == NATS_OK && value) out.headers.emplace_back(name, value);
    }
    const char* status = nullptr;
    if (natsMsgHeader_Get(msg, "Status", &status) == NATS_OK && status) {
        const std::string_view text{status};
        std::from_chars(text.data(), text.data() + text.size(), out.status);
    }
    return out;
}

/// The loop's end of a connection: its socket, and what cnats wants of it.
///
/// cnats keeps the socket's descriptor; this is a duplicate, so that its number is not another's while the
/// loop waits for it.
struct Watch {
    Watch(natsConnection* of, int given) : nats{of}, fd{::dup(given)} {}
    ~Watch() {
        if (fd >= 0) ::close(fd);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    natsConnection* nats;
    int fd;  ///< until the loop has it
    std::optional<wire::asio::posix::stream_descriptor> socket;
    bool waits = false;                ///< the loop does, until the socket takes more
    std::atomic<bool> writes = false;  ///< cnats has something to send
    std::atomic<bool> posted = false;  ///< the loop is about to look at that
};

}  // namespace

/// Shared by the client, by its thread and by cnats' callbacks.
///
/// The thread makes connections and takes them down, which takes time. In between a connection belongs to the
/// loop: cnats is driven by its socket's events there (natsOptions_SetEventLoop), and what is published goes
/// into cnats' buffer, which the loop sends. A subscription's messages are taken in the loop, too; answers
/// come through a thread of cnats, since only there an answer tells that nobody is there to give it.
class NatsClient::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(wire::Loop& loop, NatsServers servers, Events events)
        : loop_{loop}, servers_{std::move(servers)}, events_{std::move(events)} {
        std::random_device device;
        inbox_ = fmt::format("_INBOX.davenport.{:08x}{:08x}{:08x}", device(), device(), device());
        prefix_ = inbox_ + '.';
    }

    void begin() {
        thread_ = std::thread{[self = shared_from_this()] { self->run(); }};
    }

    /// In the loop's thread, and nothing is told after it. Who is waiting for a server that does not answer
    /// is not waited for: that thread ends by itself.
    void end() {
        ended_ = true;
        {
            const std::lock_guard lock{news_mutex_};
            silent_ = true;
        }
        let_go();
        std::unique_lock lock{mutex_};
        stops_ = true;
        wake_.notify_all();
        const bool over = wake_.wait_for(lock, patience_at_end, [this] { return over_; });
        lock.unlock();
        if (over)
            thread_.join();
        else
            thread_.detach();
    }

    // ---- in the loop's thread
    void ask(FetchId id, base::NatsMessage message) {
        if (!connected_) return fail_soon(id);
        asks_.insert(id);
        give({Command::Kind::ask, id, std::move(message), {}});
    }
    void subscribe(FetchId id, std::string subject) {
        if (!connected_) return fail_soon(id);
        subscriptions_.insert(id);
        give({Command::Kind::subscribe, id, {}, std::move(subject)});
    }
    void publish(base::NatsMessage message) {
        if (connected_) give({Command::Kind::publish, 0, std::move(message), {}});
    }
    void flush() {
        if (live_) flush(live_);
    }
    void change_server() {
        if (!live_ || known_servers_ < 2) return;
        {
            const std::lock_guard lock{mutex_};
            leaves_ = true;
        }
        asio_post([this, left = connection_] { lost("left for another server", left); });
    }
    void cancel(FetchId id) {
        asks_.erase(id);
        failing_.erase(id);
        if (subscriptions_.erase(id) > 0) give({Command::Kind::unsubscribe, id, {}, {}});
    }

private:
    struct Command {
        enum class Kind { ask, subscribe, publish, unsubscribe } kind;
        FetchId id;
        base::NatsMessage message;
        std::string subject;
    };
    /// What cnats told, or what happened to the connection.
    struct News {
        enum class Kind { answer, connected, lost } kind;
        FetchId id = 0;
        base::NatsMessage message{};
        std::string reason{};
        std::uint64_t connection = 0;
        std::shared_ptr<Watch> watch{};
    };
    struct Closure {
        std::shared_ptr<Impl> impl;
        std::uint64_t connection;
    };

    /// Before there is a connection, what is asked waits for it.
    void give(Command command) {
        if (live_)
            perform(command);
        else
            waiting_.push_back(std::move(command));
    }

    void fail_soon(FetchId id) {
        failing_.insert(id);
        asio_post([this, id] {
            if (failing_.erase(id) > 0) events_.failed(id, reason_);
        });
    }

    // ---- from the threads to the loop
    void tell(News news) {
        {
            const std::lock_guard lock{news_mutex_};
            if (silent_) return;  // the loop may be gone
            news_.push_back(std::move(news));
            if (!std::exchange(posted_, true)) asio_post([this] { take_news(); });
        }
    }

    template <class Work>
    void asio_post(Work work) {
        wire::asio::post(loop_.context(), [self = shared_from_this(), work = std::move(work)] {
            if (!self->ended_) work();
        });
    }

    /// In the loop's thread. Not all at once: others have their turns in between.
    void take_news() {
        std::vector<News> all;
        {
            const std::lock_guard lock{news_mutex_};
            const auto end =
                news_.begin() + static_cast<std::ptrdiff_t>(std::min(news_.size(), deliveries_max));
            all.assign(std::make_move_iterator(news_.begin()), std::make_move_iterator(end));
            news_.erase(news_.begin(), end);
            posted_ = !news_.empty();
            if (posted_) asio_post([this] { take_news(); });
        }
        for (std::size_t i = 0; i < all.size() && !ended_; ++i) {
            auto& one = all[i];
            switch (one.kind) {
                case News::Kind::connected:
                    take_over(std::move(one));
                    break;
                case News::Kind::lost:
                    lost(one.reason, one.connection);
                    break;
                case News::Kind::answer:
                    if (one.connection == connection_ && asks_.erase(one.id) > 0)
                        events_.answered(one.id, std::move(one.message));
                    break;
            }
        }
    }

    // ---- a connection in the loop
    void take_over(News&& news) {
        if (news.connection == dead_) return discard(dead_);  // that was told first
        connection_ = news.connection;
        connected_ = true;
        live_ = std::move(news.watch);
        live_->socket.emplace(loop_.context(), std::exchange(live_->fd, -1));
        await_read();
        for (const auto& command : std::exchange(waiting_, {})) perform(command);
        flush(live_);
    }

    void lost(const std::string& reason, std::uint64_t connection) {
        if (live_ && connection != connection_) return;  // of one before
        dead_ = connection;
        reason_ = reason;
        const bool was_live = live_ != nullptr;
        let_go();
        if (was_live) discard(connection);
        if (!std::exchange(connected_, false)) return;
        for (const auto id : std::exchange(asks_, {})) events_.failed(id, reason);
        for (const auto id : std::exchange(subscriptions_, {})) events_.failed(id, reason);
    }

    /// Nothing in the loop uses that connection any more: the thread may.
    void discard(std::uint64_t connection) {
        {
            const std::lock_guard lock{mutex_};
            discarded_ = connection;
        }
        wake_.notify_all();
    }

    void let_go() {
        waiting_.clear();
        subscribed_.clear();
        if (!live_) return;
        live_->socket.reset();
        live_.reset();
    }

    void await_read() {
        live_->socket->async_wait(
            wire::asio::posix::stream_descriptor::wait_read,
            [self = shared_from_this(), watch = live_](boost::system::error_code error) {
                if (error || watch != self->live_) return;
                natsConnection_ProcessReadEvent(watch->nats);
                self->await_read();
                self->take_deliveries();
            });
    }

    /// What cnats has to send, as far as the socket takes it.
    void flush(const std::shared_ptr<Watch>& watch) {
        if (watch != live_ || !watch->writes || watch->waits) return;
        natsConnection_ProcessWriteEvent(watch->nats);
        if (!watch->writes) return;
        watch->waits = true;
        watch->socket->async_wait(wire::asio::posix::stream_descriptor::wait_write,
                                  [self = shared_from_this(), watch](boost::system::error_code error) {
                                      watch->waits = false;
                                      if (!error) self->flush(watch);
                                  });
    }

    /// Not all at once.
    void take_deliveries() {
        bool more = false;
        std::vector<FetchId> ids;
        for (const auto& [id, subscription] : subscribed_) ids.push_back(id);
        for (const auto id : ids) {
            const auto found = subscribed_.find(id);
            if (ended_ || found == subscribed_.end()) continue;
            int count = 0, bytes = 0;
            natsSubscription_GetPending(found->second.get(), &count, &bytes);
            more |= count > static_cast<int>(deliveries_max);
            std::vector<base::NatsMessage> messages;
            for (natsMsg* raw = nullptr; count > 0 && messages.size() < deliveries_max &&
                                         natsSubscription_NextMsg(&raw, found->second.get(), 0) == NATS_OK;
                 --count)
                messages.push_back(from_nats(spend(Message{raw}).get(), false));
            if (!messages.empty()) events_.delivered(id, std::move(messages));
        }
        if (more) asio_post([this] { take_deliveries(); });
    }

    /// Kept for a while: cnats frees a message in a thread of its own, and each would wake that thread, on
    /// the way of what is said.
    const Message& spend(Message message) {
        if (spent_.size() >= spent_max || spent_bytes_ >= spent_bytes_max) {
            spent_.clear();
            spent_bytes_ = 0;
        }
        if (message) spent_bytes_ += static_cast<std::size_t>(natsMsg_GetDataLength(message.get()));
        return spent_.emplace_back(std::move(message));
    }

    void perform(const Command& command) {
        const Performing here{this};
        auto* nats = live_->nats;
        switch (command.kind) {
            case Command::Kind::subscribe: {
                natsSubscription* raw = nullptr;
                if (natsConnection_SubscribeSync(&raw, nats, command.subject.c_str()) != NATS_OK) return;
                natsSubscription_SetPendingLimits(raw, -1, -1);  // a consumer has its flow control
                subscribed_[command.id] = Subscription{raw};
                return;
            }
            case Command::Kind::unsubscribe:
                subscribed_.erase(command.id);
                return;
            case Command::Kind::publish:
            case Command::Kind::ask: {
                const bool asks = command.kind == Command::Kind::ask;
                const auto& message = spend(to_nats(
                    command.message, asks ? prefix_ + std::to_string(command.id) : command.message.reply));
                const auto status = message ? natsConnection_PublishMsg(nats, message.get()) : NATS_NO_MEMORY;
                if (asks && status == NATS_MAX_PAYLOAD)
                    asio_post([this, id = command.id] {
                        if (asks_.erase(id) > 0)
                            events_.answered(id, {.subject = {}, .status = payload_too_large});
                    });
                return;  // any other failure: the connection is being lost, or no answer comes in time
            }
        }
    }

    // ---- the thread
    void run() {
        auto next_try = std::chrono::steady_clock::now();
        for (;;) {
            bool stops = false, discards = false, leaves = false;
            {
                std::unique_lock lock{mutex_};
                if (nats_)
                    wake_.wait(lock, [&] { return stops_ || discarded_ == number_; });
                else
                    wake_.wait_until(lock, next_try, [&] { return stops_; });
                stops = stops_;
                discards = nats_ && discarded_ == number_;
                if (discards) leaves = std::exchange(leaves_, false);
            }
            if (stops) break;
            if (discards) {
                char url[256] = {};
                if (leaves && natsConnection_GetConnectedUrl(nats_, url, sizeof url) == NATS_OK) left_ = url;
                disconnect();
                next_try = std::chrono::steady_clock::now();
            } else if (!nats_ && std::chrono::steady_clock::now() >= next_try) {
                connect();
                next_try = std::chrono::steady_clock::now() + connect_pause;
            }
        }
        disconnect();
        {
            const std::lock_guard lock{mutex_};
            over_ = true;
        }
        wake_.notify_all();
    }

    void connect() {
        ++number_;
        std::string reason;
        try {
            auto options = make_options(servers_, discovered_, left_);
            auto closure = std::make_unique<Closure>(Closure{shared_from_this(), number_});
            require(natsOptions_SetClosedCB(options.get(), &Impl::on_closed, closure.get()), "callbacks");
            require(natsOptions_SetErrorHandler(options.get(), &Impl::on_error, nullptr), "callbacks");
            require(natsOptions_SetEventLoop(options.get(), this, &Impl::on_attach, &Impl::on_read_wanted,
                                             &Impl::on_write_wanted, &Impl::on_detach),
                    "the event loop");
            natsConnection* connection = nullptr;
            const auto status = natsConnection_Connect(&connection, options.get());
            if (status == NATS_OK) {
                (void)closure.release();  // on_closed() has it
                nats_ = connection;
                subscribe_to_answers();
                note_discovered();
                tell({News::Kind::connected, 0, {}, {}, number_, std::move(attached_)});
                return;
            }
            natsStatus last = status;
            const auto* text = nats_GetLastError(&last);
            reason = text && *text ? text : natsStatus_GetText(status);
            if (status == NATS_CONNECTION_AUTH_FAILED)
                reason += servers_.credentials_file.empty()
                              ? "; give user and password in the URL, or --store-credentials"
                              : "; it does not know who is in " + servers_.credentials_file;
        } catch (const std::invalid_argument& error) {
            reason = error.what();
        }
        attached_.reset();
        tell({News::Kind::lost, 0, {}, fmt::format("{}: {}", servers_.url(), reason), number_});
    }

    void subscribe_to_answers() {
        auto* closure = new Closure{shared_from_this(), number_};
        natsSubscription* raw = nullptr;
        if (natsConnection_Subscribe(&raw, nats_, (prefix_ + '*').c_str(), &Impl::on_message, closure) !=
            NATS_OK) {
            delete closure;
            return;
        }
        natsSubscription_SetPendingLimits(raw, -1, -1);  // answers are few
        natsSubscription_SetOnCompleteCB(raw, &Impl::on_complete, closure);
        answers_ = Subscription{raw};
    }

    void note_discovered() {
        char** urls = nullptr;
        int count = 0;
        if (natsConnection_GetDiscoveredServers(nats_, &urls, &count) != NATS_OK) return;
        for (int i = 0; i < count; ++i) {
            discovered_.insert(urls[i]);
            std::free(urls[i]);
        }
        std::free(urls);
        std::set<std::string> known = discovered_;
        for (const auto& address : servers_.addresses) known.insert(url_of(servers_, address));
        known_servers_ = known.size();
    }

    void disconnect() {
        answers_.reset();
        natsConnection_Destroy(std::exchange(nats_, nullptr));
    }

    // ---- in cnats' threads, or during a call of it
    static natsStatus on_attach(void** user_data, void* given, natsConnection* nats, natsSock fd) {
        auto& impl = *static_cast<Impl*>(given);  // in its thread, during connect()
        impl.attached_ = std::make_shared<Watch>(nats, fd);
        *user_data = new Attachment{impl.shared_from_this(), impl.attached_};
        return NATS_OK;
    }
    static natsStatus on_read_wanted(void*, bool) { return NATS_OK; }  // as long as the loop has it
    static natsStatus on_write_wanted(void* user_data, bool wanted) {
        const auto& [impl, watch] = *static_cast<const Attachment*>(user_data);
        watch->writes = wanted;
        const bool flush_follows = performing == impl.get();
        if (wanted && !flush_follows && !watch->posted.exchange(true)) impl->flush_soon(watch);
        return NATS_OK;
    }
    static natsStatus on_detach(void* user_data) {
        delete static_cast<Attachment*>(user_data);
        return NATS_OK;
    }
    void flush_soon(const std::shared_ptr<Watch>& watch) {
        const std::lock_guard lock{news_mutex_};
        if (silent_) return;
        asio_post([this, watch] {
            watch->posted = false;
            flush(watch);
        });
    }
    static void on_message(natsConnection*, natsSubscription*, natsMsg* msg, void* given) {
        const Message message{msg};
        const auto* closure = static_cast<const Closure*>(given);
        auto& impl = *closure->impl;
        News news{News::Kind::answer, 0, from_nats(msg, true), {}, closure->connection};
        const std::string_view subject{news.message.subject};
        if (!subject.starts_with(impl.prefix_)) return;
        const auto number = subject.substr(impl.prefix_.size());
        std::from_chars(number.data(), number.data() + number.size(), news.id);
        impl.tell(std::move(news));
    }
    static void on_complete(void* given) { delete static_cast<Closure*>(given); }
    static void on_closed(natsConnection* nats, void* given) {
        const std::unique_ptr<const Closure> closure{static_cast<const Closure*>(given)};
        const char* text = nullptr;
        natsConnection_GetLastError(nats, &text);
        const std::string reason = text && *text ? text : "the connection was lost";
        closure->impl->tell({News::Kind::lost, 0, {}, reason, closure->connection});
    }
    static void on_error(natsConnection*, natsSubscription*, natsStatus, void*) {
    }  // it is no news to the core

    /// While it lives, what this thread has cnats send needs no reminder: the caller of perform() flushes.
    struct Performing {
        explicit Performing(const Impl* impl) { performing = impl; }
        ~Performing() { performing = nullptr; }
        Performing(const Performing&) = delete;
        Performing& operator=(const Performing&) = delete;
    };
    static thread_local const Impl* performing;

    struct Attachment {
        std::shared_ptr<Impl> impl;
        std::shared_ptr<Watch> watch;
    };

    static constexpr std::size_t deliveries_max = 200;  // in one turn of the core
    static constexpr std::size_t spent_max = 256, spent_bytes_max = 256 * 1024;
    static constexpr auto patience_at_end = std::chrono::milliseconds{300};

    wire::Loop& loop_;
    NatsServers servers_;
    Events events_;
    std::string inbox_, prefix_;

    // Of the loop's thread.
    bool ended_ = false;
    bool connected_ = true;         ///< or about to be, for the first time: what is asked meanwhile waits
    std::uint64_t connection_ = 0;  ///< the last that it had
    std::uint64_t dead_ = 0;        ///< the last that was lost, perhaps before it was had
    std::string reason_;
    std::unordered_set<FetchId> asks_, subscriptions_, failing_;
    std::shared_ptr<Watch> live_;   ///< the connection, while the loop has it
    std::vector<Command> waiting_;  ///< for the first connection
    std::map<FetchId, Subscription> subscribed_;
    std::vector<Message> spent_;  ///< not needed any more
    std::size_t spent_bytes_ = 0;

    // Between the loop and the thread.
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stops_ = false, over_ = false;
    bool leaves_ = false;  ///< for another server, once the loop has let go
    std::atomic<std::size_t> known_servers_ = 0;
    std::uint64_t discarded_ = 0;  ///< the last connection that the loop has let go

    // To the loop.
    std::mutex news_mutex_;
    std::deque<News> news_;
    bool posted_ = false;
    bool silent_ = false;  ///< nothing is told any more

    // Of the thread.
    std::thread thread_;
    natsConnection* nats_ = nullptr;
    std::uint64_t number_ = 0;  ///< of the connection
    Subscription answers_;
    std::shared_ptr<Watch> attached_;  ///< by the connection that is being made
    std::set<std::string> discovered_;
    std::string left_;  ///< the URL of the server that was left last
};

thread_local const NatsClient::Impl* NatsClient::Impl::performing = nullptr;

bool NatsClient::available() { return true; }

void NatsClient::check(const NatsServers& servers) { static_cast<void>(make_options(servers, {})); }

NatsClient::NatsClient(wire::Loop& loop, NatsServers servers, Events events) {
    check(servers);
    impl_ = std::make_shared<Impl>(loop, std::move(servers), std::move(events));
    impl_->begin();
}
NatsClient::~NatsClient() {
    if (impl_) impl_->end();
}

void NatsClient::ask(FetchId id, base::NatsMessage message) { impl_->ask(id, std::move(message)); }
void NatsClient::subscribe(FetchId id, std::string subject) { impl_->subscribe(id, std::move(subject)); }
void NatsClient::publish(base::NatsMessage message) { impl_->publish(std::move(message)); }
void NatsClient::cancel(FetchId id) { impl_->cancel(id); }
void NatsClient::change_server() { impl_->change_server(); }
void NatsClient::flush() { impl_->flush(); }

}  // namespace davenport::node
