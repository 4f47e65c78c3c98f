#include "node/program/erase_tool.hpp"

#include "node/base/names.hpp"
#include "node/base/text.hpp"
#include "node/core/erasure.hpp"
#include "node/core/stream_erasure.hpp"
#include "node/program/asker.hpp"
#include "node/program/given_store.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::node::program {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds erase_within = 2min;  // a page of long documents, from a store that compacts
constexpr std::chrono::milliseconds pause_at_first = 200ms, pause_at_most = 5s;
constexpr int tries = 20;  // a minute and a half
constexpr auto between_looks = 500ms;
constexpr auto stream_answers_within = 10s;  // a server that elects a leader never answers
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

Erasure::Selection read_selection(const EraseCommand& command) {
    Erasure::Selection what{.user = {}, .room = command.room, .ids = command.ids};
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
            "must all hold; or --retention; --dry-run shows what it would be");
    return what;
}

/// One line on a terminal, and nothing in a pipe.
class ProgressLine {
public:
    void show(const Erasure::Progress& p, bool is_compacting = false) {
        const auto now = std::chrono::steady_clock::now();
        if (!terminal_ || now - shown_ < between_lines) return;
        shown_ = now;
        if (is_compacting)
            fmt::print(stderr, "\r\033[K{} erased; the store compacts its database", messages(p.erased));
        else
            fmt::print(stderr, "\r\033[K{} of {} documents: {} found, {} erased", p.documents, p.of, p.found,
                       p.erased);
        std::fflush(stderr);
    }
    ~ProgressLine() {
        if (terminal_) fmt::print(stderr, "\r\033[K");
    }

private:
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    std::chrono::steady_clock::time_point shown_{};
};

/// Tries until `attempt` tells no trouble. `so_far`: what to say of what was done when the store stays away.
template <class Attempt, class SoFar>
void repeat(const std::string& url, Attempt attempt, SoFar so_far) {
    auto pause = pause_at_first;
    for (int failures = 0;;) {
        const std::string trouble = attempt();
        if (trouble.empty()) return;
        if (++failures == tries)
            throw ErasureError(
                fmt::format("the store at {} does not answer ({}): {}", url, trouble, so_far()));
        std::this_thread::sleep_for(pause);
        pause = std::min(2 * pause, pause_at_most);
    }
}

/// Asks until `take` tells no trouble with an answer.
template <class Request, class Take, class SoFar>
void ask_until(Asker& asker, const std::string& url, Request request, Take take, SoFar so_far) {
    repeat(
        url,
        [&] {
            const auto answer = asker.ask(request(), erase_within);
            return answer.response ? take(*answer.response) : answer.trouble;
        },
        so_far);
}

std::string erased_so_far(std::uint64_t erased) {
    return fmt::format("{} erased so far; run this again when it is back, and it goes on from there",
                       messages(erased));
}

void keep_pace(const EraseCommand& command, std::uint64_t erased) {
    if (command.per_second > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds{erased * 1000 / command.per_second});
}

Erasure::Config config_of(const EraseCommand& command, Erasure::Selection what, bool compact) {
    const auto now = std::chrono::time_point_cast<base::Duration>(std::chrono::system_clock::now());
    return {.what = std::move(what),
            .key = {.unix_ms = base::unix_ms(now), .counter = 0, .nonce = {}},
            .by = command.by,
            .dry_run = command.dry_run,
            .compact = compact};
}

/// One request after another until the erasure is done.
Erasure::Progress carry_out(Asker& asker, const GivenStore& store, const EraseCommand& command,
                            Erasure::Selection what, bool compact) {
    Erasure erasure{config_of(command, std::move(what), compact), store.access};
    ProgressLine line;
    while (!erasure.is_done()) {
        const auto erased = erasure.progress().erased;
        ask_until(
            asker, store.server.url(), [&] { return erasure.request(); },
            [&](const base::HttpResponse& answer) {
                return erasure.take(answer) ? std::string{} : erasure.trouble();
            },
            [&] { return erased_so_far(erasure.progress().erased); });
        line.show(erasure.progress(), erasure.is_compacting());
        if (erasure.is_waiting()) std::this_thread::sleep_for(between_looks);
        keep_pace(command, erasure.progress().erased - erased);
    }
    return erasure.progress();
}

