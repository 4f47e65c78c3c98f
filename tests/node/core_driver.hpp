#pragma once

#include "node/base/json.hpp"
#include "node/base/message_id.hpp"
#include "node/core/chat_core.hpp"
#include "sim/virtual/model_journal.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// The world around a ChatCore in a test: nothing happens by itself, each step of the conversation is told
/// and asked for.
class CoreDriver {
public:
    static constexpr std::int64_t epoch_ms = 1'800'000'000'000;

    explicit CoreDriver(node::ChatConfig config = {}, std::string uuid = "u-1")
        : config_{std::move(config)}, journal{std::move(uuid)} {}

    // ---- the node's life

    void start() {
        journal.begin_run(fmt::format("run-{}", ++lives_));
        core_.emplace(config_, journal);
        perform(core_->start(now()));
    }
    /// The process dies and starts again: what was not synced is lost, all connections are.
    void crash_and_restart() {
        core_.reset();
        fetches.clear();
        heads_.clear();
        timers.clear();
        sent_frames.clear();
        persist_waits_ = false;
        journal.crash();
        start();
    }
    [[nodiscard]] node::NodeCounts counts() const { return core_->counts(); }
    void handle(node::Event event) { perform(core_->handle(std::move(event), now())); }

    // ---- clients

    void open(node::SessionId session, std::string user) {
        handle(node::Opened{session, "127.0.0.1"});
        say(session, R"({"t":"hello","v":1,"user":")" + user + "\"}");
    }
    void say(node::SessionId session, std::string frame) {
        handle(node::Received{session, std::move(frame)});
    }
    void join(node::SessionId session, std::string_view room, std::string_view cursor = {},
              std::uint64_t n = 0, std::string_view seen = {}) {
        std::string frame = R"({"t":"join","room":")" + std::string{room} + "\"";
        if (!cursor.empty()) frame += R"(,"cursor":")" + std::string{cursor} + fmt::format(R"(","n":{})", n);
        if (!seen.empty()) frame += R"(,"seen":")" + std::string{seen} + "\"";
        say(session, frame + "}");
    }
    /// Posts with a key of this moment; gives the key.
    std::string post(node::SessionId session, std::string_view room, std::string_view text) {
        const auto key = next_key();
        post_with(session, room, text, key);
        return key;
    }
    void post_with(node::SessionId session, std::string_view room, std::string_view text,
                   std::string_view key) {
        std::string frame = R"({"t":"post","room":")" + std::string{room} + R"(","key":")" +
                            std::string{key} + R"(","text":)";
        base::append_json_string(frame, text);
        say(session, frame + "}");
    }
    std::string next_key() { return base::MessageKey{epoch_ms + now_us_ / 1000, counter_++, {}}.text(); }

    /// The frames that `session` was sent since the last call, of type `t` (all when empty).
    std::vector<base::json::value> take(node::SessionId session, std::string_view t = {}) {
        std::vector<base::json::value> out;
        for (auto& frame : std::exchange(sent_frames[session], {}))
            if (t.empty() || base::string_member(frame, "t") == t) out.push_back(std::move(frame));
        return out;
    }
    /// What take() gives, as "t text" or "t" in one list, without the cursors that come now and then.
    std::vector<std::string> heard(node::SessionId session) {
        std::vector<std::string> out;
        for (const auto& frame : take(session)) {
            std::string line{base::string_member(frame, "t").value_or("?")};
            if (line == "cursor") continue;
            for (const auto* member : {"text", "code", "state"})
                if (const auto value = base::string_member(frame, member)) (line += ' ') += *value;
            if (base::bool_member(frame, "late")) line += " late";
            if (base::bool_member(frame, "gap")) line += " gap";
            out.push_back(line);
        }
        return out;
    }

    // ---- the disk

    /// The batch under way is on the disk.
    void persist() {
        ASSERT_TRUE(persist_waits_) << "no batch is under way";
        persist_waits_ = false;
        journal.sync();
        handle(node::Persisted{last_batch.number});
    }
    void persist_all() {
        while (persist_waits_) persist();
    }
    void fail_persist() {
        ASSERT_TRUE(persist_waits_);
        persist_waits_ = false;
        journal.crash();
        handle(node::PersistFailed{last_batch.number, "No space left on device"});
    }
    [[nodiscard]] bool persisting() const { return persist_waits_; }

    // ---- the store

    struct OpenFetch {
        node::FetchId id;
        base::HttpRequest request;
        bool stream;
    };
    /// The oldest open request whose "METHOD target" contains `what`.
    const OpenFetch* fetch(std::string_view what) const {
        const auto it = std::ranges::find_if(fetches, [&](const OpenFetch& f) {
            return (f.request.method + " " + f.request.target).find(what) != std::string::npos;
        });
        return it == fetches.end() ? nullptr : &*it;
    }
    [[nodiscard]] bool asked(std::string_view what) const { return fetch(what) != nullptr; }
    /// Answers that request; fails the test when there is none. Gives the request.
    base::HttpRequest answer(std::string_view what, int status, std::string body) {
        auto f = take_fetch(what);
        if (!f) return {};
        handle(node::Fetched{f->id, {status, {{"Content-Type", "application/json"}}, std::move(body)}});
        return f->request;
    }
    base::HttpRequest fail(std::string_view what) {
        auto f = take_fetch(what);
        if (!f) return {};
        handle(node::FetchFailed{f->id, "connection reset"});
        return f->request;
    }
    void fail_all() {
        while (!fetches.empty()) {
            const auto id = fetches.front().id;
            fetches.pop_front();
            handle(node::FetchFailed{id, "connection refused"});
        }
    }
    /// The head and some bytes of an open stream.
    void stream(std::string_view what, std::string bytes, int status = 200) {
        const auto* f = fetch(what);
        ASSERT_TRUE(f) << "not asked: " << what << "\n" << asked_for();
        const auto id = f->id;
        if (heads_.insert({id, status}).second) handle(node::FetchHead{id, status});
        handle(node::FetchData{id, std::move(bytes)});
    }
    void end_stream(std::string_view what) {
        auto f = take_fetch(what);
        if (f) handle(node::FetchEnded{f->id});
    }

    /// A store of generation `g` that has nothing new: answers the probe and the feed's first page.
    void store_up(std::string g = "g1", std::string last_seq = "1-a") {
        store_is(std::move(g), std::move(last_seq));
        if (asks_about_database()) answer_about_database();  // whether anything was ever purged
    }
    void store_is(std::string g = "g1", std::string last_seq = "1-a") {
        answer("GET /chat/_local/davenport", 200, R"({"_id":"_local/davenport","generation":")" + g + "\"}");
        if (asked("feed=normal"))
            answer("feed=normal", 200, R"({"results":[],"last_seq":")" + last_seq + R"(","pending":0})");
    }

    /// The node asks what the database tells of itself.
    [[nodiscard]] bool asks_about_database() const {
        return std::ranges::any_of(fetches, [](const OpenFetch& f) {
            return f.request.method == "GET" && f.request.target == "/chat";
        });
    }
    /// The same to all who ask.
    void answer_about_database(std::string_view start = "0", int documents = 0) {
        ASSERT_TRUE(asks_about_database()) << asked_for();
        std::vector<node::FetchId> ids;
        for (const auto& f : fetches)
            if (f.request.method == "GET" && f.request.target == "/chat") ids.push_back(f.id);
        for (const auto id : ids) {
            std::erase_if(fetches, [&](const OpenFetch& f) { return f.id == id; });
            handle(node::Fetched{
                id,
                {200,
                 {},
                 fmt::format(R"({{"db_name":"chat","instance_start_time":"{}","doc_count":{}}})", start,
                             documents)}});
        }
    }

    /// Asked for documents by their ids, the store has them all.
    std::string has_all() {
        auto f = take_fetch("_all_docs");
        if (!f) return {};
        std::string rows;
        const auto body = base::parse_json(f->request.body);
        for (const auto& key : base::member(*body, "keys")->get_array())
            rows += fmt::format(R"({0}{{"id":{1},"key":{1},"value":{{"rev":"1-a"}}}})",
                                rows.empty() ? "" : ",", base::write_json(key));
        handle(node::Fetched{f->id, {200, {}, fmt::format(R"({{"rows":[{}]}})", rows)}});
        return f->request.body;
    }

    // ---- time

    void advance(std::chrono::microseconds by) {
        const auto until = now_us_ + by.count();
        for (;;) {
            auto next = std::ranges::min_element(timers, {}, [](const auto& t) { return t.second; });
            if (next == timers.end() || next->second > until) break;
            const auto id = next->first;
            now_us_ = std::max(now_us_, next->second);
            timers.erase(next);
            handle(node::TimerFired{id});
        }
        now_us_ = until;
    }
    /// The same with a store that is there all the time and has nothing new.
    void live(std::chrono::seconds by) {
        for (; by > std::chrono::seconds{0}; by -= std::chrono::seconds{1}) {
            advance(std::chrono::seconds{1});
            if (asked("GET /chat/_local/davenport")) store_is();
            if (asked("feed=continuous")) stream("feed=continuous", "\n");
        }
    }
    [[nodiscard]] base::Now now() const {
        return {base::Time{base::Duration{now_us_}},
                base::wall_from_unix_ms(epoch_ms) + base::Duration{now_us_} + wall_offset};
    }
    base::Duration wall_offset{};  ///< how wrong the node's wall clock is

    [[nodiscard]] std::string asked_for() const {
        std::string out = "open requests:";
        for (const auto& f : fetches) out += "\n  " + f.request.method + " " + f.request.target;
        return out;
    }

    node::ChatConfig config_;
    sim::virtual_world::ModelJournal journal;
    std::deque<OpenFetch> fetches;
    std::map<node::TimerId, std::int64_t> timers;
    std::map<node::SessionId, std::vector<base::json::value>> sent_frames;
    std::map<node::ExchangeId, base::HttpResponse> responses;
    std::vector<node::ExchangeId> streams;  ///< those that were made sessions
    std::vector<node::Search> searches;
    std::vector<std::size_t> uses;  ///< of stores
    std::vector<node::SessionId> closes;
    std::vector<std::string> log;
    base::JournalBatch last_batch;
    std::size_t requests = 0;
    bool drained = false;
    bool auto_written = true;  ///< every Send is taken at once
    /// The store's notes of tries to sign in, each with all its revisions; answered at once. Nodes may share
    /// them.
    using Tries = std::map<std::string, std::vector<std::string>>;
    std::shared_ptr<Tries> tries = std::make_shared<Tries>();
    bool counts_tries = true;  ///< else such requests are as all others

