#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace davenport::sim::process {

/// What a proxy that has a node under a path ("/chat") does with what one connection's client sends: it takes
/// the path off each request, as nginx does with `location /chat/ { proxy_pass http://node/; }`.
///
/// Bodies are passed on as they are, by their Content-Length; after a request to upgrade, all is.
class PrefixProxy {
public:
    explicit PrefixProxy(std::string prefix) : prefix_{std::move(prefix)} {}

    /// What of it goes on to the node now; the rest once it is whole.
    std::string pass(std::string_view bytes);
    /// A request was for another path, or is none: nothing more goes on, and `not_found` is the answer.
    [[nodiscard]] bool refuses() const { return state_ == State::refusing; }
    static constexpr std::string_view not_found =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

private:
    enum class State { head, body, upgraded, refusing };
    void pass_head(std::string& out);

    std::string prefix_;
    State state_ = State::head;
    std::string head_;           ///< of the request under way
    std::size_t body_left_ = 0;  ///< bytes
};

}  // namespace davenport::sim::process
