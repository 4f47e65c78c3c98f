#pragma once

#include "node/net/wire/connection.hpp"
#include "node/net/wire/http_codec.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace davenport::wire {

/// A server's end of an HTTP/1.1 connection: reads a request, waits for the end of its answer, reads the
/// next.
///
/// What the other side sends ahead meanwhile is kept, up to a bound; nothing more is answered while it takes
/// no answers. What is not a valid request is refused and
/// the connection closed, before on_request() sees anything of it.
class HttpConnection : public Connection {
public:
    /// `limits` must outlive the connection.
    HttpConnection(Loop& loop, asio::ip::tcp::socket socket, const HttpLimits& limits);

    /// The whole answer. Adds Content-Length, Date and Connection where they are wanted and missing.
    void respond(base::HttpResponse response);

    /// A chunked answer, in this order; each piece of data is told by on_data_written().
    void respond_head(int status, base::Headers headers);
    void respond_data(std::string_view bytes) { respond_data({&bytes, 1}); }
    /// The same in several chunks, told of once.
    void respond_data(std::span<const std::string_view> chunks);
    void respond_end();

    /// A request is being answered.
    [[nodiscard]] bool answering() const { return answering_; }
    /// The connection is closed after the next answer.
    void last_answer() { keep_alive_ = false; }

protected:
    virtual void on_request(base::HttpRequest request) = 0;
    virtual void on_data_written() {}
    /// What a client gets for something that is no request.
    virtual base::HttpResponse refusal(HttpError error) = 0;

    /// Leaves HTTP: `answer` goes out as it is, and what comes from now on goes to on_raw().
    void upgrade(std::string answer);
    virtual void on_raw(std::string_view) {}

    void on_flushed() override;

private:
    void on_bytes(std::string_view bytes) final;
    void read_requests();
    /// The other side takes no answers at present.
    [[nodiscard]] bool is_full() const;
    std::size_t read_request(std::string_view bytes);
    void finish_answer();

    const HttpLimits& limits_;
    std::optional<RequestParser> parser_;
    std::string pending_;  ///< read and not yet parsed
    bool answering_ = false;
    bool reading_ = false;  ///< within read_requests()
    bool raw_ = false;
    bool keep_alive_ = true;
    bool http_1_0_ = false;
    bool no_body_ = false;  ///< the answer to a HEAD
    bool tell_written_ = false;
};

}  // namespace davenport::wire
