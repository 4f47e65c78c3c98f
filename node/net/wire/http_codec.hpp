#pragma once

#include "node/base/http.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// HTTP/1.1 as machines without I/O: bytes in, plain requests and responses out, and back.
namespace davenport::wire {

/// What one message may cost its reader.
struct HttpLimits {
    std::size_t head_bytes = 64 * 1024;  ///< of the head; and again of all chunk extensions and trailers

    std::size_t line_bytes = 8 * 1024;  ///< of the request line, and of each header
    std::size_t headers = 1000;
    std::uint64_t body_bytes = 8 * 1024 * 1024;
};

enum class HttpError : unsigned char {
    none,
    malformed,
    head_too_large,
    body_too_large,
    cut_off,  ///< the bytes ended in the middle
};
std::string_view to_string(HttpError error);

/// Reads one request after another.
///
/// Threads: not thread-safe. Errors: kept in error(); nothing is read after one.
class RequestParser {
public:
    explicit RequestParser(const HttpLimits& limits);
    ~RequestParser();
    RequestParser(RequestParser&&) noexcept;
    RequestParser& operator=(RequestParser&&) noexcept;

    /// Consumes what it can use and returns how much that was; the rest is handed in again, with what came
    /// after it. The rest is never longer than HttpLimits::head_bytes: a message that would need more is an
    /// error. Stops behind a whole request.
    std::size_t feed(std::string_view bytes);

    [[nodiscard]] bool done() const;
    [[nodiscard]] HttpError error() const;
    /// The head has come and says "Expect: 100-continue"; true once.
    [[nodiscard]] bool wants_continue();

    struct Request {
        base::HttpRequest request;  ///< an absolute target is made relative
        bool http_1_0 = false;
        bool keep_alive = true;
    };
    /// The request, once done(); the parser can then read the next one.
    Request take();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Reads one response, its body in the pieces in which it came.
class ResponseParser {
public:
    ResponseParser(const HttpLimits& limits, bool answers_head);
    ~ResponseParser();
    ResponseParser(ResponseParser&&) noexcept;
    ResponseParser& operator=(ResponseParser&&) noexcept;

    std::size_t feed(std::string_view bytes);
    /// The connection was closed: the proper end of a body without a length, else cut_off.
    void feed_end();

    [[nodiscard]] bool head_done() const;
    [[nodiscard]] bool done() const;
    [[nodiscard]] HttpError error() const;
    [[nodiscard]] bool keep_alive() const;

    [[nodiscard]] int status() const;
    base::Headers take_headers();
    /// What of the body has come since the last call.
    std::string take_body();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

std::string_view reason_phrase(int status);

/// "HTTP/1.1 200 OK" and the headers, up to and with the empty line. Line ends within a value are left out.
void append_response_head(std::string& out, int status, const base::Headers& headers, bool http_1_0 = false);

/// A request for `host`, with Host and, where it has a body or a method that wants one, Content-Length.
std::string write_request(const base::HttpRequest& request, std::string_view host);

/// One chunk of a chunked body; the last one for empty `bytes`.
void append_chunk(std::string& out, std::string_view bytes);

}  // namespace davenport::wire
