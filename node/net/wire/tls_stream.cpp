#include "node/net/wire/as_result.hpp"
#include "node/net/wire/byte_stream.hpp"

#include <stdexcept>

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace davenport::wire {
namespace {

class TlsStream final : public ByteStream {
public:
    TlsStream(asio::io_context& context, std::shared_ptr<asio::ssl::context> tls, std::string host)
        : tls_(std::move(tls)), host_(std::move(host)), stream_(context, *tls_) {}

    asio::awaitable<boost::system::error_code> connect(
        std::vector<asio::ip::tcp::endpoint> addresses) override {
        auto [error, peer] = co_await asio::async_connect(socket(), addresses, as_result);
        if (error) co_return error;
        socket().set_option(asio::ip::tcp::no_delay{true}, error);
        stream_.set_verify_mode(asio::ssl::verify_peer);
        stream_.set_verify_callback(asio::ssl::host_name_verification{host_});
        boost::system::error_code is_name;
        asio::ip::make_address(host_, is_name);
        if (is_name) SSL_set_tlsext_host_name(stream_.native_handle(), host_.c_str());
        auto [failed] = co_await stream_.async_handshake(asio::ssl::stream_base::client, as_result);
        co_return failed;
    }
    asio::awaitable<boost::system::error_code> write(std::string_view bytes) override {
        auto [error, n] = co_await asio::async_write(stream_, asio::buffer(bytes), as_result);
        co_return error;
    }
    asio::awaitable<Read> read_some(asio::mutable_buffer buffer) override {
        auto [error, n] = co_await stream_.async_read_some(buffer, as_result);
        co_return Read{error, n};
    }
    void close() override {
        boost::system::error_code ignored;
        socket().close(ignored);
    }
    asio::ip::tcp::socket& socket() override { return stream_.next_layer(); }

private:
    std::shared_ptr<asio::ssl::context> tls_;
    std::string host_;
    asio::ssl::stream<asio::ip::tcp::socket> stream_;
};

class TlsStreams final : public StreamMaker {
public:
    TlsStreams(std::string host, const std::string& ca_file)
        : host_(std::move(host)), tls_(std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client)) {
        tls_->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
        boost::system::error_code error;
        if (ca_file.empty())
            tls_->set_default_verify_paths(error);
        else
            tls_->load_verify_file(ca_file, error);
        if (error)
            throw std::runtime_error(
                fmt::format("cannot use the store's certificate authority {}: {}: give a readable PEM file",
                            ca_file.empty() ? "of this system" : ca_file, error.message()));
    }
    std::unique_ptr<ByteStream> make(asio::io_context& context) override {
        return std::make_unique<TlsStream>(context, tls_, host_);
    }

private:
    std::string host_;
    std::shared_ptr<asio::ssl::context> tls_;
};

}  // namespace

std::unique_ptr<StreamMaker> tls_streams(std::string host, const std::string& ca_file) {
    return std::make_unique<TlsStreams>(std::move(host), ca_file);
}

}  // namespace davenport::wire
