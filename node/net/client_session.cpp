#include "node/net/client_session.hpp"

#include "node/base/text.hpp"
#include "node/net/page.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <boost/asio/post.hpp>

namespace davenport::node {
namespace {

/// Is `word` one of the comma-separated words of `list`? Without case.
bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto one = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
        if (base::equal_ignoring_case(one, word)) return true;
    }
    return false;
}

/// HTTP/2 sends cookies in several headers, and not every proxy makes one of them again (RFC 9113, 8.2.3).
void join_cookies(base::Headers& headers) {
    const auto is_cookie = [](const auto& header) {
        return base::equal_ignoring_case(header.first, "Cookie");
    };
    const auto first = std::ranges::find_if(headers, is_cookie);
    if (first == headers.end()) return;
    for (auto next = std::find_if(first + 1, headers.end(), is_cookie); next != headers.end();) {
        (first->second += "; ") += next->second;
        next = std::find_if(headers.erase(next), headers.end(), is_cookie);
    }
}

constexpr std::pair<std::string_view, std::string_view> security_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

base::HttpResponse plain(int status, std::string_view text) {
    return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string{text} + "\n"};
}

/// haproxy's `option httpchk` that names no path asks `OPTIONS /`: whether people may be sent here.
void ask_as_health_check(base::HttpRequest& request) {
    const bool of_all = request.target == "/" || request.target == "*";
    if (request.method != "OPTIONS" || !of_all || base::has_header(request.headers, "Origin")) return;
    request.method = "GET";
    request.target = "/readyz";
}

}  // namespace

ClientSession::ClientSession(wire::Loop& loop, ClientOwner& owner, wire::asio::ip::tcp::socket socket)
    : HttpConnection(loop, std::move(socket), owner.rules().limits),
      owner_(&owner),
      ordinal_(owner.add(*this)),
      heard_(wire::Loop::now().time) {}

ClientSession::~ClientSession() {
    if (!owner_) return;
    owner_->remove(*this, ordinal_);
    if (session_ != 0) owner_->forget(session_);
    if (exchange_ != 0) owner_->forget(exchange_);
}

/// Whatever a browser is given, it must neither guess its type nor let another site's page embed it.
void ClientSession::reply(base::HttpResponse response) {
    for (const auto& [name, value] : security_headers)
        if (!base::has_header(response.headers, name)) response.headers.emplace_back(name, value);
    respond(std::move(response));
}

void ClientSession::on_request(base::HttpRequest request) {
    heard_ = wire::Loop::now().time;
    if (ordinal_ == 0) ordinal_ = owner_->count(*this);
    if (ordinal_ > limit()) {
        auto answer = plain(429, "too many connections from your address: close some, and come back");
        answer.headers.emplace_back("Retry-After", "10");
        last_answer();
        return reply(std::move(answer));
    }
    ask_as_health_check(request);
    if (const auto objection = owner_->guard().objection(request); !objection.empty())
        return reply(plain(403, objection));
    join_cookies(request.headers);
    const auto path = std::string_view{request.target}.substr(0, request.target.find('?'));
    if (path == "/ws") return open_socket(request);
    if (auto page = serve_page(request)) return reply(std::move(*page));
    exchange_ = owner_->open_exchange(*this);
    const auto client = owner_->rules().proxies.client_of(request.headers, address());
    owner_->handle(Requested{exchange_, std::move(request), counted_address(client.address),
                             is_secure() || client.https});
}

void ClientSession::open_socket(const base::HttpRequest& request) {
    const auto& headers = request.headers;
    if (request.method != "GET" || !has_word(base::header(headers, "Upgrade"), "websocket") ||
        !has_word(base::header(headers, "Connection"), "upgrade") ||
        base::header(headers, "Sec-WebSocket-Key").size() != 24) {
        auto answer = plain(426, "a WebSocket is opened here; see the chat protocol");
        answer.headers.emplace_back("Upgrade", "websocket");
        return reply(std::move(answer));
    }
    if (base::header(headers, "Sec-WebSocket-Version") != "13") {
        auto answer = plain(426, "WebSocket version 13 is spoken here");
        answer.headers.emplace_back("Sec-WebSocket-Version", "13");
        return reply(std::move(answer));
    }
    if (owner_->draining()) return reply(plain(503, "this node is about to stop: go on elsewhere"));
    parser_ = std::make_unique<WebsocketParser>(owner_->rules().frame_bytes_max);
    upgrade(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Accept: " +
        websocket_accept(base::header(headers, "Sec-WebSocket-Key")) + "\r\n\r\n");
    session_ = owner_->open_session(*this);
    owner_->handle(Opened{session_,
                          counted_address(owner_->rules().proxies.client_of(headers, address()).address),
                          std::string{base::header(headers, "Cookie")}});
}

