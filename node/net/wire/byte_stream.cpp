#include "node/net/wire/byte_stream.hpp"

#include "node/net/wire/as_result.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace davenport::wire {
namespace {

class PlainStream final : public ByteStream {
public:
    explicit PlainStream(asio::io_context& context) : socket_(context) {}

    asio::awaitable<boost::system::error_code> connect(
        std::vector<asio::ip::tcp::endpoint> addresses) override {
        auto [error, peer] = co_await asio::async_connect(socket_, addresses, as_result);
        if (!error) socket_.set_option(asio::ip::tcp::no_delay{true}, error);
        co_return error;
    }
    asio::awaitable<boost::system::error_code> write(std::string_view bytes) override {
        auto [error, n] = co_await asio::async_write(socket_, asio::buffer(bytes), as_result);
        co_return error;
    }
    asio::awaitable<Read> read_some(asio::mutable_buffer buffer) override {
        auto [error, n] = co_await socket_.async_read_some(buffer, as_result);
        co_return Read{error, n};
    }
    void close() override {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }
    asio::ip::tcp::socket& socket() override { return socket_; }

private:
    asio::ip::tcp::socket socket_;
};

class PlainStreams final : public StreamMaker {
    std::unique_ptr<ByteStream> make(asio::io_context& context) override {
        return std::make_unique<PlainStream>(context);
    }
};

}  // namespace

std::unique_ptr<StreamMaker> plain_streams() { return std::make_unique<PlainStreams>(); }

}  // namespace davenport::wire
