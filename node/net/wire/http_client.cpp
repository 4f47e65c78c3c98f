#include "node/net/wire/http_client.hpp"

#include "node/net/wire/as_result.hpp"
#include "node/net/wire/http_codec.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

namespace davenport::wire {
namespace {

struct Link {
    std::unique_ptr<ByteStream> stream;
    bool used_before = false;
    std::string unread;

    void close() { stream->close(); }
};

struct Job {
    RequestId id;
    base::HttpRequest request;
    HttpClient::Answer answer;
    std::shared_ptr<Link> link;  ///< while it is under way
    bool cancelled = false;
    bool paced = false;
    std::optional<asio::steady_timer> permit;  ///< paced: the next piece is read when it has expired
};

bool may_repeat(const base::HttpRequest& request) {
    return request.method == "GET" || request.method == "HEAD" || request.method == "PUT";
}

}  // namespace

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
    Impl(Loop& in_loop, const HttpServer& to_server, Config with_config, Events to_events)
        : loop(in_loop),
          server(to_server),
          config(std::move(with_config)),
          events(std::move(to_events)),
          streams(server.tls ? tls_streams(server.host, config.ca_file) : plain_streams()) {}

    Loop& loop;
    HttpServer server;
    Config config;
    Events events;
    std::unique_ptr<StreamMaker> streams;
    bool closed = false;
    std::size_t pooled = 0;  ///< connections for whole answers, busy or idle
    std::vector<std::shared_ptr<Link>> idle;
    std::deque<std::shared_ptr<Job>> waiting;
    std::unordered_map<RequestId, std::shared_ptr<Job>> jobs;

    static bool own_connection(const Job& job) { return job.answer == Answer::stream; }

    void enqueue(std::shared_ptr<Job> job) {
        jobs.emplace(job->id, job);
        if (own_connection(*job)) return begin(std::move(job), new_link());
        while (!idle.empty()) {
            auto link = std::move(idle.back());
            idle.pop_back();
            if (!has_news(*link)) return begin(std::move(job), std::move(link));
            link->close();
            --pooled;
        }
        if (pooled == config.connections) return waiting.push_back(std::move(job));
        ++pooled;
        begin(std::move(job), new_link());
    }

