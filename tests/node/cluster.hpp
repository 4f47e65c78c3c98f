#pragma once

#include "couchmock/mock/mock.hpp"
#include "node/base/http.hpp"
#include "node/base/json.hpp"
#include "node/base/message_id.hpp"
#include "node/base/random.hpp"
#include "node/core/chat_core.hpp"
#include "sim/virtual/model_jetstream.hpp"
#include "sim/virtual/model_journal.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace davenport {

/// Some chat nodes, their clients and one store in one thread, over links that delay, lose and cut by a seed:
/// enough of a world to see whether the core keeps its promises, and nothing more.
class Cluster {
public:
    struct Options {
        int nodes = 3;
        int clients = 6;
        node::FeedMode feed = node::FeedMode::continuous;
        std::uint32_t lost_replies = 0;  ///< in a million requests to the store: done, and the answer lost
        std::uint32_t failures = 0;      ///< in a million: not done
        int shards = 1;
        int databases = 1;  ///< stores of their own; nodes take turns with them
        bool nats = false;  ///< the store is a JetStream server; what is lost or fails breaks a connection
        std::uint32_t server_crashes = 0;  ///< in a million outages: the server loses what it had not synced
        bool presence = false;
        std::size_t page = node::ChatConfig{}.page_rows_max;
        /// What a node is told at its start: see node::ChatConfig. base::full_ids_never: it makes a chat of
        /// version 1, where there is none.
        std::optional<base::FullIdsFrom> full_ids_from{};
    };

    Cluster(std::uint64_t seed, Options options)
        : options_{options},
          random_{seed},
          mock_{std::make_unique<couchmock::Mock>(
              couchmock::MockConfig{.seed = seed, .default_shards = options.shards})} {
        if (options.shards > 1)  // a database that somebody else made
            to_mock(couchmock::Requested{
                ++exchanges_, {"PUT", fmt::format("/chat?q={}", options.shards), {}, {}}, "127.0.0.1"});
        for (int i = 0; i < options.nodes; ++i) {
            nodes_.push_back(std::make_unique<Node>(fmt::format("u-{}", i)));
            nodes_.back()->connection = ++connections_;
        }
        for (int i = 0; i < options.nodes; ++i) start_node(i);
        for (int i = 0; i < options.clients; ++i) {
            clients_.push_back({});
            clients_.back().name = fmt::format("c{}", i);
            connect(i, i % options.nodes);
        }
    }

    // ---- what happens to the world

