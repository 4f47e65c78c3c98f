#include "node/net/wire/http_codec.hpp"

#include "node/base/text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

namespace davenport::wire {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

namespace {

/// "http://host/a?b" -> "/a?b", as RFC 9112 wants a server to read it; another scheme's is left as it is.
void make_relative(std::string& target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!base::equal_ignoring_case(std::string_view{target}.substr(0, scheme.size()), scheme)) continue;
        const auto rest = target.find_first_of("/?", scheme.size());
        target = rest == std::string::npos ? "" : target.substr(rest);
        if (!target.starts_with('/')) target.insert(0, "/");
        return;
    }
}

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

// "0", its line end and an empty one: the shortest last chunk. Beast's parser asserts that it has so much
// when it is asked about a last chunk for the second time.
constexpr std::size_t last_chunk_bytes_min = 5;

HttpError meaning(const error_code& error) {
    if (!error || error == http::error::need_more) return HttpError::none;
    if (error == http::error::header_limit) return HttpError::head_too_large;
    if (error == http::error::body_limit) return HttpError::body_too_large;
    if (error == http::error::partial_message || error == http::error::end_of_stream)
        return HttpError::cut_off;
    return HttpError::malformed;
}

/// Beast's grammar, our values: what it reads goes straight into a base::HttpRequest or the like.
///
/// Beast's own response_parser and async_read_some read the same grammar. They are not used because they are
/// templates over the stream (there are two) and the body, keep headers in a container of theirs, which would
/// be copied into a base::HttpResponse, and have no place for the checks below.
///
/// Stricter than Beast where RFC 9112 is: no folded lines, no transfer coding but `chunked`, no second Host.
/// Bounded where Beast is not: head_bytes bounds the head as a whole, what waits unparsed for more bytes, and
/// all chunk extensions and trailers of one message. Trailers are read and dropped (RFC 9110, section 6.5.1).
template <bool is_request>
class Reader : public http::basic_parser<is_request> {
public:
    explicit Reader(const HttpLimits& limits) : limits_(limits) {
        this->header_limit(static_cast<std::uint32_t>(limits.head_bytes));
        this->body_limit(limits.body_bytes);
    }

    std::string method, target;
    int status = 0;
    unsigned version = 11;
    base::Headers headers;
    std::string body;
    HttpError error = HttpError::none;

    std::size_t feed(std::string_view bytes) {
        std::size_t used = 0;
        while (error == HttpError::none && !this->is_done() && used < bytes.size()) {
            const auto rest = bytes.substr(used);
            if (at_chunk_header() && rest.front() == '0' && rest.size() < last_chunk_bytes_min) break;
            const bool in_head = !this->is_header_done();
            if (in_head && !lines_are_proper(rest)) {
                error = HttpError::malformed;
                break;
            }
            this->eager(!in_head);  // the head alone, and then all that there is
            error_code failure;
            const auto n = this->put(boost::asio::const_buffer{rest.data(), rest.size()}, failure);
            used += n;
            if (in_head) count_head(n);
            if (failure == http::error::need_more && n == 0) {
                if (rest.size() > limits_.head_bytes) error = HttpError::head_too_large;
                break;
            }
            if (error == HttpError::none) error = meaning(failure);
        }
        return used;
    }

private:
    [[nodiscard]] bool at_chunk_header() const {
        return this->is_header_done() && this->chunked() && chunk_left_ == 0;
    }

    /// Every line of the head ends in CRLF, and none goes on in the next one (obs-fold). `head` begins with a
    /// line and may end in the middle of one, or with what follows the head.
    bool lines_are_proper(std::string_view head) {
        for (;;) {
            if (checked_ < head.size() && (head[checked_] == ' ' || head[checked_] == '\t')) return false;
            const auto end = head.find('\n', checked_);
            if (end == std::string_view::npos) return true;
            if (end == checked_ || head[end - 1] != '\r') return false;
            if (end == checked_ + 1) return true;  // the empty line behind the head
            checked_ = end + 1;
        }
    }