private:
    std::optional<OpenFetch> take_fetch(std::string_view what) {
        const auto* found = fetch(what);
        EXPECT_TRUE(found) << "not asked: " << what << "\n" << asked_for();
        if (!found) return std::nullopt;
        auto out = *found;
        std::erase_if(fetches, [&](const OpenFetch& f) { return f.id == out.id; });
        return out;
    }

    void perform(node::Effects effects) {
        std::vector<node::SessionId> written;
        for (auto& effect : effects) std::visit([&](auto& e) { on(e, written); }, effect);
        if (auto_written)
            for (const auto session : written) handle(node::Written{session});
        for (const auto& [id, request] : std::exchange(tries_asked_, {})) answer_tries(id, request);
    }
    void answer_tries(node::FetchId id, const base::HttpRequest& request) {
        const auto found = tries->find(request.target);
        base::HttpResponse response{404, {}, R"({"error":"not_found","reason":"missing"})"};
        if (request.method == "GET") {
            if (found != tries->end()) response = {200, {}, found->second.back()};
        } else {
            auto& revisions = (*tries)[request.target];
            auto body = *base::parse_json(request.body);
            const auto rev = base::text_member(body, "_rev");
            if (rev == (revisions.empty() ? "" : std::to_string(revisions.size()) + "-x")) {
                body.as_object()["_rev"] = std::to_string(revisions.size() + 1) + "-x";
                revisions.push_back(base::write_json(body));
                response = {201, {}, "{}"};
            } else {
                response = {409, {}, R"({"error":"conflict"})"};
            }
        }
        handle(node::Fetched{id, std::move(response)});
    }
    using Sent = std::vector<node::SessionId>;
    void on(node::Send& e, Sent& written) {
        for (const auto& batch : e.frames)
            for (std::size_t i = 0; i < batch->count(); ++i) {
                auto frame = base::parse_json(batch->at(i));
                ASSERT_TRUE(frame) << batch->at(i);
                sent_frames[e.session].push_back(std::move(*frame));
            }
        written.push_back(e.session);
    }
    void on(node::Close& e, Sent&) { closes.push_back(e.session); }
    void on(node::Respond& e, Sent&) { responses[e.exchange] = e.response; }
    void on(node::Stream& e, Sent&) { streams.push_back(e.exchange); }
    void on(node::Persist& e, Sent&) {
        EXPECT_FALSE(persist_waits_) << "two batches under way";
        persist_waits_ = true;
        last_batch = e.batch;
        journal.write(e.batch);
    }
    void on(node::Keep& e, Sent&) { config_.kept = e.text; }
    void on(node::Search& e, Sent&) { searches.push_back(e); }
    void on(node::Fetch& e, Sent&) {
        if (const auto at = e.request.target.find("tries-"); at != std::string::npos && counts_tries)
            return tries_asked_.emplace_back(e.fetch, std::move(e.request)), void();
        ++requests;
        fetches.push_back({e.fetch, std::move(e.request), e.stream});
    }
    void on(node::CancelFetch& e, Sent&) {
        std::erase_if(fetches, [&](const OpenFetch& f) { return f.id == e.fetch; });
    }
    void on(node::UseStore& e, Sent&) { uses.push_back(e.store); }
    void on(node::Ask&, Sent&) {}
    void on(node::Subscribe&, Sent&) {}
    void on(node::Publish&, Sent&) {}
    void on(node::ChangeServer&, Sent&) {}
    void on(node::SetTimer& e, Sent&) { timers[e.timer] = e.at.time_since_epoch().count(); }
    void on(node::Log& e, Sent&) { log.push_back(e.line); }
    void on(node::Drained&, Sent&) { drained = true; }

    std::optional<node::ChatCore> core_;
    std::map<node::FetchId, int> heads_;
    std::vector<std::pair<node::FetchId, base::HttpRequest>> tries_asked_;
    bool persist_waits_ = false;
    int lives_ = 0;
    std::int64_t now_us_ = 0;
    std::uint16_t counter_ = 0;
};

