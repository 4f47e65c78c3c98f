#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace davenport::couchmock::embed {

/// A couchmock on a free port of 127.0.0.1, in a thread of its own, for as long as this lives.
///
///     couchmock::embed::MockServer server{{.admin = "admin:secret"}};
///     MyClient client{server.url()};                       // http://127.0.0.1:PORT
///     // faults: POST to server.control_url() + "/_mock/faults" as that admin, as CONTROL.md says
///
/// Errors: the constructor throws std::exception when no port can be had or the data file cannot be used, and
/// says why. Threads: made and destroyed in one thread; the accessors may be called from any.
class MockServer {
public:
    struct Options {
        std::string admin;  ///< "user:password" that is asked for; empty: everybody may do everything
        std::optional<std::uint64_t>
            seed{};        ///< of everything random; without it cookies have a secret of their own
        std::string data;  ///< file to keep the databases in; empty: memory only
    };

    MockServer() : MockServer(Options{}) {}
    explicit MockServer(Options options);
    ~MockServer();
    MockServer(const MockServer&) = delete;
    MockServer& operator=(const MockServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url() const;
    /// Of the second listener, where the control API is; it answers while the store is "down", and asks for
    /// the admin if there is one.
    [[nodiscard]] std::string control_url() const;
    [[nodiscard]] std::uint16_t control_port() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::couchmock::embed
