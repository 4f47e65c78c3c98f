#pragma once

#include "node/base/frame.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace davenport::node {

/// A session's frames as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html):
/// `event` is the frame's `t`, `data` the whole frame.
///
/// From `joined` on, each event that moves the client's place bears it as its `id`, in the form that
/// `after` and Last-Event-ID take; before that a client that breaks off goes on from where it came.
class EventStream {
public:
    static constexpr std::string_view head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
        "Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n";
    /// Ignored by clients; what finds out that one is gone.
    static constexpr std::string_view heartbeat = ":\n\n";

    void append(std::string& out, std::string_view frame, const base::FrameMark& mark);

private:
    std::string cursor_;  ///< empty until joined
    std::string seen_;    ///< the highest position that the client was shown
    std::uint64_t n_ = 0;
};

}  // namespace davenport::node