void ClientSession::begin_stream() {
    owner_->make_session(exchange_);
    session_ = std::exchange(exchange_, 0);
    events_ = std::make_unique<EventStream>();
    upgrade(std::string{EventStream::head});
}

void ClientSession::on_raw(std::string_view bytes) {
    if (!parser_) return;  // the follower of an event stream has nothing to say
    heard_ = wire::Loop::now().time;
    pinged_ = false;
    while (open()) {
        auto item = parser_->next(bytes);
        if (!item) return;
        on_item(std::move(*item));
    }
}

void ClientSession::on_item(WebsocketParser::Item item) {
    if (auto* text = std::get_if<WebsocketParser::Text>(&item)) {
        owner_->handle(Received{session_, std::move(text->text)});
    } else if (auto* ping = std::get_if<WebsocketParser::Ping>(&item)) {
        if (flushed())
            send(pong_frame(ping->payload));
        else
            pong_ = std::make_unique<std::string>(std::move(ping->payload));
    } else if (auto* ended = std::get_if<WebsocketParser::Ended>(&item)) {
        close_socket(ended->code, {});
    } else if (auto* failed = std::get_if<WebsocketParser::Failed>(&item)) {
        close_socket(failed->code, failed->reason);
    }
}

void ClientSession::send_frames(base::FrameList frames) {
    tell_written_ = true;
    for (auto& batch : frames) {
        if (events_) {
            std::string out;
            for (std::size_t i = 0; i < batch->count(); ++i)
                events_->append(out, batch->at(i), batch->mark(i));
            send(std::move(out));
            continue;
        }
        const std::string_view bytes{batch->as_websocket()};
        send(wire::Piece{std::move(batch), bytes});
    }
    if (flushed())
        wire::asio::post(loop_.context(),
                         [self = shared_from_this(), this] { on_flushed(); });  // there was nothing to say
}

void ClientSession::on_flushed() {
    HttpConnection::on_flushed();
    if (!open() || !flushed()) return;
    if (pong_) send(pong_frame(*std::exchange(pong_, nullptr)));
    if (std::exchange(tell_written_, false) && session_ != 0) owner_->handle(Written{session_});
}

void ClientSession::answer(base::HttpResponse response) {
    owner_->forget(std::exchange(exchange_, 0));
    reply(std::move(response));
}

void ClientSession::close_socket(CloseCode code, std::string_view reason) {
    if (!open()) return;
    if (parser_) send(close_frame(code, reason));
    finish();
    leave();
}

void ClientSession::on_gone() { leave(); }

std::size_t ClientSession::limit() const {
    const auto most = owner_->rules().connections_per_address_max;
    return most == 0 ? std::numeric_limits<std::size_t>::max() / 2 : most;
}

void ClientSession::leave() {
    if (!owner_) return;
    if (exchange_ != 0) owner_->forget(std::exchange(exchange_, 0));
    if (session_ == 0) return;
    const auto session = std::exchange(session_, 0);
    owner_->forget(session);
    // Not from within what the core is doing: it may be the one who closes.
    wire::asio::post(loop_.context(), [self = shared_from_this(), this, session] {
        if (owner_) owner_->handle(Closed{session});
    });
}

base::HttpResponse ClientSession::refusal(wire::HttpError error) {
    const int status = error == wire::HttpError::body_too_large   ? 413
                       : error == wire::HttpError::head_too_large ? 431
                                                                  : 400;
    auto response = plain(status, wire::to_string(error));
    for (const auto& [name, value] : security_headers) response.headers.emplace_back(name, value);
    return response;
}

bool ClientSession::end_if_unused(base::Time now, base::Duration time) {
    if (session_ != 0 || exchange_ != 0 || answering() || now - heard_ < time) return false;
    leave();
    drop();
    return true;
}

void ClientSession::check_silence(base::Time now) {
    const auto silence = now - heard_;
    if (events_) {  // it never says anything: the kernel finds out whether it is there
        if (silence < owner_->rules().ping_after || !flushed()) return;
        heard_ = now;
        return send(std::string{EventStream::heartbeat});
    }
    if (silence >= owner_->rules().dead_after) {
        if (answering()) return;  // it is we who are silent
        leave();
        drop();
    } else if (silence >= owner_->rules().ping_after && session_ != 0 && !pinged_ && flushed()) {
        pinged_ = true;
        send(ping_frame());
    }
}

}  // namespace davenport::node
