#include "node/program/erase_tool.hpp"

#include "node/base/names.hpp"
#include "node/base/text.hpp"
#include "node/core/erasure.hpp"
#include "node/program/asker.hpp"
#include "node/program/given_store.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::node::program {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds erase_within = 2min;  // a page of long documents, from a store that compacts
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

/// One line on a terminal, and nothing in a pipe.
class ProgressLine {
public:
    void show(const Erasure& erasure) {
        const auto now = std::chrono::steady_clock::now();
        if (!terminal_ || now - shown_ < between_lines) return;
        shown_ = now;
        const auto& p = erasure.progress();
        if (erasure.is_compacting())
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

/// Sends one request after another until the erasure is done.
void carry_out(Erasure& erasure, const GivenStore& store, const EraseCommand& command) {
    Asker asker{store.server, command.store_ca};
    ProgressLine line;
    int failures = 0;
    auto pause = pause_at_first;
    while (!erasure.is_done()) {
        const auto erased = erasure.progress().erased;
        const auto answer = asker.ask(erasure.request(), erase_within);
        if (!answer.response || !erasure.take(*answer.response)) {
            if (++failures == tries)
                throw ErasureError(fmt::format(
                    "the store at {} does not answer ({}): {} erased so far; run this again when it is back, "
                    "and it goes on from there",
                    store.server.url(), answer.response ? erasure.trouble() : answer.trouble,
                    messages(erasure.progress().erased)));
            std::this_thread::sleep_for(pause);
            pause = std::min(2 * pause, pause_at_most);
            continue;
        }
        failures = 0;
        pause = pause_at_first;
        line.show(erasure);
        if (erasure.is_waiting()) std::this_thread::sleep_for(between_looks);
        if (command.per_second > 0)
            std::this_thread::sleep_for(
                std::chrono::milliseconds{(erasure.progress().erased - erased) * 1000 / command.per_second});
    }
}

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
    const auto now = std::chrono::time_point_cast<base::Duration>(std::chrono::system_clock::now());
    Erasure erasure{{.what = what,
                     .key = {.unix_ms = base::unix_ms(now), .counter = 0, .nonce = {}},
                     .by = command.by,
                     .dry_run = command.dry_run,
                     .compact = command.compact},
                    store.access};
    carry_out(erasure, store, command);
    report(command, store.access.database, erasure.progress());
    const auto& told = erasure.progress();
    return told.refused.empty() && told.not_compacted.empty() ? 0 : 1;
}

}  // namespace davenport::node::program