    void count_head(std::size_t bytes) {
        head_bytes_ += bytes;
        checked_ -= std::min(checked_, bytes);
        if (head_bytes_ > limits_.head_bytes) error = HttpError::head_too_large;
    }

    /// Counts what a chunked body has beside its data.
    void add_overhead(std::size_t bytes, error_code& failure) {
        overhead_bytes_ += bytes;
        if (overhead_bytes_ > limits_.head_bytes) failure = http::error::header_limit;
    }

    bool line_fits(std::size_t bytes, error_code& failure) {
        if (bytes <= limits_.line_bytes) return true;
        failure = http::error::header_limit;
        return false;
    }

    void on_request_impl(http::verb, BeastView name, BeastView where, int number,
                         error_code& failure) override {
        if (!line_fits(where.size() + name.size() + 10, failure)) return;
        method = view(name);
        target = view(where);
        version = static_cast<unsigned>(number);
        make_relative(target);
        // What is left: "*" of OPTIONS, or what this is not asked for (CONNECT's, another scheme's).
        if (!target.starts_with('/') && target != "*") failure = http::error::bad_target;
    }
    void on_response_impl(int code, BeastView, int number, error_code&) override {
        status = code;
        version = static_cast<unsigned>(number);
    }
    void on_field_impl(http::field field, BeastView name, BeastView value, error_code& failure) override {
        if (this->is_header_done()) return add_overhead(name.size() + value.size() + 4, failure);
        if (!line_fits(name.size() + value.size() + 2, failure)) return;
        if (field == http::field::transfer_encoding &&
            (version < 11 || !base::equal_ignoring_case(view(value), "chunked")))
            failure = http::error::bad_transfer_encoding;
        if (is_request && field == http::field::host && base::has_header(headers, "Host"))
            failure = http::error::bad_field;
        if (headers.size() == limits_.headers) failure = http::error::header_limit;
        headers.emplace_back(view(name), view(value));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
        if (length && *length <= limits_.body_bytes)
            body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1 << 20)));
    }
    std::size_t on_body_impl(BeastView bytes, error_code&) override {
        return body += view(bytes), bytes.size();
    }
    void on_chunk_header_impl(std::uint64_t size, BeastView extension, error_code& failure) override {
        chunk_left_ = size;
        add_overhead(extension.size(), failure);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, error_code&) override {
        chunk_left_ -= bytes.size();
        return body += view(bytes), bytes.size();
    }
    void on_finish_impl(error_code&) override {}

    HttpLimits limits_;
    std::size_t head_bytes_ = 0;
    std::size_t checked_ = 0;  ///< of what is handed in next: whole lines of the head that are proper
    std::size_t overhead_bytes_ = 0;
    std::uint64_t chunk_left_ = 0;  ///< data of the chunk under way that is still to come
};

}  // namespace

std::string_view to_string(HttpError error) {
    switch (error) {
        case HttpError::none:
            return "none";
        case HttpError::malformed:
            return "not HTTP";
        case HttpError::head_too_large:
            return "head too large";
        case HttpError::body_too_large:
            return "body too large";
        case HttpError::cut_off:
            return "cut off in the middle";
    }
    return "?";
}

struct RequestParser::Impl {
    explicit Impl(const HttpLimits& wanted) : limits(wanted) { reader.emplace(limits); }
    HttpLimits limits;
    std::optional<Reader<true>> reader;
    bool told_continue = false;
};

