#pragma once

#include "sim/client/events.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::sim::client {

/// The way of a client that has no WebSocket, a Comet client as in 2012: what it would send there becomes
/// HTTP requests, and their answers become what it would have heard.
///
/// A room is followed by one long poll after the other. Posts go one at a time, in order; what was only
/// `accepted` is posted again, with its key, until the node says `stored`. What a poll tells again is dropped
/// by its id, as the protocol asks of a client.
class LongPolling {
public:
    /// `room`: where garbage is posted.
    explicit LongPolling(std::string room) : room_{std::move(room)} {}

    /// Puts requests in the place of what is asked of a WebSocket.
    void translate(Effects& effects, base::Now now);
    /// What a WebSocket would have brought: Connected, Disconnected, Received.
    [[nodiscard]] std::vector<Event> on_answer(const Answered& answer, base::Now now);
    void on_timer(std::uint32_t timer);
    /// It has asked whether all that was accepted is stored, and heard that it is.
    [[nodiscard]] bool settled() const { return unstored_.empty(); }

private:
    enum class About { greeting, poll, post, repeat, page, time, nothing };
    struct UnderWay {
        About about;
        std::string room{};
    };
    struct Posted {
        std::string room, key, body;
    };
    struct Followed {
        std::string next;  ///< where the next poll goes on
        bool joined = false;
        bool gap = false;
    };
    using Heard = std::vector<Event>;

    void start_over();
    void say(const std::string& frame);
    void ask(About about, std::string room, base::HttpRequest request, base::Duration patience);
    void ask(About about, const Posted& post);
    void poll(const std::string& room);
    void hear_poll(const std::string& room, const base::HttpResponse& response, Heard& heard);
    void hear_post(const Posted& post, const base::HttpResponse& response, Heard& heard);
    void hear_repeat(const base::HttpResponse& response, Heard& heard);

    std::string room_;
    std::string node_;
    std::string user_;
    std::uint64_t last_request_ = 0;
    std::map<std::uint64_t, UnderWay> under_way_;
    std::map<std::string, Followed> followed_;
    std::deque<Posted> posts_;                               ///< the front one is under way
    std::deque<Posted> unstored_;                            ///< accepted, and asked about from time to time
    bool repeat_due_ = false;                                ///< the timer for that is set
    std::size_t repeats_left_ = 0;                           ///< of the round that is under way
    std::map<std::string, std::string, std::less<>> known_;  ///< versions that it was shown last, by id
    Effects asks_;
};

}  // namespace davenport::sim::client
