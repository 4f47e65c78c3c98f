#pragma once

#include "node/base/json.hpp"
#include "node/base/message_id.hpp"
#include "node/core/chat_core.hpp"
#include "sim/virtual/model_journal.hpp"
#include "virtual_clock.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace davenport::bench {

/// A ChatCore among a disk, a store and clients that do at once what they are asked for and cost next to
/// nothing.
class CoreWorld {
public:
    CoreWorld() : journal_{"u-1"}, core_{{}, journal_} {
        perform(core_.start(clock_.now()));
        work_off();
    }

    void join(node::SessionId session, std::string_view room) {
        tell(node::Opened{session, "127.0.0.1"});
        tell(node::Received{session, R"({"t":"hello","v":1,"user":"ann"})"});
        tell(node::Received{session, R"({"t":"join","history":0,"room":")" + std::string{room} + "\"}"});
    }

    /// One message, all the way: to the disk, to the store, and to everybody in the room.
    void post(node::SessionId session, std::string_view room, std::string_view text) {
        clock_.advance(std::chrono::milliseconds{1});
        const base::MessageKey key{clock_.unix_ms(), 0, {}};
        tell(node::Received{session, R"({"t":"post","room":")" + std::string{room} + R"(","key":")" +
                                         key.text() + R"(","text":")" + std::string{text} + "\"}"});
    }

    /// Bytes of WebSocket frames that clients were sent.
    [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
    [[nodiscard]] std::uint64_t frames_sent() const { return frames_sent_; }

private:
    void tell(node::Event event) {
        events_.push_back(std::move(event));
        work_off();
    }

    void work_off() {
        while (!events_.empty()) {
            auto event = std::move(events_.front());
            events_.pop_front();
            perform(core_.handle(std::move(event), clock_.now()));
        }
    }

    void perform(node::Effects effects) {
        for (auto& effect : effects) std::visit([this](auto& one) { on(one); }, effect);
    }

    void on(node::Send& send) {
        for (const auto& batch : send.frames) {
            bytes_sent_ += batch->as_websocket().size();
            frames_sent_ += batch->count();
        }
        events_.push_back(node::Written{send.session});
    }
    void on(node::Persist& persist) {
        journal_.commit(persist.batch);
        events_.push_back(node::Persisted{persist.batch.number});
    }
    void on(node::Fetch& fetch) {
        if (fetch.stream) {
            events_.push_back(node::FetchHead{fetch.fetch, 200});
        } else {
            events_.push_back(node::Fetched{fetch.fetch, answer(fetch.request)});
        }
    }
    template <class Other>
    void on(Other&) {}

    static base::HttpResponse answer(const base::HttpRequest& request) {
        const base::Headers json{{"Content-Type", "application/json"}};
        const std::string_view target{request.target};
        if (request.method == "GET" && target.find("/_local/") != std::string_view::npos)
            return {200, json, R"({"_id":"_local/davenport","_rev":"0-1","generation":"g1"})"};
        if (target.find("_changes") != std::string_view::npos)
            return {200, json, R"({"results":[],"last_seq":"1-a","pending":0})"};
        if (target.ends_with("/_bulk_docs")) return {201, json, bulk_answer(request.body)};
        return {201, json, R"({"ok":true,"id":"x","rev":"1-967a00dff5e02add41819138abb3284d"})"};
    }

    static std::string bulk_answer(const std::string& body) {
        std::string rows = "[";
        const auto wanted = base::parse_json(body);
        for (const auto& document : base::member(*wanted, "docs")->as_array()) {
            rows += rows.size() > 1 ? ",{\"ok\":true,\"id\":" : "{\"ok\":true,\"id\":";
            base::append_json_string(rows, *base::string_member(document, "_id"));
            rows += R"(,"rev":"1-967a00dff5e02add41819138abb3284d"})";
        }
        return rows + "]";
    }

    VirtualClock clock_;
    sim::virtual_world::ModelJournal journal_;
    node::ChatCore core_;
    std::deque<node::Event> events_;
    std::uint64_t bytes_sent_ = 0, frames_sent_ = 0;
};

}  // namespace davenport::bench