RequestParser::RequestParser(const HttpLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

std::size_t RequestParser::feed(std::string_view bytes) {
    // Empty lines before a request are ignored, as RFC 9112 asks for.
    std::size_t skipped = 0;
    if (!impl_->reader->got_some()) skipped = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
    return skipped + impl_->reader->feed(bytes.substr(skipped));
}
bool RequestParser::done() const { return impl_->reader->is_done(); }
HttpError RequestParser::error() const { return impl_->reader->error; }

bool RequestParser::wants_continue() {
    auto& reader = *impl_->reader;
    if (impl_->told_continue || !reader.is_header_done() || reader.is_done()) return false;
    impl_->told_continue = true;
    return base::equal_ignoring_case(base::header(reader.headers, "Expect"), "100-continue");
}

RequestParser::Request RequestParser::take() {
    auto& reader = *impl_->reader;
    Request out;
    out.http_1_0 = reader.version == 10;
    out.keep_alive = reader.keep_alive() && !out.http_1_0;
    out.request = {std::move(reader.method), std::move(reader.target), std::move(reader.headers),
                   std::move(reader.body)};
    impl_->reader.emplace(impl_->limits);
    impl_->told_continue = false;
    return out;
}

struct ResponseParser::Impl {
    explicit Impl(const HttpLimits& limits) : reader(limits) {}
    Reader<false> reader;
};

ResponseParser::ResponseParser(const HttpLimits& limits, bool answers_head)
    : impl_(std::make_unique<Impl>(limits)) {
    impl_->reader.skip(answers_head);
}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

std::size_t ResponseParser::feed(std::string_view bytes) { return impl_->reader.feed(bytes); }

void ResponseParser::feed_end() {
    auto& reader = impl_->reader;
    if (reader.is_done() || reader.error != HttpError::none) return;
    if (!reader.got_some()) {
        reader.error = HttpError::cut_off;
        return;
    }
    error_code failure;
    reader.put_eof(failure);
    reader.error = meaning(failure);
}

bool ResponseParser::head_done() const { return impl_->reader.is_header_done(); }
bool ResponseParser::done() const { return impl_->reader.is_done(); }
HttpError ResponseParser::error() const { return impl_->reader.error; }
bool ResponseParser::keep_alive() const { return impl_->reader.keep_alive(); }
int ResponseParser::status() const { return impl_->reader.status; }
base::Headers ResponseParser::take_headers() { return std::move(impl_->reader.headers); }
std::string ResponseParser::take_body() { return std::exchange(impl_->reader.body, {}); }

std::string_view reason_phrase(int status) {
    // CouchDB's words where they are not the standard's.
    if (status == 404) return "Object Not Found";
    if (status == 418) return "I'm a teapot";  // Beast knows it not
    return view(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status))));
}

void append_response_head(std::string& out, int status, const base::Headers& headers, bool http_1_0) {
    fmt::format_to(std::back_inserter(out), "HTTP/1.{} {} {}\r\n", http_1_0 ? 0 : 1, status,
                   reason_phrase(status));
    for (const auto& [name, value] : headers) {
        out += name;
        out += ": ";
        for (char c : value)
            if (c != '\r' && c != '\n') out += c;
        out += "\r\n";
    }
    out += "\r\n";
}

std::string write_request(const base::HttpRequest& request, std::string_view host) {
    std::string out;
    out.reserve(256 + request.target.size() + request.body.size());
    fmt::format_to(std::back_inserter(out), "{} {} HTTP/1.1\r\n", request.method, request.target);
    if (!base::has_header(request.headers, "Host"))
        fmt::format_to(std::back_inserter(out), "Host: {}\r\n", host);
    for (const auto& [name, value] : request.headers)
        fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
    const bool wants_length = !request.body.empty() || request.method == "PUT" || request.method == "POST";
    if (wants_length && !base::has_header(request.headers, "Content-Length"))
        fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", request.body.size());
    out += "\r\n";
    out += request.body;
    return out;
}

void append_chunk(std::string& out, std::string_view bytes) {
    fmt::format_to(std::back_inserter(out), "{:x}\r\n", bytes.size());
    out += bytes;
    out += "\r\n";
}

}  // namespace davenport::wire