    void run(base::Duration by) {
        const auto until = now_ + by.count();
        while (!queue_.empty() && queue_.begin()->first.first <= until) {
            auto entry = queue_.extract(queue_.begin());
            now_ = entry.key().first;
            entry.mapped()();
        }
        now_ = until;
    }
    void kill_node(int i) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        if (!n.core) return;
        n.core.reset();
        ++n.life;
        n.journal.crash();
        n.asks.clear();
        n.subscriptions.clear();
        server_.disconnected(std::exchange(n.connection, ++connections_));
        for (std::size_t c = 0; c < clients_.size(); ++c)
            if (clients_[c].node == i) disconnected(static_cast<int>(c));
    }
    void start_node(int i) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        if (n.core) return;
        node::ChatConfig config;
        config.name = fmt::format("n{}", i);
        config.feed = options_.feed;
        config.poll_interval = std::chrono::milliseconds{200};
        config.random_seed = random_.next();
        config.bulk_documents_max = 7;
        config.presence = options_.presence;
        config.stores.front().database = database_of(i);
        config.page_rows_max = options_.page;
        if (options_.nats) config.stream.emplace();
        config.full_ids_from = options_.full_ids_from;
        n.core.emplace(std::move(config), n.journal);
        perform_node(i, n.core->start(now()));
    }
    void store_down() {
        store_up_ = false;
        if (options_.nats) {
            for (int i = 0; i < options_.nodes; ++i) cut_connection(i);
            if (options_.server_crashes > 0 && random_.per_million(options_.server_crashes))
                lost_by_server += server_.lose_unsynced();
            server_.restart();
        }
        for (const auto& [exchange, wire] : std::exchange(wires_, {})) {
            to_mock(couchmock::Abandoned{exchange});
            fail(wire);
        }
    }
    void store_up() { store_up_ = true; }
    void cut_feeds() {
        if (options_.nats) cut_connection(static_cast<int>(random_.below(nodes_.size())));
        auto wires = wires_;
        for (const auto& [exchange, wire] : wires) {
            if (!wire.stream) continue;
            wires_.erase(exchange);
            to_mock(couchmock::Abandoned{exchange});
            fail(wire);
        }
    }
    /// The operator's command: a node that starts from here on tells the store.
    void upgrade_from(base::FullIdsFrom from) { options_.full_ids_from = from; }
    void calm() { options_.lost_replies = options_.failures = 0; }
    void lose_all_replies() { options_.lost_replies = 1'000'000; }
    sim::virtual_world::ModelJetStream& server() { return server_; }
    /// All connections break, and the server gives none of what it had asked for.
    void delete_stream() { server_.delete_stream(); }
    void drop_consumers() { tell(server_.drop_consumers()); }
    std::size_t lost_by_server = 0;
    int server_changes = 0;  ///< that nodes wanted

    void post(int c) {
        auto& client = clients_[static_cast<std::size_t>(c)];
        const auto ms = std::max(client.last_ms, base::unix_ms(now().wall));
        client.counter =
            ms == client.last_ms ? static_cast<std::uint16_t>(client.counter + 1) : std::uint16_t{0};
        client.last_ms = ms;
        const auto key = base::MessageKey{ms, client.counter, {}}.text();
        client.unanswered[key] = fmt::format("{} says {}", client.name, client.said++);
        send_post(c, key);
    }
    void hop(int c) { disconnected(c); }
    /// With a key of its own, and the secret that all clients have.
    void change(int c, std::string_view id, std::string_view text) {
        auto& client = clients_[static_cast<std::size_t>(c)];
        const auto key = base::MessageKey{base::unix_ms(now().wall), ++client.counter, {}}.text();
        const auto what = text.empty() ? std::string{} : fmt::format(R"(,"text":"{}")", text);
        say(c, fmt::format(R"({{"t":"{}","id":"{}","key":"{}","secret":"{}"{}}})",
                           text.empty() ? "remove" : "edit", id, key, secret, what));
    }
    [[nodiscard]] std::string database_of(int node) const {
        const auto number = node % options_.databases;
        return number == 0 ? "chat" : fmt::format("chat{}", number);
    }
    /// Asks the store as a person does, who waits for the answer.
    base::HttpResponse ask_store(std::string method, std::string target, std::string body = {}) {
        by_hand(std::move(method), std::move(target), std::move(body));
        for (int i = 0; i < 10'000 && !asked_done_; ++i) run(base::Duration{50});
        EXPECT_TRUE(asked_done_);
        return asked_answer_;
    }
    /// The same, of what is answered at once; past all nodes, also while they do not reach the store.
    base::HttpResponse by_hand(std::string method, std::string target, std::string body = {}) {
        asked_ = ++exchanges_;
        asked_done_ = false;
        asked_answer_ = {};
        to_mock(couchmock::Requested{
            asked_,
            {std::move(method), std::move(target), {{"Content-Type", "application/json"}}, std::move(body)},
            "127.0.0.1"});
        return asked_answer_;
    }
    /// What a node has of a message.
    [[nodiscard]] std::optional<base::ChatMessage> has(int node, std::string_view id) {
        auto entry = nodes_[static_cast<std::size_t>(node)]->journal.find(id);
        if (!entry) return std::nullopt;
        return std::move(entry->message);
    }
    /// Of all messages that clients know to be accepted.
    [[nodiscard]] std::set<std::string> accepted() const {
        std::set<std::string> out;
        for (const auto& client : clients_) out.insert(client.accepted.begin(), client.accepted.end());
        return out;
    }

    /// As if a moderator had made this of a policy at a node with the store away, and the node had died then.
    void keep_policy(int i, std::string id, std::string body) {
        kill_node(i);
        base::JournalBatch batch{1'000'000};
        batch.policies.push_back({std::move(id), std::move(body)});
        nodes_[static_cast<std::size_t>(i)]->journal.commit(std::move(batch));
        start_node(i);
    }
    /// The policies that a node's journal has, by id: what they say, without where they are stored.
    std::map<std::string, std::string> policies_of(int i) {
        std::map<std::string, std::string> out;
        for (auto& policy : nodes_[static_cast<std::size_t>(i)]->journal.policies())
            out.emplace(policy.id, policy.body);
        return out;
    }
    [[nodiscard]] std::int64_t wall_ms() const { return base::unix_ms(now().wall); }

    // ---- what came of it

    void expect_all_is_well() {
        if (options_.nats) expect_the_stream_has_all();
        std::set<std::string> accepted;
        for (const auto& client : clients_) {
            EXPECT_TRUE(client.unanswered.empty())
                << client.name << " still waits for " << client.unanswered.size();
            accepted.insert(client.accepted.begin(), client.accepted.end());
        }
        for (auto& n : nodes_) {
            std::set<std::string> has;
            for (const auto& entry : n->journal.after({}, 0, 1'000'000)) {
                has.emplace(entry.message.id());
                EXPECT_FALSE(entry.stored_in.empty()) << entry.message.id() << " was never stored";
            }
            for (const auto& id : accepted) EXPECT_TRUE(has.contains(id)) << "a node lacks " << id;
        }
        for (const auto& client : clients_) {
            for (const auto& id : accepted)
                EXPECT_TRUE(client.shown.contains(id)) << client.name << " was never shown " << id;
            EXPECT_EQ(client.repeats, 0) << client.name << " was shown something twice on one connection";
            EXPECT_EQ(client.out_of_order, 0) << client.name << trace;
        }
        EXPECT_FALSE(accepted.empty());
    }
    void expect_the_stream_has_all() {
        std::set<std::string> there;
        for (const auto& [sequence, stored] : server_.messages())
            if (const auto document = base::parse_json(stored.payload))
                there.insert(base::text_member(*document, "_id"));
        for (const auto& id : accepted()) EXPECT_TRUE(there.contains(id)) << "the stream lacks " << id;
    }
    /// What the store's documents say, and the form of the id of each that says it.
    std::map<std::string, std::vector<base::IdForm>> texts_in_store() {
        std::vector<std::string> documents;
        if (options_.nats) {
            for (const auto& [sequence, stored] : server_.messages()) documents.push_back(stored.payload);
        } else {
            const auto all = base::parse_json(ask_store("GET", "/chat/_all_docs?include_docs=true").body);
            for (const auto& row : base::member(*all, "rows")->get_array())
                documents.push_back(base::write_json(*base::member(row, "doc")));
        }
        std::map<std::string, std::vector<base::IdForm>> out;
        for (const auto& document : documents) {
            const auto read = base::parse_json(document);
            if (!read || !base::string_member(*read, "msg")) continue;
            const auto id = base::text_member(*read, "_id");
            out[base::text_member(*read, "msg")].push_back(
                base::brief_id_of(id).empty() ? base::IdForm::brief : base::IdForm::full);
        }
        return out;
    }
    [[nodiscard]] std::size_t accepted_count() const {
        std::size_t n = 0;
        for (const auto& client : clients_) n += client.accepted.size();
        return n;
    }
    base::Random& random() { return random_; }
    std::string trace;  ///< appended to when set to something

private:
    static constexpr std::string_view secret = "nobody guesses this one";
    struct Node {
        explicit Node(std::string uuid) : journal{std::move(uuid)} {}
        sim::virtual_world::ModelJournal journal;
        std::optional<node::ChatCore> core;
        int life = 0;
        std::map<node::FetchId, couchmock::ExchangeId> fetches;
        std::uint64_t connection = 0;  ///< to the NATS server; another one after each cut
        std::set<node::FetchId> asks;
        std::map<std::string, node::FetchId> subscriptions;
        std::int64_t up_due = 0, down_due = 0;
        std::map<node::TimerId, std::int64_t> timers;
    };
    struct Client {
        std::string name;
        int node = -1;
        node::SessionId session = 0;
        std::string cursor;
        std::uint64_t n = 0;
        std::int64_t last_ms = 0;
        std::uint16_t counter = 0;
        int said = 0;
        std::map<std::string, std::string> unanswered;  ///< key to text
        std::set<std::string> accepted, shown;
        std::set<std::string> shown_here;  ///< on this connection
        std::map<std::string, std::string>
            newest_of;    ///< sender to the highest position shown on this connection
        int repeats = 0;  ///< on one connection
        int out_of_order = 0;
    };
    struct Wire {
        int node;
        int life;
        node::FetchId fetch;
        bool stream;
        bool lose_reply;
        std::shared_ptr<std::string> body = std::make_shared<std::string>();
        std::int64_t last_delivery = 0;
        int status = 0;
    };

    base::Now now() const {
        return {base::Time{base::Duration{now_}},
                base::wall_from_unix_ms(1'800'000'000'000) + base::Duration{now_}};
    }
    void at(std::int64_t time, std::function<void()> what) {
        queue_.emplace(std::pair{std::max(time, now_), ++order_}, std::move(what));
    }
    std::int64_t delay(std::int64_t most_us) { return random_.between(100, most_us); }

    // ---- nodes

    void to_node(int i, int life, node::Event event) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        if (!n.core || n.life != life) return;
        perform_node(i, n.core->handle(std::move(event), now()));
    }
    void perform_node(int i, node::Effects effects) {
        for (auto& effect : effects) std::visit([&](auto& e) { node_effect(i, e); }, effect);
    }
    int life(int i) { return nodes_[static_cast<std::size_t>(i)]->life; }

    void node_effect(int i, node::Send& e) {
        at(now_ + 50, [this, i, l = life(i), e] { to_node(i, l, node::Written{e.session}); });
        auto& due = session_due_[e.session];
        due = std::max(due, now_ + delay(5000));
        at(due, [this, e] { client_hears(e); });
    }
    void node_effect(int i, node::Close& e) {
        at(now_ + 50, [this, i, l = life(i), s = e.session] { to_node(i, l, node::Closed{s}); });
        for (std::size_t c = 0; c < clients_.size(); ++c)
            if (clients_[c].session == e.session) disconnected(static_cast<int>(c));
    }
    void node_effect(int, node::Respond&) {}
    void node_effect(int, node::Stream&) {}
    void node_effect(int, node::UseStore&) {}
    void node_effect(int, node::ChangeServer&) { ++server_changes; }
    void node_effect(int i, node::Ask& e) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        if (!store_up_) return fail_ask(i, e.fetch);
        n.asks.insert(e.fetch);
        e.message.reply = fmt::format("answer.{}", e.fetch);
        const bool fails = random_.per_million(options_.failures);
        const bool loses = random_.per_million(options_.lost_replies);
        to_server(i, [this, i, fails, loses, message = std::move(e.message)](std::uint64_t connection) {
            if (fails) return cut_connection(i);
            auto out = server_.publish(connection, message, now());
            if (loses) return cut_connection(i);
            tell(std::move(out));
        });
    }
    void node_effect(int i, node::Subscribe& e) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        if (!store_up_) return fail_ask(i, e.fetch);
        n.subscriptions[e.subject] = e.fetch;
        to_server(i, [this, subject = e.subject](std::uint64_t connection) {
            server_.subscribe(connection, subject);
        });
    }
    void node_effect(int i, node::Publish& e) {
        to_server(i, [this, message = std::move(e.message)](std::uint64_t connection) {
            tell(server_.publish(connection, message, now()));
        });
    }
    void to_server(int i, std::function<void(std::uint64_t)> what) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        n.up_due = std::max(n.up_due, now_ + delay(3000));
        at(n.up_due, [this, i, connection = n.connection, what = std::move(what)] {
            if (store_up_ && nodes_[static_cast<std::size_t>(i)]->connection == connection) what(connection);
        });
    }
    void tell(sim::virtual_world::ModelJetStream::Deliveries deliveries) {
        for (auto& one : deliveries)
            for (std::size_t i = 0; i < nodes_.size(); ++i) {
                auto& n = *nodes_[i];
                if (n.connection != one.to) continue;
                n.down_due = std::max(n.down_due, now_ + delay(3000));
                at(n.down_due,
                   [this, i = static_cast<int>(i), delivery = std::move(one)] { from_server(i, delivery); });
                break;
            }
        watch_server();
    }
    void from_server(int i, const sim::virtual_world::ModelJetStream::Delivery& delivery) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        if (n.connection != delivery.to) return;
        if (delivery.inbox.starts_with("answer.")) {
            const auto fetch = std::stoull(delivery.inbox.substr(7));
            if (n.asks.erase(fetch) > 0) to_node(i, n.life, node::Answered{fetch, delivery.message});
        } else if (const auto found = n.subscriptions.find(delivery.inbox); found != n.subscriptions.end()) {
            to_node(i, n.life, node::Delivered{found->second, {delivery.message}});
        }
    }
    void watch_server() {
        const auto next = server_.next_time();
        if (!next || next->time_since_epoch().count() == server_alarm_) return;
        server_alarm_ = next->time_since_epoch().count();
        at(server_alarm_, [this, due = server_alarm_] {
            if (due != server_alarm_) return;
            server_alarm_ = -1;
            if (store_up_) tell(server_.on_time(now().time));
        });
    }
    void fail_ask(int i, node::FetchId fetch) {
        at(now_ + delay(1000), [this, i, l = life(i), fetch] {
            to_node(i, l, node::FetchFailed{fetch, "no connection"});
        });
    }
    void cut_connection(int i) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        server_.disconnected(std::exchange(n.connection, ++connections_));
        for (const auto fetch : std::exchange(n.asks, {})) fail_ask(i, fetch);
        for (const auto& [subject, fetch] : std::exchange(n.subscriptions, {})) fail_ask(i, fetch);
    }
    void node_effect(int, node::Search&) {}
    void node_effect(int, node::Keep&) {}
    void node_effect(int i, node::Persist& e) {
        auto& n = *nodes_[static_cast<std::size_t>(i)];
        n.journal.write(e.batch);
        at(now_ + delay(4000), [this, i, l = n.life, number = e.batch.number] {
            auto& same = *nodes_[static_cast<std::size_t>(i)];
            if (same.life != l) return;
            same.journal.sync();
            to_node(i, l, node::Persisted{number});
        });
    }
    void node_effect(int i, node::Fetch& e) {
        const Wire wire{i, life(i), e.fetch, e.stream, random_.per_million(options_.lost_replies)};
        const bool fails = random_.per_million(options_.failures);
        at(now_ + delay(3000), [this, wire, fails, request = std::move(e.request)] {
            if (!store_up_ || fails) return fail(wire);
            const auto exchange = ++exchanges_;
            wires_[exchange] = wire;
            nodes_[static_cast<std::size_t>(wire.node)]->fetches[wire.fetch] = exchange;
            to_mock(couchmock::Requested{exchange, request, "127.0.0.1"});
        });
    }
    void node_effect(int i, node::CancelFetch& e) {
        if (options_.nats) {
            auto& n = *nodes_[static_cast<std::size_t>(i)];
            n.asks.erase(e.fetch);
            for (auto it = n.subscriptions.begin(); it != n.subscriptions.end(); ++it)
                if (it->second == e.fetch) {
                    to_server(i,
                              [this, subject = it->first](std::uint64_t) { server_.unsubscribe(subject); });
                    n.subscriptions.erase(it);
                    break;
                }
            return;
        }
        auto& fetches = nodes_[static_cast<std::size_t>(i)]->fetches;
        const auto it = fetches.find(e.fetch);
        if (it == fetches.end() || wires_.erase(it->second) == 0) return;
        to_mock(couchmock::Abandoned{it->second});
    }
    void node_effect(int i, node::SetTimer& e) {
        auto& due = nodes_[static_cast<std::size_t>(i)]->timers[e.timer];
        due = e.at.time_since_epoch().count();
        at(due, [this, i, l = life(i), timer = e.timer, when = due] {
            auto& timers = nodes_[static_cast<std::size_t>(i)]->timers;
            const auto it = timers.find(timer);
            if (it == timers.end() || it->second != when) return;
            timers.erase(it);
            to_node(i, l, node::TimerFired{timer});
        });
    }
    void node_effect(int i, node::Log& e) {
        if (!trace.empty()) trace += fmt::format("{} n{} {}\n", now_, i, e.line);
    }
    void node_effect(int, node::Drained&) {}

    void fail(const Wire& wire) {
        at(now_ + delay(1000), [this, wire] {
            to_node(wire.node, wire.life, node::FetchFailed{wire.fetch, "reset"});
        });
    }

    // ---- the store

    void to_mock(couchmock::Event event) {
        for (auto& effect : mock_->handle(std::move(event), now()))
            std::visit([&](auto& e) { mock_effect(e); }, effect);
    }
    void deliver(Wire& wire, node::Event event) {
        wire.last_delivery = std::max(wire.last_delivery, now_ + delay(3000));
        at(wire.last_delivery, [this, w = wire, ev = std::move(event)] { to_node(w.node, w.life, ev); });
    }
    Wire* wire_of(couchmock::ExchangeId exchange) {
        const auto it = wires_.find(exchange);
        return it == wires_.end() ? nullptr : &it->second;
    }
    void mock_effect(couchmock::Respond& e) {
        if (e.exchange == asked_) {
            asked_answer_ = e.response;
            asked_done_ = true;
        }
        auto* wire = wire_of(e.exchange);
        if (!wire) return;
        if (base::header(e.response.headers, "Date").empty())  // a server says what time it is
            e.response.headers.emplace_back("Date", base::http_date(now().wall));
        if (wire->lose_reply) {
            fail(*wire);
        } else if (wire->stream) {
            deliver(*wire, node::FetchHead{wire->fetch, e.response.status});
            deliver(*wire, node::FetchData{wire->fetch, e.response.body});
            deliver(*wire, node::FetchEnded{wire->fetch});
        } else {
            deliver(*wire, node::Fetched{wire->fetch, e.response});
        }
        wires_.erase(e.exchange);
    }
    void mock_effect(couchmock::RespondHead& e) {
        if (e.exchange == asked_) asked_answer_.status = e.status;
        auto* wire = wire_of(e.exchange);
        if (!wire) return;
        wire->status = e.status;
        if (wire->stream) deliver(*wire, node::FetchHead{wire->fetch, e.status});
    }
    void mock_effect(couchmock::RespondData& e) {
        at(now_ + 20, [this, exchange = e.exchange] { to_mock(couchmock::Written{exchange}); });
        if (e.exchange == asked_) asked_answer_.body += e.bytes;
        auto* wire = wire_of(e.exchange);
        if (!wire) return;
        if (!wire->stream) {
            *wire->body += e.bytes;
            return;
        }
        const auto cut = static_cast<std::size_t>(random_.below(e.bytes.size() + 1));
        deliver(*wire, node::FetchData{wire->fetch, e.bytes.substr(0, cut)});
        deliver(*wire, node::FetchData{wire->fetch, e.bytes.substr(cut)});
    }
    void mock_effect(couchmock::RespondEnd& e) {
        asked_done_ = asked_done_ || e.exchange == asked_;
        auto* wire = wire_of(e.exchange);
        if (!wire) return;
        if (wire->stream)
            deliver(*wire, node::FetchEnded{wire->fetch});
        else
            deliver(*wire, node::Fetched{wire->fetch, {wire->status, {}, *wire->body}});
        wires_.erase(e.exchange);
    }
    void mock_effect(couchmock::Reset& e) {
        if (auto* wire = wire_of(e.exchange)) fail(*wire);
        wires_.erase(e.exchange);
    }
    void mock_effect(couchmock::SetTimer& e) {
        const auto due = mock_timers_[e.timer] = e.at.time_since_epoch().count();
        at(due, [this, timer = e.timer, due] {
            const auto it = mock_timers_.find(timer);
            if (it == mock_timers_.end() || it->second != due) return;
            mock_timers_.erase(it);
            to_mock(couchmock::TimerFired{timer});
        });
    }
    void mock_effect(couchmock::Listen&) {}
    void mock_effect(couchmock::Log&) {}
    void mock_effect(couchmock::Fetch&) {}  // no other server is reached
    void mock_effect(couchmock::CancelFetch&) {}

    // ---- clients

    void connect(int c, int i) {
        auto& client = clients_[static_cast<std::size_t>(c)];
        if (!nodes_[static_cast<std::size_t>(i)]->core) {
            at(now_ + 50'000, [this, c] { reconnect(c); });
            return;
        }
        client.node = i;
        client.session = ++sessions_;
        client.shown_here.clear();
        client.newest_of.clear();
        say(c, {}, true);
        say(c, fmt::format(R"({{"t":"hello","v":1,"user":"{}"}})", client.name));
        std::string join = R"({"t":"join","room":"lobby","history":500)";
        if (!client.cursor.empty()) join += fmt::format(R"(,"cursor":"{}","n":{})", client.cursor, client.n);
        say(c, join + "}");
        for (const auto& [key, text] : client.unanswered) send_post(c, key);
    }
    void reconnect(int c) {
        if (clients_[static_cast<std::size_t>(c)].node < 0)
            connect(c, static_cast<int>(random_.below(nodes_.size())));
    }
    void disconnected(int c) {
        auto& client = clients_[static_cast<std::size_t>(c)];
        if (client.node < 0) return;
        at(now_ + delay(3000), [this, i = client.node, l = life(client.node), s = client.session] {
            to_node(i, l, node::Closed{s});
        });
        client.node = -1;
        client.session = 0;
        at(now_ + delay(100'000), [this, c] { reconnect(c); });
    }
    void say(int c, std::string frame, bool opening = false) {
        auto& client = clients_[static_cast<std::size_t>(c)];
        if (client.node < 0) return;
        auto& due = client_due_[client.session];
        due = std::max(due, now_ + delay(3000));
        at(due, [this, i = client.node, l = life(client.node), s = client.session, frame = std::move(frame),
                 opening] {
            if (opening)
                to_node(i, l, node::Opened{s, "127.0.0.1"});
            else
                to_node(i, l, node::Received{s, frame});
        });
    }
    void send_post(int c, const std::string& key) {
        say(c, fmt::format(R"({{"t":"post","room":"lobby","key":"{}","text":"{}","host":"h","secret":"{}"}})",
                           key, clients_[static_cast<std::size_t>(c)].unanswered[key], secret));
    }
    void client_hears(const node::Send& e) {
        const auto it = std::ranges::find(clients_, e.session, &Client::session);
        if (it == clients_.end()) return;
        for (const auto& batch : e.frames)
            for (std::size_t i = 0; i < batch->count(); ++i) {
                const auto frame = base::parse_json(batch->at(i));
                ASSERT_TRUE(frame) << batch->at(i);
                hears(*it, *frame);
            }
    }
    void hears(Client& client, const base::json::value& frame) {
        const auto text = [&](std::string_view key) {
            return std::string{base::string_member(frame, key).value_or("")};
        };
        const auto t = text("t");
        const auto n = static_cast<std::uint64_t>(base::int_member(frame, "n").value_or(0));
        if (!text("cursor").empty()) {
            client.cursor = text("cursor");
            client.n = n;
        } else {
            client.n = std::max(client.n, n);
        }
        if (t == "accepted" || t == "stored") {
            client.accepted.insert(text("id"));
            client.unanswered.erase(text("key"));
        }
        // A change of what this node does not know, while the store is away.
        const bool of_change = !client.unanswered.contains(text("key"));
        if (t == "refused" && of_change && (text("code") == "not_now" || text("code") == "unknown")) return;
        if (t == "refused" || t == "failed" || t == "error")
            ADD_FAILURE() << client.name << ": " << base::write_json(frame);
        if (t != "message") return;
        if (!client.shown_here.insert(text("id")).second) ++client.repeats;
        if (!client.shown.insert(text("id")).second) return;
        auto& newest = client.newest_of[text("user")];
        if (text("pos") < newest && !base::bool_member(frame, "late")) {
            ++client.out_of_order;
            if (!trace.empty())
                trace += fmt::format("{} {} out of order: {}\n", now_, client.name, base::write_json(frame));
        }
        newest = std::max(newest, text("pos"));
    }

    Options options_;
    base::Random random_;
    sim::virtual_world::ModelJetStream server_;
    std::uint64_t connections_ = 0;
    std::int64_t server_alarm_ = -1;
    std::unique_ptr<couchmock::Mock> mock_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<Client> clients_;
    std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> queue_;
    std::map<couchmock::ExchangeId, Wire> wires_;
    std::map<couchmock::TimerId, std::int64_t> mock_timers_;
    std::map<node::SessionId, std::int64_t> session_due_, client_due_;
    std::int64_t now_ = 0;
    std::uint64_t order_ = 0;
    couchmock::ExchangeId exchanges_ = 0;
    node::SessionId sessions_ = 0;
    bool store_up_ = true;
    couchmock::ExchangeId asked_ = 0;
    bool asked_done_ = true;
    base::HttpResponse asked_answer_;
};

}  // namespace davenport
