#include "node/net/wire/http_connection.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>

namespace davenport::wire {
namespace {

// So much may a client send ahead of an answer that it waits for; then its socket fills up.
constexpr std::size_t ahead_bytes_max = 1 << 20;
// So much of its answers may wait for a client that asks and does not read.
constexpr std::size_t unread_bytes_max = 1 << 20;

/// The Date header, made once a second.
const std::string& date_now() {
    static std::int64_t made_for = -1;
    static std::string text;
    const auto now = std::chrono::floor<std::chrono::seconds>(Loop::now().wall);
    if (now.time_since_epoch().count() != made_for) {
        text = base::http_date(now);
        made_for = now.time_since_epoch().count();
    }
    return text;
}

void add_if_missing(base::Headers& headers, std::string_view name, std::string_view value) {
    if (!base::has_header(headers, name)) headers.emplace_back(name, value);
}

bool has_length(int status) { return status >= 200 && status != 204; }

}  // namespace

HttpConnection::HttpConnection(Loop& loop, asio::ip::tcp::socket socket, const HttpLimits& limits)
    : Connection(loop, std::move(socket)), limits_(limits) {}

bool HttpConnection::is_full() const { return queued_bytes() > unread_bytes_max; }

void HttpConnection::on_bytes(std::string_view bytes) {
    if (raw_) return on_raw(bytes);
    const auto used = !answering_ && !is_full() && pending_.empty() ? read_request(bytes) : 0;
    if (!open()) return;
    if (raw_) return on_raw(bytes.substr(used));
    pending_.append(bytes.substr(used));
    read_requests();
    if (open() && (answering_ || is_full()) && pending_.size() > ahead_bytes_max) hold_reads(true);
}

void HttpConnection::read_requests() {
    if (reading_) return;
    std::size_t used = 0;
    while (open() && !raw_ && !answering_ && !is_full() && used < pending_.size()) {
        const auto n = read_request(std::string_view{pending_}.substr(used));
        if (n == 0) break;
        used += n;
    }
    pending_.erase(0, used);
    if (raw_) {
        const auto rest = std::exchange(pending_, {});
        if (open() && !rest.empty()) on_raw(rest);
    } else if (pending_.empty() && pending_.capacity() > 4096) {
        pending_.shrink_to_fit();
    }
}

std::size_t HttpConnection::read_request(std::string_view bytes) {
    if (!parser_) parser_.emplace(limits_);
    const auto used = parser_->feed(bytes);
    if (const auto error = parser_->error(); error != HttpError::none) {
        keep_alive_ = false;
        no_body_ = false;
        respond(refusal(error));
        return bytes.size();
    }
    if (parser_->wants_continue()) send("HTTP/1.1 100 Continue\r\n\r\n");
    if (!parser_->done()) return used;
    auto parsed = parser_->take();
    parser_.reset();
    keep_alive_ = parsed.keep_alive && keep_alive_;
    http_1_0_ = parsed.http_1_0;
    no_body_ = parsed.request.method == "HEAD";
    answering_ = true;
    const auto self = shared_from_this();  // the answer may end the connection
    reading_ = true;                       // and if it comes at once, our caller reads on
    on_request(std::move(parsed.request));
    reading_ = false;
    return used;
}

void HttpConnection::respond(base::HttpResponse response) {
    auto& headers = response.headers;
    if (base::header(headers, "Connection") == "close") keep_alive_ = false;
    if (!keep_alive_) add_if_missing(headers, "Connection", "close");
    if (has_length(response.status))
        add_if_missing(headers, "Content-Length", std::to_string(response.body.size()));
    add_if_missing(headers, "Date", date_now());
    std::string out;
    out.reserve(512 + response.body.size());
    append_response_head(out, response.status, headers, http_1_0_);
    if (!no_body_ && response.status != 304) out += response.body;
    send(std::move(out));
    finish_answer();
}

void HttpConnection::respond_head(int status, base::Headers headers) {
    if (http_1_0_) keep_alive_ = false;  // there the end of the body is the end of the connection
    if (!keep_alive_) add_if_missing(headers, "Connection", "close");
    if (!http_1_0_) add_if_missing(headers, "Transfer-Encoding", "chunked");
    add_if_missing(headers, "Date", date_now());
    std::string out;
    append_response_head(out, status, headers, http_1_0_);
    send(std::move(out));
}

void HttpConnection::respond_data(std::span<const std::string_view> chunks) {
    tell_written_ = true;
    std::size_t size = 0;
    for (const auto chunk : chunks) size += chunk.size() + 16;
    std::string out;
    out.reserve(size);
    for (const auto chunk : chunks) {
        if (http_1_0_)
            out += chunk;
        else if (!chunk.empty())  // an empty chunk would be the last one
            append_chunk(out, chunk);
    }
    if (no_body_ || out.empty())
        asio::post(loop_.context(), [self = shared_from_this(), this] { on_flushed(); });
    else
        send(std::move(out));
}

void HttpConnection::respond_end() {
    if (!http_1_0_ && !no_body_) send("0\r\n\r\n");
    finish_answer();
}

void HttpConnection::finish_answer() {
    answering_ = false;
    tell_written_ = false;
    if (!keep_alive_) return finish();
    hold_reads(false);
    if (!pending_.empty()) read_requests();
}

void HttpConnection::on_flushed() {
    if (!raw_ && !answering_ && open() && !pending_.empty()) {  // the other side takes answers again
        hold_reads(false);
        read_requests();
    }
    if (!tell_written_ || !open() || !flushed()) return;
    tell_written_ = false;
    on_data_written();
}

void HttpConnection::upgrade(std::string answer) {
    raw_ = true;
    answering_ = false;
    send(std::move(answer));
}

}  // namespace davenport::wire
