#pragma once

#include "../load/clock.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>

namespace davenport::store_load {

using load::Nanos;

/// A keep-alive HTTP connection to a store, with one request under way.
struct Connection {
    std::size_t number = 0;
    int socket = -1;
    bool streams = false;  ///< its answer has no end: a feed
    std::string in{};
    std::string rest{};  ///< what was not sent at once
};

/// Many connections in one thread over epoll. Throws std::runtime_error when the store is gone or the system
/// refuses.
class Connections {
public:
    /// `whole`: an answer is complete. `bytes`: a piece of a feed, as it stands on the wire.
    struct Events {
        std::function<void(Connection&, int status, Nanos now)> whole;
        std::function<void(Connection&, std::string_view bytes, Nanos now)> bytes = [](auto&, auto, auto) {};
    };
    /// `server`: "127.0.0.1:port", and no other address.
    Connections(std::string server, std::string authorization, Events events);
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    Connection& open();
    void ask(Connection& connection, std::string_view method, std::string_view target, std::string_view body);
    void poll(Nanos timeout);

private:
    void flush(Connection& connection);
    void read(Connection& connection);
    /// The status of the answer at the front of `in`, which it takes off; 0 when it is not whole.
    static int take_answer(std::string& in);

    std::string server_, authorization_;
    Events events_;
    sockaddr_in address_{};
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<char> buffer_;
    int epoll_ = -1;
};

}  // namespace davenport::store_load
