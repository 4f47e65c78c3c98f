#include "couchmock/embed/mock_server.hpp"

#include "couchmock/net/driver.hpp"

#include <thread>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace davenport::couchmock::embed {
namespace {

MockConfig config_of(const MockServer::Options& options) {
    const auto colon = options.admin.find(':');
    MockConfig config{.admin_user = options.admin.substr(0, colon), .seed = options.seed.value_or(1)};
    if (colon != std::string::npos) config.admin_password = options.admin.substr(colon + 1);
    return config;
}

StoreServer::Config on_free_ports(const MockServer::Options& options) {
    const wire::asio::ip::tcp::endpoint loopback{wire::asio::ip::address_v4::loopback(), 0};
    const auto config = config_of(options);
    return {.listen = loopback,
            .control = loopback,
            .access = {.user = config.admin_user, .password = config.admin_password, .hosts = {}}};
}

}  // namespace

class MockServer::Impl {
public:
    explicit Impl(const Options& options)
        : driver_{serve_mock(
              loop_, config_of(options), on_free_ports(options), [](const std::string&) {}, options.data,
              options.seed ? std::string{} : random_secret())},
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
std::uint16_t MockServer::control_port() const { return impl_->control_port; }
std::string MockServer::control_url() const {
    return fmt::format("http://127.0.0.1:{}", impl_->control_port);
}

}  // namespace davenport::couchmock::embed
