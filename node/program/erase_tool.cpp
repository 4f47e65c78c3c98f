#include "node/program/erase_tool.hpp"

#include "node/base/names.hpp"
#include "node/base/text.hpp"
#include "node/core/erasure.hpp"
#include "node/net/wire/http_client.hpp"
#include "node/net/wire/loop.hpp"
#include "node/program/setup.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace davenport::node::program {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_within = 2min;  // a page of long documents, from a store that compacts
constexpr std::chrono::milliseconds pause_at_first = 200ms, pause_at_most = 5s;
constexpr int tries = 20;  // a minute and a half
constexpr auto between_looks = 500ms;
constexpr auto between_lines = 200ms;

std::string show(std::int64_t unix_ms) { return base::iso8601(base::wall_from_unix_ms(unix_ms)); }

std::string messages(std::uint64_t count) {
    return count == 1 ? "1 message" : fmt::format("{} messages", count);
}

/// A day alone is its beginning, in UTC.
std::int64_t read_moment(const std::string& text) {
    const auto moment = base::parse_datetime(text.size() == 10 ? text + "T00:00:00Z" : text);
    if (!moment)
        throw std::invalid_argument(
            fmt::format("--before {}: give a day or a moment, as 2026-01-31 or 2026-01-31T12:00:00Z", text));
    return base::unix_ms(*moment);
}

Erasure::What read_what(const EraseCommand& command) {
    Erasure::What what{.user = {}, .room = command.room, .ids = command.ids};
    if (!command.user.empty()) {
        auto name = base::prepare_name(command.user);
        if (!name.problem.empty())
            throw std::invalid_argument(fmt::format("--user {}: {}", command.user, name.problem));
        what.user = std::move(name.text);
    }
    if (!what.room.empty() && !base::is_room_name(what.room))
        throw std::invalid_argument(fmt::format("--room {}: no room can have that name", what.room));
    if (!command.before.empty()) what.before_unix_ms = read_moment(command.before);
    if (what.user.empty() && what.room.empty() && what.ids.empty() && !what.before_unix_ms)
        throw std::invalid_argument(
            "erase: say what: --user NAME, --room NAME, --id ID, --before DATE, or several of them, which "
            "must all hold; --dry-run shows what it would be");
    return what;
}

/// Sends one request after another until the erasure is done.
class Run {
public:
    Run(const GivenStore& store, const EraseCommand& command, Erasure& erasure)
        : erasure_{erasure},
          client_{
              loop_,
              store.server,
              {.connections = 1, .ca_file = command.store_ca},
              {.whole = [this](wire::RequestId id, const base::HttpResponse& answer) { take(id, answer); },
               .head = {},
               .data = {},
               .ended = {},
               .failed =
                   [this](wire::RequestId id, std::string reason) {
                       if (id == asked_) again(std::move(reason));
                   }}},
          timer_{loop_.context()},
          url_{store.server.url()},
          per_second_{command.per_second} {}

    void run() {
        ask();
        loop_.run();
        tell(true);
    }

private:
    void ask() {
        client_.fetch(++asked_, erasure_.request(), wire::HttpClient::Answer::whole);
        after(answer_within, [this] {
            client_.cancel(asked_);
            again("no answer came in two minutes");
        });
    }

    void take(wire::RequestId id, const base::HttpResponse& answer) {
        if (id != asked_) return;
        timer_.cancel();
        if (!erasure_.take(answer)) return again(erasure_.trouble());
        failures_ = 0;
        pause_ = pause_at_first;
        tell(false);
        if (erasure_.is_done()) return loop_.stop();
        if (erasure_.is_waiting()) return after(between_looks, [this] { ask(); });
        const auto erased = erasure_.progress().erased;
        if (const auto now = erased - std::exchange(erased_, erased); now > 0 && per_second_ > 0)
            return after(std::chrono::milliseconds{now * 1000 / per_second_}, [this] { ask(); });
        ask();
    }

    void again(std::string reason) {
        if (++failures_ == tries)
            throw ErasureError(
                fmt::format("the store at {} does not answer ({}): {} erased so far; run this again when it "
                            "is back, and it goes on from there",
                            url_, base::one_printable_line(reason), messages(erasure_.progress().erased)));
        after(pause_, [this] { ask(); });
        pause_ = std::min<std::chrono::milliseconds>(2 * pause_, pause_at_most);
    }

    template <class Then>
    void after(std::chrono::milliseconds pause, Then then) {
        timer_.expires_after(pause);
        timer_.async_wait([then](boost::system::error_code error) {
            if (!error) then();
        });
    }

    void tell(bool last) {
        if (!terminal_) return;
        const auto now = std::chrono::steady_clock::now();
        if (!last && now - told_ < between_lines) return;
        told_ = now;
        const auto& p = erasure_.progress();
        fmt::print(stderr, "\r\033[K");
        if (last) return;
        if (erasure_.is_compacting())
            fmt::print(stderr, "{} erased; the store compacts its database", messages(p.erased));
        else
            fmt::print(stderr, "{} of {} documents: {} found, {} erased", p.documents, p.of, p.found,
                       p.erased);
        std::fflush(stderr);
    }

    Erasure& erasure_;
    wire::Loop loop_;
    wire::HttpClient client_;
    boost::asio::steady_timer timer_;
    std::string url_;
    wire::RequestId asked_ = 0;
    std::uint64_t per_second_;
    std::uint64_t erased_ = 0;
    int failures_ = 0;
    std::chrono::milliseconds pause_ = pause_at_first;
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    std::chrono::steady_clock::time_point told_{};
};

void report(const EraseCommand& command, std::string_view database, const Erasure::Progress& p) {
    for (const auto& [room, its] : p.rooms)
        fmt::print("room {}: {}, {} to {}\n", room, messages(its.messages), show(its.first_unix_ms),
                   show(its.last_unix_ms));
    for (const auto& id : p.missing) fmt::print("{}: no message has this id\n", base::one_printable_line(id));
    for (const auto& refusal : p.refused)
        fmt::print("{}: the store refuses its removal ({})\n", base::one_printable_line(refusal.id),
                   base::one_printable_line(refusal.reason));
    if (command.dry_run) {
        fmt::print("{} would be erased", messages(p.found - p.removed_before));
    } else {
        fmt::print("{} {} erased", messages(p.erased), p.erased == 1 ? "is" : "are");
        if (p.conflicts > 0) fmt::print(", with {} revisions that were in conflict", p.conflicts);
    }
    if (p.removed_before > 0) fmt::print("; {} had been removed before", p.removed_before);
    fmt::print("\n");
    if (!p.not_compacted.empty())
        fmt::print("The store does not compact the database for this account ({}).\n",
                   base::one_printable_line(p.not_compacted));
    if (p.erased > 0 && (!command.compact || !p.not_compacted.empty()))
        fmt::print("Its file keeps the texts in old revisions until an admin does: POST /{}/_compact\n",
                   database);
}

}  // namespace

int perform(const EraseCommand& command) {
    const auto what = read_what(command);
    const auto store = read_given_store(command.store, command.store_password_file);
    Erasure erasure{{.what = what,
                     .key = {.unix_ms = base::unix_ms(wire::Loop::now().wall), .counter = 0, .nonce = {}},
                     .by = command.by,
                     .dry_run = command.dry_run,
                     .compact = command.compact},
                    store.access};
    Run{store, command, erasure}.run();
    report(command, store.access.database, erasure.progress());
    const auto& told = erasure.progress();
    return told.refused.empty() && told.not_compacted.empty() ? 0 : 1;
}

}  // namespace davenport::node::program