std::vector<Erasure::Selection> read_retention(Asker& asker, const GivenStore& store) {
    RetentionReader reader{store.access};
    std::optional<std::vector<Erasure::Selection>> out;
    const auto now = std::chrono::time_point_cast<base::Duration>(std::chrono::system_clock::now());
    ask_until(
        asker, store.server.url(), [&] { return reader.request(); },
        [&](const base::HttpResponse& answer) {
            out = reader.take(answer, base::unix_ms(now));
            return out ? std::string{} : fmt::format("status {}", answer.status);
        },
        [] { return std::string{"nothing was erased"}; });
    return std::move(*out);
}

void add(Erasure::Progress& total, Erasure::Progress&& p) {
    total.found += p.found;
    total.erased += p.erased;
    total.removed_before += p.removed_before;
    total.conflicts += p.conflicts;
    total.refused.insert(total.refused.end(), p.refused.begin(), p.refused.end());
    total.rooms.merge(p.rooms);
}

/// Room by room; in the end the database is compacted once, if anything was erased.
Erasure::Progress carry_out_retention(Asker& asker, const GivenStore& store, const EraseCommand& command) {
    Erasure::Progress total;
    std::optional<Erasure::Selection> with_some;
    for (const auto& what : read_retention(asker, store)) {
        auto one = carry_out(asker, store, command, what, false);
        if (one.erased > 0) with_some = what;
        add(total, std::move(one));
    }
    if (command.compact && with_some)
        total.not_compacted = carry_out(asker, store, command, *with_some, true).not_compacted;
    return total;
}

void report(const EraseCommand& command, const Erasure::Progress& p) {
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
}

void report_files(const EraseCommand& command, std::string_view database, const Erasure::Progress& p) {
    if (!p.not_compacted.empty())
        fmt::print("The store does not compact the database for this account ({}).\n",
                   base::one_printable_line(p.not_compacted));
    if (p.erased > 0 && (!command.compact || !p.not_compacted.empty()))
        fmt::print("Its file keeps the texts in old revisions until an admin does: POST /{}/_compact\n",
                   database);
}

/// In a stream of a NATS server.
int perform_on_stream(const EraseCommand& command, Erasure::Selection what) {
    auto given = read_nats_store(command.store);
    auto& servers = given.servers;
    if (!servers.user.empty())
        servers.password = find_password(servers.password, command.store_password_file);
    require_credentials(command.store_credentials);
    servers.credentials_file = command.store_credentials;
    servers.ca_file = command.store_ca;
    servers.name = "chatnode erase";
    const auto url = servers.url();
    StreamAsker asker{servers};
    StreamErasure erasure{config_of(command, std::move(what), false), given.access};
    ProgressLine line;
    while (!erasure.is_done()) {
        const auto erased = erasure.progress().erased;
        repeat(
            url,
            [&] {
                const auto answers = asker.ask(erasure.requests(), stream_answers_within);
                if (erasure.take(answers.messages)) return std::string{};
                return answers.trouble.empty() ? erasure.trouble() : answers.trouble;
            },
            [&] { return erased_so_far(erasure.progress().erased); });
        line.show(erasure.progress());
        keep_pace(command, erasure.progress().erased - erased);
    }
    const auto& p = erasure.progress();
    report(command, p);
    if (p.erased > 0)
        fmt::print("Their texts are written over in the {}.\n",
                   erasure.replicas() > 1 ? fmt::format("files of the {} servers", erasure.replicas())
                                          : std::string{"server's file"});
    if (p.erased > 0 && erasure.replicas() > 1)
        fmt::print("Each server's Raft log keeps them until it takes its next snapshot.\n");
    if (erasure.edited() + p.removed_before > 0)
        fmt::print(
            "{} had been edited or removed before: what they said then may stand in the server's file until "
            "it "
            "compacts that block.\n",
            messages(erasure.edited() + p.removed_before));
    return p.refused.empty() ? 0 : 1;
}

}  // namespace

int perform(const EraseCommand& given) {
    const auto what = given.retention ? Erasure::Selection{} : read_selection(given);
    auto command = given;
    if (command.retention && command.by.empty()) command.by = RetentionReader::shown_as();  // as nodes do it
    if (names_nats(command.store)) {
        if (command.retention)
            throw std::invalid_argument(
                "erase --retention needs a CouchDB; with a NATS server say it room by room: --room NAME "
                "--before DATE");
        return perform_on_stream(command, what);
    }
    const auto store = read_given_store(command.store, command.store_password_file);
    Asker asker{store.server, command.store_ca};
    const auto told = command.retention ? carry_out_retention(asker, store, command)
                                        : carry_out(asker, store, command, what, command.compact);
    report(command, told);
    report_files(command, store.access.database, told);
    return told.refused.empty() && told.not_compacted.empty() ? 0 : 1;
}

}  // namespace davenport::node::program