    /// Whatever comes on an idle connection is its end, and may have come just now.
    static bool has_news(Link& link) {
        char byte = 0;
        const auto n = ::recv(link.stream->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }

    std::shared_ptr<Link> new_link() {
        return std::make_shared<Link>(Link{streams->make(loop.context()), false, {}});
    }

    void begin(std::shared_ptr<Job> job, std::shared_ptr<Link> link) {
        job->link = std::move(link);
        // An exception out of an event is the end of the program: it goes to whoever runs the loop.
        asio::co_spawn(loop.context(), serve(shared_from_this(), std::move(job)),
                       [](std::exception_ptr thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
    }

    static asio::awaitable<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Job> job) {
        co_await self->serve(job);
    }

    asio::awaitable<void> serve(std::shared_ptr<Job> job) {
        auto outcome = co_await talk(job);
        if (outcome.sending_failed && job->link->used_before && may_repeat(job->request) && live(*job)) {
            job->link->close();
            job->link = new_link();
            outcome = co_await talk(job);
        }
        auto link = std::move(job->link);
        const bool reusable = outcome.keep_alive && live(*job) && !own_connection(*job);
        if (!reusable) link->close();
        if (!own_connection(*job)) give_back(reusable ? std::move(link) : nullptr);
        if (!live(*job)) co_return;
        jobs.erase(job->id);
        if (!outcome.reason.empty() && events.failed_as) events.failed_as(job->id, outcome.failure);
        if (!outcome.reason.empty())
            events.failed(job->id, std::move(outcome.reason));
        else if (outcome.response)
            events.whole(job->id, std::move(*outcome.response));
        else
            events.ended(job->id);
    }

    [[nodiscard]] bool live(const Job& job) const { return !closed && !job.cancelled; }

    /// A pooled connection is free again, or gone (null).
    void give_back(std::shared_ptr<Link> link) {
        if (closed) return;
        if (link) link->used_before = true;
        if (!waiting.empty()) {
            auto next = std::move(waiting.front());
            waiting.pop_front();
            return begin(std::move(next), link ? std::move(link) : new_link());
        }
        if (!link) {
            --pooled;
            return;
        }
        idle.push_back(link);
        link->stream->socket().async_wait(asio::ip::tcp::socket::wait_read,
                                          [self = shared_from_this(), link](boost::system::error_code error) {
                                              const auto found = std::ranges::find(self->idle, link);
                                              if (error || found == self->idle.end()) return;
                                              self->idle.erase(found);
                                              --self->pooled;
                                              link->close();
                                          });
    }

    struct Outcome {
        std::string reason;  ///< of the failure; empty for none
        bool keep_alive = false;
        bool sending_failed = false;
        std::optional<base::HttpResponse> response{};  ///< unless it was streamed
        Failure failure = Failure::lost;
    };
    struct Refusal {
        std::string reason;  ///< empty: there is a connection
        Failure failure = Failure::refused;
    };

    asio::awaitable<Outcome> talk(std::shared_ptr<Job> job) {
        auto link = job->link;
        if (!link->stream->socket().is_open()) {
            auto refusal = co_await connect(link);
            if (!refusal.reason.empty()) {
                Outcome outcome;
                outcome.reason = std::move(refusal.reason);
                outcome.failure = refusal.failure;
                co_return outcome;
            }
        } else {
            link->stream->socket().cancel();  // no longer idle
        }
        if (!live(*job)) co_return Outcome{"cancelled"};
        const auto text = write_request(job->request, server.authority());
        if (auto error = co_await link->stream->write(text); error)
            co_return Outcome{fmt::format("{} while sending to {}", error.message(), server.authority()),
                              false, true};
        co_return co_await hear(job);
    }

    asio::awaitable<Refusal> connect(std::shared_ptr<Link> link) {
        enum class Attempt { under_way, over, too_late };
        const auto attempt =
            std::make_shared<Attempt>(Attempt::under_way);  // the timer may fire when we are gone
        asio::steady_timer timer{loop.context(), config.connect_timeout};
        timer.async_wait([link, attempt](boost::system::error_code aborted) {
            if (aborted || *attempt == Attempt::over) return;
            *attempt = Attempt::too_late;
            link->close();
        });
        boost::system::error_code error;
        std::vector<asio::ip::tcp::endpoint> addresses;
        const auto literal = asio::ip::make_address(server.host, error);
        if (!error) {
            addresses.emplace_back(literal, server.port);
        } else {
            asio::ip::tcp::resolver resolver{loop.context()};
            auto [failed, found] =
                co_await resolver.async_resolve(server.host, std::to_string(server.port), as_result);
            if (failed)
                co_return Refusal{fmt::format("{}: {}", server.host, failed.message()), Failure::unresolved};
            for (const auto& entry : found) addresses.push_back(entry.endpoint());
        }
        error = co_await link->stream->connect(std::move(addresses));
        if (*attempt == Attempt::too_late)
            co_return Refusal{fmt::format("no connection to {} within {} ms", server.authority(),
                                          config.connect_timeout.count()),
                              Failure::too_late};
        *attempt = Attempt::over;
        if (error) co_return Refusal{fmt::format("{}: {}", server.authority(), error.message())};
        // A port that nobody listens on can be given to our own end, and then we are connected to ourselves.
        boost::system::error_code gone;
        if (link->stream->socket().local_endpoint(gone) == link->stream->socket().remote_endpoint(gone)) {
            link->close();
            co_return Refusal{fmt::format("{}: connection refused", server.authority())};
        }
        co_return Refusal{};
    }

    asio::awaitable<Outcome> hear(std::shared_ptr<Job> job) {
        auto link = job->link;
        const HttpLimits limits{.line_bytes = 64 * 1024, .body_bytes = UINT64_MAX};
        const bool answers_head = job->request.method == "HEAD";
        ResponseParser parser{limits, answers_head};
        base::HttpResponse response;
        bool streaming = false;
        bool head_seen = false;
        std::array<char, 16 * 1024> buffer;
        for (;;) {
            const auto read = co_await link->stream->read_some(asio::buffer(buffer));
            if (!live(*job)) co_return Outcome{"cancelled"};
            link->unread.append(buffer.data(), read.bytes);
            if (read.error == asio::error::eof)
                parser.feed_end();
            else if (read.error && read.bytes == 0)
                co_return Outcome{
                    fmt::format("{} while reading from {}", read.error.message(), server.authority())};
            link->unread.erase(0, parser.feed(link->unread));
            // Interim answers: the real one follows.
            while (parser.head_done() && parser.status() < 200 && parser.status() != 101) {
                parser = ResponseParser{limits, answers_head};
                link->unread.erase(0, parser.feed(link->unread));
            }
            if (parser.error() != HttpError::none)
                co_return Outcome{
                    fmt::format("the answer of {} is {}", server.authority(), to_string(parser.error()))};
            if (!parser.head_done()) continue;
            if (!head_seen) {
                head_seen = true;
                response.status = parser.status();
                response.headers = parser.take_headers();
                streaming = job->answer == Answer::stream ||
                            (job->answer == Answer::stream_if_chunked && !answers_head &&
                             base::has_header(response.headers, "Transfer-Encoding"));
                if (streaming) events.head(job->id, response.status, std::move(response.headers));
                if (!live(*job)) co_return Outcome{"cancelled"};
            }
            auto piece = parser.take_body();
            if (!streaming) {
                response.body += piece;
                if (response.body.size() > config.whole_bytes_max) {
                    Outcome outcome;
                    outcome.reason = fmt::format("the answer of {} is larger than {} bytes",
                                                 server.authority(), config.whole_bytes_max);
                    outcome.failure = Failure::too_large;
                    co_return outcome;
                }
            } else if (!piece.empty()) {
                if (job->paced) job->permit.emplace(loop.context(), asio::steady_timer::time_point::max());
                events.data(job->id, std::move(piece));
                if (job->permit && live(*job)) co_await job->permit->async_wait(as_result);
                job->permit.reset();
                if (!live(*job)) co_return Outcome{"cancelled"};
            }
            if (!parser.done()) continue;
            Outcome outcome{{}, parser.keep_alive() && link->unread.empty()};
            if (!streaming) outcome.response = std::move(response);
            co_return outcome;
        }
    }
};

HttpClient::HttpClient(Loop& loop, const HttpServer& server, Config config, Events events)
    : impl_(std::make_shared<Impl>(loop, server, std::move(config), std::move(events))) {}

HttpClient::~HttpClient() {
    impl_->closed = true;
    for (auto& [id, job] : impl_->jobs) {
        if (job->link) job->link->close();
        if (job->permit) job->permit->cancel();
    }
    for (auto& link : impl_->idle) link->close();
}

void HttpClient::fetch(RequestId id, base::HttpRequest request, Answer answer) {
    impl_->enqueue(std::make_shared<Job>(Job{id, std::move(request), answer, nullptr, false, false, {}}));
}

void HttpClient::cancel(RequestId id) {
    const auto found = impl_->jobs.find(id);
    if (found == impl_->jobs.end()) return;
    const auto job = found->second;
    impl_->jobs.erase(found);
    std::erase(impl_->waiting, job);
    job->cancelled = true;
    if (job->link) job->link->close();
    if (job->permit) job->permit->cancel();
}

void HttpClient::pace(RequestId id) {
    if (const auto found = impl_->jobs.find(id); found != impl_->jobs.end()) found->second->paced = true;
}

void HttpClient::proceed(RequestId id) {
    const auto found = impl_->jobs.find(id);
    if (found != impl_->jobs.end() && found->second->permit)
        found->second->permit->expires_at(
            asio::steady_timer::time_point::min());  // whether it is waited for already, or will be
}

}  // namespace davenport::wire
