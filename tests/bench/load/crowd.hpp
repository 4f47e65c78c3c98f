#pragma once

#include "clock.hpp"
#include "payload.hpp"
#include "talk.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>

struct ssl_ctx_st;
struct ssl_st;

namespace davenport::load {

/// One client of one server.
struct Member {
    enum class State { away, connecting, greeting, ready };

    std::size_t number = 0;  ///< in the crowd
    std::size_t server = 0;
    State state = State::away;
    bool warm = false;  ///< has been sent something in the room
    std::unique_ptr<Talk> talk;
    std::string in, out;
    int socket = -1;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls;  ///< nothing where plain bytes are spoken

    Member();
    bool watches_out = false;
    Nanos retry_at = 0;
};

/// What the crowd hears, all in one thread.
class Audience {
public:
    virtual ~Audience() = default;
    virtual void on_message(const Member& member, Stamp stamp, Nanos now) = 0;
    virtual void on_accepted(std::uint64_t number, Nanos now) = 0;
    virtual void on_stored(std::uint64_t number, Nanos now) = 0;
    virtual void on_people(std::string_view) {}
};

struct CrowdOptions {
    std::string protocol;
    std::vector<std::string> servers;  ///< "127.0.0.1:port"; any other address is refused
    bool durable = false;
    bool tls = false;     ///< whatever certificate the server shows
    bool deaf = false;    ///< once in the room nobody reads anything; who is cut off comes back
    bool people = false;  ///< the first one asks who is there
    std::string room = "r0";
};

/// Many clients in one thread over epoll: connects, reads, answers, and comes back when it was cut off.
/// They come from 127.0.0.1 and, when one address has not ports enough, from those after it.
///
/// Errors: std::runtime_error when the system gives no sockets; what a server does wrong is counted.
class Crowd final : Heard {
public:
    Crowd(CrowdOptions options, Audience& audience);
    ~Crowd() override;
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    void add(std::size_t server);
    /// Until `count` members are ready, at most so long. Connects some dozens at a time.
    bool gather(std::size_t count, Nanos patience);
    /// Sends from members of the first server until everybody was reached once, at most so long.
    bool warm_up(Nanos patience);
    /// Waits at most `timeout` for something to happen, and deals with all that has.
    void poll(Nanos timeout);
    /// Connects those who are away and have waited long enough, some dozens at a time.
    void revive();
    /// The member goes, and connects again at once.
    void renew(Member& member);
    /// From now on everybody connects to that server, all at once. Who is connected stays.
    void send_to(std::size_t server);
    void post(Member& member, Stamp stamp, std::size_t size, bool acknowledged);

    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] Member& at(std::size_t number) { return *members_[number]; }
    [[nodiscard]] std::size_t ready_count() const { return ready_; }
    [[nodiscard]] std::uint64_t disconnects() const { return disconnects_; }
    [[nodiscard]] std::uint64_t refusals() const { return refusals_; }
    [[nodiscard]] const std::string& first_refusal() const { return first_refusal_; }
    [[nodiscard]] bool echoes() const { return members_.front()->talk->echoes(); }

private:
    void connect(Member& member);
    void connected(Member& member);
    void leave(Member& member);
    void flush(Member& member);
    void watch(Member& member, bool out);
    void read(Member& member);
    void hear(Member& member, std::size_t count);
    // As send() and recv() have it, through TLS if the member speaks it.
    static long send_some(Member& member, std::string_view bytes);
    static long receive_some(Member& member, char* to, std::size_t size);
    void bind_source(const Member& member);

    void ready() override;
    void message(std::string_view text) override;
    void accepted(std::uint64_t number) override { audience_.on_accepted(number, heard_at_); }
    void stored(std::uint64_t number) override { audience_.on_stored(number, heard_at_); }
    void people(std::string_view text) override { audience_.on_people(text); }
    void refused(std::string_view why) override;
    void ended() override { end_reading_ = true; }

    CrowdOptions options_;
    Audience& audience_;
    std::shared_ptr<ssl_ctx_st> tls_;
    std::vector<sockaddr_in> addresses_;
    std::vector<std::unique_ptr<Member>> members_;
    std::vector<char> buffer_;
    int epoll_ = -1;
    std::size_t ready_ = 0, connecting_ = 0, connecting_max_ = 64;
    std::uint64_t disconnects_ = 0, refusals_ = 0;
    std::string first_refusal_;

    Member* reading_ = nullptr;  ///< who is being read, and since when
    Nanos heard_at_ = 0;
    bool end_reading_ = false;
};

}  // namespace davenport::load
