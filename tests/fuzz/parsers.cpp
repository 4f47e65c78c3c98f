#include "tests/fuzz/parsers.hpp"

#include "couchmock/core/replication_end.hpp"
#include "couchmock/core/replication_flow.hpp"
#include "node/base/change.hpp"
#include "node/base/chat_message.hpp"
#include "node/base/http.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "node/base/names.hpp"
#include "node/base/time.hpp"
#include "node/core/clients/client_frame.hpp"
#include "node/core/clients/cursor.hpp"
#include "node/core/clients/http_api.hpp"
#include "node/core/store/couchdb/feed_parser.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/net/websocket_codec.hpp"
#include "node/net/wire/http_codec.hpp"
#include "node/net/wire/proxy_header.hpp"
#include "sim/scenario/reader.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <variant>

#include <fmt/format.h>

namespace davenport::fuzz {
namespace {

constexpr std::string_view default_piece = "\x07";

void require(bool holds, std::string_view what) {
    if (holds) return;
    fmt::print(stderr, "does not hold: {}\n", what);
    std::abort();
}

/// The first byte: how long the pieces are that the rest is fed in; at least 1.
std::size_t take_piece(std::string_view& bytes) {
    if (bytes.empty()) bytes = default_piece;
    const auto piece = std::size_t{static_cast<unsigned char>(bytes.front())} + 1;
    bytes.remove_prefix(1);
    return piece;
}

/// Feeds `bytes` in pieces to a machine that hands back what it cannot use yet.
template <class Machine>
void feed_all(Machine& machine, std::string_view bytes, std::size_t piece, std::size_t rest_max) {
    std::string rest;
    while (!bytes.empty() && !machine.done() && machine.error() == wire::HttpError::none) {
        const auto part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        rest += part;
        rest.erase(0, machine.feed(rest));
        require(machine.done() || machine.error() != wire::HttpError::none || rest.size() <= rest_max,
                "what is handed back is bounded");
    }
}

constexpr wire::HttpLimits limits{.head_bytes = 2000, .line_bytes = 1000, .headers = 50, .body_bytes = 3000};

std::string show(const base::Headers& headers) {
    std::string out;
    for (const auto& [name, value] : headers) out += name + ": " + value + '\n';
    return out;
}

std::string request_of(std::string_view bytes, std::size_t piece) {
    wire::RequestParser parser{limits};
    feed_all(parser, bytes, piece, limits.head_bytes);
    if (!parser.done()) return "none";  // which error comes first may depend on where the bytes are cut
    const auto [request, http_1_0, keep_alive] = parser.take();
    require(request.body.size() <= limits.body_bytes, "a body is bounded");
    require(request.target.starts_with('/') || request.target == "*", "a target is relative");
    return fmt::format("{} {} {} {}\n{}{}", request.method, request.target, http_1_0, keep_alive,
                       show(request.headers), request.body);
}

void read_request(std::string_view bytes) {
    const auto piece = take_piece(bytes);
    require(request_of(bytes, piece) == request_of(bytes, bytes.size() + 1),
            "a request in pieces is the same");
}

std::string response_of(std::string_view bytes, std::size_t piece) {
    wire::ResponseParser parser{limits, false};
    feed_all(parser, bytes, piece, limits.head_bytes);
    parser.feed_end();
    if (!parser.done()) return "none";
    return fmt::format("{} {}\n{}{}", parser.status(), parser.keep_alive(), show(parser.take_headers()),
                       parser.take_body());
}

void read_response(std::string_view bytes) {
    const auto piece = take_piece(bytes);
    require(response_of(bytes, piece) == response_of(bytes, bytes.size() + 1),
            "a response in pieces is the same");
}

std::string frames_of(std::string_view bytes, std::size_t piece) {
    node::WebsocketParser parser{1000};
    using Parser = node::WebsocketParser;
    std::string out;
    while (!bytes.empty()) {
        auto part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        while (auto item = parser.next(part)) {
            if (const auto* text = std::get_if<Parser::Text>(&*item)) {
                require(text->text.size() <= 1000, "a message is bounded");
                out += "text " + text->text;
            } else if (const auto* ping = std::get_if<Parser::Ping>(&*item)) {
                require(ping->payload.size() <= 125, "a ping is short");
                out += "ping " + ping->payload;
            } else if (const auto* ended = std::get_if<Parser::Ended>(&*item)) {
                return out + fmt::format("ended {} {}", static_cast<int>(ended->code), ended->reason);
            } else if (const auto* failed = std::get_if<Parser::Failed>(&*item)) {
                return out + fmt::format("failed {}", static_cast<int>(failed->code));
            }
        }
    }
    return out;
}

void read_websocket(std::string_view bytes) {
    const auto piece = take_piece(bytes);
    require(frames_of(bytes, piece) == frames_of(bytes, bytes.size() + 1), "frames in pieces are the same");
}

void read_frame(std::string_view bytes) {
    base::JsonReader reader;
    const auto frame = node::read_client_frame(reader, bytes, 50);
    if (const auto* malformed = std::get_if<node::Malformed>(&frame))
        require(!malformed->reason.empty(), "a refusal has a reason");
}

constexpr auto seen = base::wall_from_unix_ms(1'800'000'000'000);

/// What a server that is replicated with says, one answer a line: the first byte is its status, the rest its
/// body. The first line says where it is.
void read_replication(std::string_view bytes) {
    static constexpr std::array statuses{200, 201, 404, 409, 413, 500, 401};
    const auto line = [&] {
        const auto out = bytes.substr(0, bytes.find('\n'));
        bytes.remove_prefix(std::min(bytes.size(), out.size() + 1));
        return out;
    };
    couchmock::Effects none;
    const base::HttpRequest request{"POST", "/_replicate", {{"Host", "mock"}}, {}};
    const base::Now now{base::Time{}, seen};
    const couchmock::Call call{1, request, now, none};
    couchmock::ReplicationEnd far;
    try {
        const auto end = base::parse_json(line()).value_or(nullptr);
        far = couchmock::read_replication_end(call, &end);
    } catch (const couchmock::ApiError&) {
        return;
    }
    couchmock::ReplicationWish wish;
    wish.id = "id";
    wish.rows_max = 3;
    wish.retries = 1;
    wish.create_target = true;
    couchmock::ReplicationFlow flow{far, far, wish, "session", now};
    auto step = flow.start();
    for (int i = 0; i < 60; ++i) {
        if (const auto* ask = std::get_if<couchmock::ReplicationFlow::Ask>(&step)) {
            require(ask->request.target.find_first_of("\r\n") == std::string::npos, "a request is one");
            for (const auto& [name, value] : ask->request.headers)
                require((name + value).find_first_of("\r\n") == std::string::npos, "a header is one line");
            const auto answer = line();
            const auto kind = answer.empty() ? std::size_t{0} : static_cast<unsigned char>(answer.front());
            step = kind == 'x'
                       ? flow.on_lost(couchmock::FetchFailure::too_large, now)
                       : flow.on_answer({statuses[kind % statuses.size()],
                                         {},
                                         std::string{answer.substr(std::min<std::size_t>(answer.size(), 1))}},
                                        now);
        } else if (std::holds_alternative<couchmock::ReplicationFlow::Sleep>(step)) {
            step = flow.on_timer(now);
        } else {
            return;
        }
    }
}

std::string rows_of(std::string_view bytes, std::size_t piece) {
    node::FeedParser parser;
    std::string out, seq;
    while (!bytes.empty()) {
        const auto part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        auto result = parser.add(part, seen);
        for (const auto& row : result.rows)
            out += fmt::format("{} {} {}\n", row.id, row.deleted,
                               row.message ? row.message->text() : std::string_view{"-"});
        for (const auto& id : result.skipped) out += "skipped " + id + '\n';
        if (!result.seq.empty()) seq = result.seq;
        if (result.garbage) return out + "garbage " + seq;
    }
    return out + seq;
}

void read_feed(std::string_view bytes) {
    const auto piece = take_piece(bytes);
    require(rows_of(bytes, piece) == rows_of(bytes, bytes.size() + 1), "a feed in pieces is the same");
    node::read_feed_page(bytes, seen);
}

void read_document(std::string_view bytes) {
    base::JsonReader reader;
    const auto document = reader.read(bytes);
    const auto message = document ? base::from_document(*document, seen) : std::nullopt;
    if (!message) return;
    require(message->is_removed() ? message->text().empty() : true, "what is removed has no text");
    const auto written = base::to_document(*message, *document);
    base::JsonReader again;
    const auto read = again.read(written);
    require(read.has_value(), "what is written is JSON");
    const auto back = base::from_document(*read, seen);
    require(back.has_value() && back->id() == message->id() && back->room() == message->room() &&
                back->position() == message->position() && back->user() == message->user(),
            "what is written is that message");
    require(base::compare_states(*back, *message) == 0, "what is written is that state");
}

void read_answers(std::string_view bytes) {
    node::read_bulk_answer(bytes);
    const base::HttpResponse response{404, {}, std::string{bytes}};
    node::judge(response);
    node::reason_of(response);
}

void read_target(std::string_view bytes) {
    node::http_api::read({"GET", std::string{bytes}, {}, {}});
    node::http_api::read({"POST", "/api/rooms/lobby/messages", {}, std::string{bytes}});
    node::http_api::read({"POST", "/api/session", {}, std::string{bytes}});
    node::http_api::read({"PUT", "/api/rooms/lobby/messages/lobby%3Ax", {}, std::string{bytes}});
}

void read_cursor(std::string_view bytes) {
    const auto cursor = node::Cursor::parse(bytes);
    if (cursor) require(node::Cursor::parse(cursor->text()) == cursor, "a cursor reads back");
    if (const auto key = base::MessageKey::parse(bytes)) {
        const auto back = base::MessageKey::parse(key->text());
        require(back && back->text() == key->text(), "a key reads back");
    }
    if (const auto parts = base::parse_message_id(bytes))
        require(parts->room.size() + 1 + parts->letters.size() == bytes.size(), "an id is its parts");
}

std::string proxy_of(std::string_view bytes, std::size_t piece) {
    wire::ProxyHeader header;
    auto state = wire::ProxyHeader::State::open;
    std::string behind;
    while (!bytes.empty() && state == wire::ProxyHeader::State::open) {
        state = header.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(bytes.size(), piece));
    }
    if (state == wire::ProxyHeader::State::bad || state == wire::ProxyHeader::State::open)
        return std::to_string(static_cast<int>(state));
    return fmt::format("{} {} {}{}", static_cast<int>(state), header.address(), header.rest(), bytes);
}

void read_proxy(std::string_view bytes) {
    const auto piece = take_piece(bytes);
    require(proxy_of(bytes, piece) == proxy_of(bytes, bytes.size() + 1), "a header in pieces is the same");
}

void read_name(std::string_view bytes) {
    const auto name = base::prepare_name(bytes);
    static_cast<void>(base::looks_of(bytes));
    if (!name.problem.empty()) return;
    const auto again = base::prepare_name(name.text);
    require(again.problem.empty() && again.text == name.text, "a prepared name is prepared already");
    if (const auto moment = base::parse_datetime(bytes))
        require(base::parse_datetime(base::iso8601(*moment)).has_value(), "a moment reads back");
}

void read_scenario(std::string_view bytes) {
    const auto reading = sim::read_scenario(bytes, "f.yaml");
    require(reading.scenario.has_value() || !reading.problems.empty(), "a refusal has a reason");
    sim::render(reading.problems, "f.yaml", bytes);
}

const std::vector<Parser> all{
    {"request",
     read_request,
     {"\x03POST /api/rooms/lobby/messages?x=%20 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
      "\xffGET http://a:1/x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
      "\x01PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;e=1\r\nabcd\r\n0\r\nT: "
      "x\r\n\r\n"}},
    {"response",
     read_response,
     {"\x02HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: CouchDB\r\n\r\n{}",
      "\x05HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1\r\n\n\r\n0\r\n\r\n",
      "\x09HTTP/1.0 404 Object Not Found\r\n\r\n{\"error\":\"not_found\"}"}},
    {"websocket",
     read_websocket,
     {"\x03\x81\x85\x01\x02\x03\x04\x69\x67\x6f\x68\x6e",
      "\x01\x01\x81\x01\x02\x03\x04\x69\x80\x81\x01\x02\x03\x04\x69",
      std::string_view{"\x07\x89\x80\x01\x02\x03\x04\x88\x82\x00\x00\x00\x00\x03\xe8", 14}}},
    {"frame",
     read_frame,
     {R"({"t":"join","room":"lobby","cursor":"MnxhfDF8fHxnfHA","n":3,"seen":"01MCC5RM000009NVW4G4HEEWXA","history":9})",
      R"({"t":"post","room":"lobby","key":"01MCC5RM00000-a","text":"\u00fc\ud83d\ude00","secret":"s"})",
      R"({"t":"edit","id":"lobby:01MCC5RM000009NVW4G4HEEWXA","key":"01MCC5RM00000","text":"x"})",
      R"({"t":"search","text":"\"a b\" c","room":"lobby","before":"12","limit":20})",
      R"({"t":"history","room":"lobby","before":"01MCC5RM000009NVW4G4HEEWXA","limit":50})",
      R"({"t":"hello","user":"Ann"})"}},
    {"feed",
     read_feed,
     {"\x10{\"seq\":\"1-a\",\"id\":\"lobby:01MCC5RM000009NVW4G4HEEWXA\",\"changes\":[{\"rev\":\"1-a\"}],"
      "\"doc\":{"
      "\"_id\":\"lobby:01MCC5RM000009NVW4G4HEEWXA\",\"_rev\":\"1-a\",\"user\":\"a\",\"msg\":\"hi\"}}\n\n{"
      "\"last_seq\":"
      "\"1-a\",\"pending\":0}\n",
      "\x01{\"seq\":5,\"id\":\"x\",\"changes\":[],\"deleted\":true}\n",
      "\x02{\"results\":[{\"seq\":\"2-b\",\"id\":\"_design/x\",\"changes\":[]}],\"last_seq\":\"2-b\"}"}},
    {"document",
     read_document,
     {R"({"_id":"lobby:01MCC5RM000009NVW4G4HEEWXA","_rev":"1-a","user":"a","msg":"hi","datetime":"2026-11-30T10:00:00Z","host":"n"})",
      R"({"_id":"x","_rev":"3-a","user":"a","msg":"hi","edited":"01MCC5RM00000","seal":"0123456789ABCDEF","extra":{"a":[1]}})",
      R"({"_id":"x","_rev":"2-a","user":"a","msg":"","removed":"01MCC5RM00000","removed_by":"b"})"}},
    {"answers",
     read_answers,
     {R"([{"ok":true,"id":"a","rev":"1-a"},{"id":"b","error":"conflict","reason":"Document update conflict."}])",
      R"({"error":"not_found","reason":"missing"})"}},
    {"replication",
     read_replication,
     {"{\"url\":\"http://u:p%20@h:1/"
      "d%2f\",\"headers\":{\"X\":\"y\"},\"auth\":{\"basic\":{\"username\":\"a\",\"password\":"
      "\"b\"}}}\n"
      "\x04{\"instance_start_time\":\"1\"}\n\x04{\"instance_start_time\":\"1\"}\n"
      "\x04{\"_rev\":\"0-1\",\"session_id\":\"s\",\"source_last_seq\":\"3-x\",\"history\":[{\"session_id\":"
      "\"s\",\"recorded_"
      "seq\":1}]}\n"
      "\x04{\"session_id\":\"t\",\"history\":[{\"session_id\":\"s\",\"recorded_seq\":1}]}\n"
      "\x04{\"results\":[{\"id\":\"a\",\"seq\":1,\"changes\":[{\"rev\":\"1-a\"}]}],\"last_seq\":\"4-y\","
      "\"pending\":0}\n"
      "\x04{\"a\":{\"missing\":[\"1-a\"]}}\n"
      "\x04{\"results\":[{\"id\":\"a\",\"docs\":[{\"ok\":{\"_id\":\"a\",\"n\":1.0}},{\"error\":{}}]}]}\n"
      "\x05[]\n\x05{\"instance_start_time\":\"1\"}\n\x05{\"instance_start_time\":\"1\"}\n\x05{\"rev\":\"0-"
      "2\"}\n\x05{}\n"}},
    {"target",
     read_target,
     {"/api/rooms/lobby/poll?after=3.MnxhfDF8fHxnfHA.01MCC5RM000009NVW4G4HEEWXA&timeout=5&limit=9",
      "/api/search?q=%22a%20b%22&room=lobby&limit=3",
      "/api/rooms/lobby/messages?before=01MCC5RM000009NVW4G4HEEWXA",
      R"({"user":"a","text":"b","host":"c","secret":"d"})", R"({"name":"a","password":"b"})"}},
    {"cursor",
     read_cursor,
     {"MnxhYWF8MTJ8cnVufG1hcmt8Z2VufDAxTUNDNVJNMDAwMDA5TlZXNEc0SEVFV1hBfHNlcQ", "01MCC5RM00000-tab_1",
      "lobby:01MCC5RM000009NVW4G4HEEWXA"}},
    {"proxy",
     read_proxy,
     {"\x04PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /",
      std::string_view{
          "\x02\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x01\0\x02GET", 32}}},
    {"name", read_name, {"Ann \xc3\xa9", "\xe2\x80\x8d x", "2026-11-30T10:00:00.123+01:00"}},
    {"scenario",
     read_scenario,
     {"name: x\nabout: y\ntopology: { nodes: 3, clients: [2, 9] }\nload: { rate: 10/s, for: 5s "
      "}\ntimeline:\n  - { at: "
      "2s, fault: node.kill, node: n1, for: 1s, name: k }\nexpect:\n  - no_loss\n  - p99(shown, from n1) "
      "during k < "
      "5ms\n"}},
};

}  // namespace

std::span<const Parser> parsers() { return all; }

const Parser* find_parser(std::string_view name) {
    const auto found = std::ranges::find(all, name, &Parser::name);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace davenport::fuzz