/// The store's answers about one account, which exists and may come in.
inline void answer_account(CoreDriver& driver, std::string_view name, std::string_view salt = "s1",
                           std::string_view security = "{}") {
    driver.answer("GET /chat/_security", 200, std::string{security});
    driver.answer(
        "POST /_users/_all_docs", 200,
        fmt::format(R"({{"rows":[{{"id":"org.couchdb.user:{0}","doc":{{"name":"{0}","roles":["staff"],)"
                    R"("salt":"{1}","derived_key":"k"}}}}]}})",
                    name, salt));
}

/// A row of a feed with a whole document in it, ended by a newline.
inline std::string feed_row(std::string_view seq, const base::ChatMessage& m) {
    std::string out = "{\"seq\":\"" + std::string{seq} + "\",\"id\":";
    base::append_json_string(out, m.id());
    out += R"(,"changes":[{"rev":"1-x"}],"doc":)" + base::to_document(m) + "}\n";
    return out;
}

/// A page of a feed.
inline std::string feed_page(const std::vector<std::string>& rows, std::string_view last_seq) {
    std::string out = "{\"results\":[";
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i != 0) out += ',';
        out += rows[i];
    }
    return out + "],\"last_seq\":\"" + std::string{last_seq} + "\",\"pending\":0}";
}

/// Somebody's message, through another node.
inline base::ChatMessage others_message(std::int64_t ms_after_epoch, std::string_view text,
                                        std::string_view room = "lobby") {
    return base::make_message(room, "bob", {CoreDriver::epoch_ms + ms_after_epoch, 0, {}}, text, "n2");
}

}  // namespace davenport
