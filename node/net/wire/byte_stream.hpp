#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace davenport::wire {

namespace asio = boost::asio;

/// A connection to a server, plain or under TLS: what an HTTP client needs of it.
///
/// Every operation ends with an error after close(), which may be called at any time.
class ByteStream {
public:
    struct Read {
        boost::system::error_code error;
        std::size_t bytes = 0;
    };

    virtual ~ByteStream() = default;

    /// Connects to the first of `addresses` that answers, and shakes hands.
    virtual asio::awaitable<boost::system::error_code> connect(
        std::vector<asio::ip::tcp::endpoint> addresses) = 0;
    virtual asio::awaitable<boost::system::error_code> write(std::string_view bytes) = 0;
    virtual asio::awaitable<Read> read_some(asio::mutable_buffer buffer) = 0;
    virtual void close() = 0;
    virtual asio::ip::tcp::socket& socket() = 0;
};

/// Makes streams to one server.
class StreamMaker {
public:
    virtual ~StreamMaker() = default;
    virtual std::unique_ptr<ByteStream> make(asio::io_context& context) = 0;
};

std::unique_ptr<StreamMaker> plain_streams();
/// TLS, with the server's certificate checked for `host` against `ca_file`, or against the system's
/// authorities when that is empty. Throws std::runtime_error when the file can't be used.
std::unique_ptr<StreamMaker> tls_streams(std::string host, const std::string& ca_file);

}  // namespace davenport::wire
