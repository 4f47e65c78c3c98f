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

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <nats/nats.h>

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

/// Without the callbacks.
Options make_options(const NatsServers& servers, const std::set<std::string>& discovered) {
    natsOptions* raw = nullptr;
    require(natsOptions_Create(&raw), "cannot set up NATS");
    Options options{raw};
    std::vector<std::string> urls;
    const auto* scheme = servers.tls ? "tls" : "nats";
    for (const auto& address : servers.addresses) urls.push_back(fmt::format("{}://{}", scheme, address));
    for (const auto& url : discovered)
        if (std::ranges::find(urls, url) == urls.end()) urls.push_back(url);
    std::vector<const char*> pointers;
    pointers.reserve(urls.size());
    for (const auto& url : urls) pointers.push_back(url.c_str());
    require(natsOptions_SetServers(raw, pointers.data(), static_cast<int>(pointers.size())), servers.url());
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

/// Headers are read of messages without a payload: statuses. What is stored has none that matter.
base::NatsMessage from_nats(natsMsg* msg) {
    base::NatsMessage out{.subject = natsMsg_GetSubject(msg)};
    if (const auto* reply = natsMsg_GetReply(msg)) out.reply = reply;
    out.payload.assign(natsMsg_GetData(msg), static_cast<std::size_t>(natsMsg_GetDataLength(msg)));
    if (!out.payload.empty()) return out;
    for (const auto* name : {"Nats-Last-Consumer", "Nats-Consumer-Stalled", "Description"}) {
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

}  // namespace

/// Shared by the client, by its thread and by cnats' callbacks.
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
        std::uint64_t connection = 0;  ///< that it is for: nothing is sent on a later one
    };
    /// What cnats told, or what happened to the connection.
    struct News {
        enum class Kind { answer, delivery, connected, lost, refused } kind;
        FetchId id = 0;
        base::NatsMessage message{};
        std::string reason{};
        std::uint64_t connection = 0;
    };
    struct Closure {
        std::shared_ptr<Impl> impl;
        FetchId subscription;  ///< 0: of the answers
        std::uint64_t connection;
    };

    // ---- from the loop to the thread
    void give(Command command) {
        {
            const std::lock_guard lock{mutex_};
            command.connection = connection_;
            commands_.push_back(std::move(command));
        }
        wake_.notify_all();
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
                    connection_ = one.connection;
                    connected_ = true;
                    break;
                case News::Kind::lost:
                    if (one.connection == connection_ || !connected_) lost(one.reason);
                    break;
                case News::Kind::refused:
                    if (asks_.erase(one.id) > 0)
                        events_.answered(one.id, {.subject = {}, .status = payload_too_large});
                    break;
                case News::Kind::answer:
                    if (one.connection == connection_ && asks_.erase(one.id) > 0)
                        events_.answered(one.id, std::move(one.message));
                    break;
                case News::Kind::delivery: {
                    std::vector<base::NatsMessage> messages;
                    messages.push_back(std::move(one.message));
                    for (; i + 1 < all.size() && all[i + 1].kind == News::Kind::delivery &&
                           all[i + 1].id == one.id && messages.size() < deliveries_max;
                         ++i)
                        messages.push_back(std::move(all[i + 1].message));
                    if (subscriptions_.contains(one.id)) events_.delivered(one.id, std::move(messages));
                    break;
                }
            }
        }
    }

    void lost(const std::string& reason) {
        reason_ = reason;
        if (!std::exchange(connected_, false)) return;
        for (const auto id : std::exchange(asks_, {})) events_.failed(id, reason);
        for (const auto id : std::exchange(subscriptions_, {})) events_.failed(id, reason);
    }

    // ---- the thread
    void run() {
        auto next_try = std::chrono::steady_clock::now();
        for (;;) {
            std::vector<Command> commands;
            bool stops = false, closed = false;
            {
                std::unique_lock lock{mutex_};
                const auto ready = [&] { return stops_ || closed_ || !commands_.empty(); };
                if (nats_)
                    wake_.wait(lock, ready);
                else
                    wake_.wait_until(lock, next_try, [&] { return stops_; });
                if (nats_) commands.swap(commands_);
                stops = stops_;
                closed = std::exchange(closed_, false);
            }
            if (stops) break;
            if (closed) {
                const auto reason = last_error();
                disconnect();
                forget_commands();
                tell({News::Kind::lost, 0, {}, reason, number_});
                next_try = std::chrono::steady_clock::now();
                continue;
            }
            if (nats_) {
                for (const auto& command : commands)
                    if (command.connection == number_) perform(command);
            } else if (std::chrono::steady_clock::now() >= next_try) {
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
            auto options = make_options(servers_, discovered_);
            auto closure = std::make_unique<Closure>(Closure{shared_from_this(), 0, number_});
            require(natsOptions_SetClosedCB(options.get(), &Impl::on_closed, closure.get()), "callbacks");
            require(natsOptions_SetErrorHandler(options.get(), &Impl::on_error, nullptr), "callbacks");
            natsConnection* connection = nullptr;
            const auto status = natsConnection_Connect(&connection, options.get());
            if (status == NATS_OK) {
                static_cast<void>(closure.release());  // on_closed() is called once, and deletes it
                nats_ = connection;
                subscribe_now(0, prefix_ + '*');
                note_discovered();
                tell({News::Kind::connected, 0, {}, {}, number_});
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
        forget_commands();
        tell({News::Kind::lost, 0, {}, fmt::format("{}: {}", servers_.url(), reason), number_});
    }

    /// What was given for a connection that is not there any more.
    void forget_commands() {
        const std::lock_guard lock{mutex_};
        commands_.clear();
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
    }

    std::string last_error() {
        const char* text = nullptr;
        if (nats_) natsConnection_GetLastError(nats_, &text);
        return text && *text ? text : "the connection was lost";
    }

    void disconnect() {
        subscribed_.clear();
        natsConnection_Destroy(std::exchange(nats_, nullptr));
    }

    void subscribe_now(FetchId id, const std::string& subject) {
        auto* closure = new Closure{shared_from_this(), id, number_};
        natsSubscription* raw = nullptr;
        if (natsConnection_Subscribe(&raw, nats_, subject.c_str(), &Impl::on_message, closure) != NATS_OK) {
            delete closure;
            return;
        }
        natsSubscription_SetPendingLimits(raw, -1, -1);  // a consumer has its flow control, answers are few
        natsSubscription_SetOnCompleteCB(raw, &Impl::on_complete, closure);
        subscribed_[id] = Subscription{raw};
    }

    void perform(const Command& command) {
        switch (command.kind) {
            case Command::Kind::subscribe:
                return subscribe_now(command.id, command.subject);
            case Command::Kind::unsubscribe:
                subscribed_.erase(command.id);
                return;
            case Command::Kind::publish:
            case Command::Kind::ask: {
                const bool asks = command.kind == Command::Kind::ask;
                const auto message = to_nats(
                    command.message, asks ? prefix_ + std::to_string(command.id) : command.message.reply);
                const auto status =
                    message ? natsConnection_PublishMsg(nats_, message.get()) : NATS_NO_MEMORY;
                if (asks && status == NATS_MAX_PAYLOAD)
                    tell({News::Kind::refused, command.id, {}, {}, number_});
                return;  // any other failure: the connection is being lost, or no answer comes in time
            }
        }
    }

    // ---- in cnats' threads
    static void on_message(natsConnection*, natsSubscription*, natsMsg* msg, void* given) {
        const Message message{msg};
        const auto* closure = static_cast<const Closure*>(given);
        auto& impl = *closure->impl;
        News news{News::Kind::delivery, closure->subscription, from_nats(msg), {}, closure->connection};
        if (closure->subscription == 0) {
            news.kind = News::Kind::answer;
            const std::string_view subject{news.message.subject};
            if (!subject.starts_with(impl.prefix_)) return;
            const auto number = subject.substr(impl.prefix_.size());
            std::from_chars(number.data(), number.data() + number.size(), news.id);
        }
        impl.tell(std::move(news));
    }
    static void on_complete(void* given) { delete static_cast<Closure*>(given); }
    static void on_closed(natsConnection*, void* given) {
        const std::unique_ptr<const Closure> closure{static_cast<const Closure*>(given)};
        auto& impl = *closure->impl;
        {
            const std::lock_guard lock{impl.mutex_};
            if (closure->connection != impl.number_) return;  // of one that is gone
            impl.closed_ = true;
        }
        impl.wake_.notify_all();
    }
    static void on_error(natsConnection*, natsSubscription*, natsStatus, void*) {
    }  // it is no news to the core

    static constexpr std::size_t deliveries_max = 200;  // in one turn of the core
    static constexpr auto patience_at_end = std::chrono::milliseconds{300};

    wire::Loop& loop_;
    NatsServers servers_;
    Events events_;
    std::string inbox_, prefix_;

    // Of the loop's thread.
    bool ended_ = false;
    bool connected_ = true;         ///< or about to be, for the first time: what is asked meanwhile waits
    std::uint64_t connection_ = 1;  ///< the first
    std::string reason_;
    std::unordered_set<FetchId> asks_, subscriptions_, failing_;

    // Between the loop and the thread.
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Command> commands_;
    bool stops_ = false, closed_ = false, over_ = false;
    std::atomic<std::uint64_t> number_ = 0;  ///< of the connection; written by the thread

    // To the loop.
    std::mutex news_mutex_;
    std::deque<News> news_;
    bool posted_ = false;
    bool silent_ = false;  ///< nothing is told any more

    // Of the thread.
    std::thread thread_;
    natsConnection* nats_ = nullptr;
    std::map<FetchId, Subscription> subscribed_;
    std::set<std::string> discovered_;
};

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

}  // namespace davenport::node
