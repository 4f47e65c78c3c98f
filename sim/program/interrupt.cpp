#include "sim/program/commands.hpp"

#include <csignal>

namespace davenport::sim::program {

namespace {

std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

extern "C" void on_signal(int signal) {
    flag = true;
    std::signal(signal, SIG_DFL);  // whoever asks twice does not want to wait for an orderly end
}

}  // namespace

const std::atomic<bool>& interrupted() { return flag; }

void catch_interrupts() {
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
}

}  // namespace davenport::sim::program
