#include "sim/process/program.hpp"

#include "sim/process/files.hpp"

#include <csignal>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::process {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration start_time_max = 20s;  // a machine that compiles beside us is slow
constexpr base::Duration end_time_max = 10s;

}  // namespace

void Program::start(base::Time now) {
    for (const auto& file : setup_.port_files) std::filesystem::remove(file);
    child_ = Child{setup_.command, setup_.log, setup_.environment};
    state_ = State::starting;
    deadline_ = now + start_time_max;
    killed_ = false;
}

void Program::kill() {
    if (state_ == State::gone) return;
    child_.kill();
    killed_ = true;
}

void Program::terminate(base::Time now) {
    if (state_ == State::gone) return;
    child_.signal(SIGTERM);
    state_ = State::ending;
    deadline_ = now + end_time_max;
}

void Program::pause() { child_.signal(SIGSTOP); }
void Program::resume() { child_.signal(SIGCONT); }

Program::Change Program::gone(std::string how, bool clean) {
    state_ = State::gone;
    if (!clean)
        if (const auto lines = last_lines(setup_.log, 5); !lines.empty()) how += "; its log ends:\n" + lines;
    return {.ready = false, .how = std::move(how), .clean = clean};
}

std::optional<Program::Change> Program::poll(base::Time now) {
    if (state_ == State::gone) return std::nullopt;
    if (std::exchange(killed_, false)) {
        state_ = State::gone;
        return Change{.ready = false, .how = "killed", .clean = false};
    }
    if (const auto exit = child_.poll()) return gone(describe(*exit), exit->clean());
    if (state_ == State::starting) {
        bool all = true;
        for (const auto& file : setup_.port_files) all = all && read_port_file(file).has_value();
        if (all) {
            state_ = State::ready;
            return Change{.ready = true, .how = {}, .clean = false};
        }
    }
    if ((state_ == State::starting || state_ == State::ending) && now >= deadline_) {
        const bool starting = state_ == State::starting;
        child_.kill();
        return gone(starting ? fmt::format("not listening after {} s", start_time_max / 1s)
                             : fmt::format("still there {} s after SIGTERM", end_time_max / 1s),
                    false);
    }
    return std::nullopt;
}

}  // namespace davenport::sim::process
