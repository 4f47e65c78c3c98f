#include "usage.hpp"

#include <fstream>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

namespace davenport::load {

namespace {

double seconds_of(double ticks) { return ticks / static_cast<double>(sysconf(_SC_CLK_TCK)); }

double process_seconds(int pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto after_name = text.rfind(')');
    if (after_name == std::string::npos) return 0;
    std::istringstream fields{text.substr(after_name + 1)};
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return seconds_of(user + system);
}

double machine_seconds() {
    std::ifstream file{"/proc/stat"};
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0;
    file >> name >> user >> nice >> system >> idle >> wait >> irq >> softirq;
    return seconds_of(user + nice + system + irq + softirq);
}

double own_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

Usage read_usage(const std::vector<int>& servers) {
    Usage usage{.servers = {}, .client = own_seconds(), .machine = machine_seconds()};
    for (const int pid : servers) usage.servers[pid] = process_seconds(pid);
    return usage;
}

boost::json::object usage_between(const Usage& before, const Usage& after, double seconds) {
    boost::json::object each;
    double servers = 0;
    for (const auto& [pid, value] : after.servers) {
        const auto spent = value - before.servers.at(pid);
        each[std::to_string(pid)] = spent;
        servers += spent;
    }
    const auto client = after.client - before.client;
    const auto foreign = (after.machine - before.machine - servers - client) / seconds;
    return {
        {"cpu_servers_s", servers}, {"cpu_client_s", client}, {"cpu_foreign", foreign}, {"cpu_by_pid", each}};
}

}  // namespace davenport::load
