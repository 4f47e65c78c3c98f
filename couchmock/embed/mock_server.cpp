#include "couchmock/embed/mock_server.hpp"

#include "couchmock/net/driver.hpp"

#include <thread>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace davenport::couchmock::embed {
namespace {

StoreServer::Config on_free_ports() {
    const wire::asio::ip::tcp::endpoint loopback{wire::asio::ip::address_v4::loopback(), 0};
    return {.listen = loopback, .control = loopback};
}

MockConfig config_of(const MockServer::Options& options) {
    const auto colon = options.admin.find(':');
    MockConfig config{
        .admin_user = options.admin.substr(0, colon), .admin_password = {}, .seed = options.seed};
    if (colon != std::string::npos) config.admin_password = options.admin.substr(colon + 1);
    return config;
}

}  // namespace

class MockServer::Impl {
public:
    explicit Impl(const Options& options)
        : driver_{serve_mock(
              loop_, config_of(options), on_free_ports(), [](const std::string&) {}, options.data)},
          port{driver_->server().port()},
          control_port{driver_->server().control_port()},
          thread_{[this] { loop_.run(); }} {}

    ~Impl() {
        boost::asio::post(loop_.context(), [this] { loop_.stop(); });
        thread_.join();
    }

private:
    wire::Loop loop_;
    std::unique_ptr<Driver> driver_;

public:
    const std::uint16_t port, control_port;

private:
    std::thread thread_;  // last: it uses all the others
};

MockServer::MockServer(Options options) : impl_{std::make_unique<Impl>(options)} {}
MockServer::~MockServer() = default;
std::uint16_t MockServer::port() const { return impl_->port; }
std::string MockServer::url() const { return fmt::format("http://127.0.0.1:{}", impl_->port); }
std::string MockServer::control_url() const {
    return fmt::format("http://127.0.0.1:{}", impl_->control_port);
}

}  // namespace davenport::couchmock::embed
