#include "modes.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>

using namespace davenport;

namespace {

boost::json::object run(const load::Options& options) {
    if (options.mode == "sat") return run_sat(options);
    if (options.mode == "fill") return run_fill(options);
    if (options.mode == "idle") return run_idle(options);
    if (options.mode == "herd") return run_herd(options);
    if (options.mode == "all") return run_all(options);
    if (options.mode == "joins") return run_joins(options);
    if (options.mode == "deaf") return run_deaf(options);
    return run_rate(options);
}

void prepare_process() {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    std::signal(SIGPIPE, SIG_IGN);     // OpenSSL writes without MSG_NOSIGNAL
    prctl(PR_SET_TIMERSLACK, 1);       // wake when a message is due, not 50 us later
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // never outlive the driver
}

}  // namespace

int main(int argc, char** argv) {
    load::Options options;
    CLI::App app{
        "Loads two or more chat servers that are one chat, over loopback, and tells what came of it as "
        "JSON."};
    app.add_option("--mode", options.mode)
        ->check(CLI::IsMember({"rate", "sat", "fill", "idle", "herd", "all", "joins", "deaf"}))
        ->capture_default_str();
    app.add_option("--protocol", options.crowd.protocol)->capture_default_str();
    app.add_option("--server", options.crowd.servers, "127.0.0.1:port; all is sent to the first")
        ->required()
        ->delimiter(',');
    app.add_option("--clients", options.clients, "of each server")->capture_default_str();
    app.add_option("--size", options.size, "bytes of a message")->capture_default_str();
    app.add_option("--rate", options.rate, "messages, or joins, a second")->capture_default_str();
    app.add_option("--seconds", options.seconds)->capture_default_str();
    app.add_option("--drain", options.drain, "seconds to wait for the last deliveries")
        ->capture_default_str();
    app.add_option("--window", options.window, "sat, fill: messages under way")->capture_default_str();
    app.add_option("--count", options.count, "fill, all: messages")->capture_default_str();
    app.add_option("--stages", options.stages, "idle: connections at each stage")->delimiter(',');
    app.add_option("--pids", options.pids, "of the servers, to tell their processor time")->delimiter(',');
    app.add_option("--notes", options.notes, "file for the fate of every message");
    app.add_option("--room", options.crowd.room, "of all clients, where the system has rooms")
        ->capture_default_str();
    app.add_flag("--people", options.crowd.people, "the first client asks who is in the room");
    app.add_flag("--tls", options.crowd.tls, "speak TLS, whatever certificate the server shows");
    app.add_flag("--durable", options.crowd.durable,
                 "clients come back; receivers who are away miss nothing, where the system can do that");
    CLI11_PARSE(app, argc, argv);
    prepare_process();
    try {
        std::puts(serialize(run(options)).c_str());
        return 0;
    } catch (const std::exception& error) {
        std::puts(serialize(boost::json::object{{"error", error.what()}}).c_str());
        return 1;
    }
}
