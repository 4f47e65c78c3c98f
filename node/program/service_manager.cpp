#include "node/program/service_manager.hpp"

#include <chrono>
#include <cstdint>

#include <systemd/sd-daemon.h>

namespace davenport::node::program {

ServiceManager::ServiceManager(boost::asio::io_context& context) : timer_{context} {
    if (std::uint64_t microseconds = 0; ::sd_watchdog_enabled(0, &microseconds) > 0)
        interval_ = std::chrono::microseconds{microseconds / 2};
}

void ServiceManager::ready(const std::string& status) {
    ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
    if (interval_.count() > 0) pulse();
}

void ServiceManager::stopping() {
    ::sd_notify(0, "STOPPING=1\nSTATUS=Stopping: clients go on at another node");
}

void ServiceManager::pulse() {
    ::sd_notify(0, "WATCHDOG=1");
    timer_.expires_after(interval_);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) pulse();
    });
}

}  // namespace davenport::node::program
