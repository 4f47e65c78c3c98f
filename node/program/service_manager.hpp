#pragma once

#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace davenport::node::program {

/// Tells systemd how the node is (sd_notify(3)): ready, stopping, alive.
///
/// Does nothing where no service manager asked for it (`NOTIFY_SOCKET` is not set). With `WatchdogSec=` in
/// the unit it says twice in each interval that the loop still turns; systemd restarts a node whose loop is
/// stuck.
///
/// Threads: the loop's. Ownership: `context` outlives it. Errors: none; what systemd does not take is lost,
/// as sd_notify(3) advises.
class ServiceManager {
public:
    explicit ServiceManager(boost::asio::io_context& context);

    /// The node listens; `status` is shown by `systemctl status`. Starts the watchdog's pulse.
    void ready(const std::string& status);
    void stopping();

private:
    void pulse();

    boost::asio::steady_timer timer_;
    boost::asio::steady_timer::duration interval_{};  ///< zero: no watchdog is set
};

}  // namespace davenport::node::program
