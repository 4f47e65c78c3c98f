#pragma once

#include "node/base/http.hpp"

#include <optional>
#include <string>
#include <vector>

namespace davenport::couchmock {

/// Who may use the control API (`/_mock/`) over the network.
struct ControlAccess {
    std::string user, password;      ///< asked for with Basic authentication; no user: nobody is asked
    std::vector<std::string> hosts;  ///< names by which this machine is called, beside `localhost`
};

/// How a request to the control API is refused; nothing when it may pass.
///
/// A web page that somebody has open must not reach the control API through his browser. So a Host has to be
/// an address or a name of this machine (another name may have been pointed here by its owner), an Origin has
/// to be our own, and a body has to be declared as JSON, which no page can do without being asked first. A
/// program that sends neither Host nor Origin is no browser and passes.
std::optional<base::HttpResponse> refuse_control(const ControlAccess& access,
                                                 const base::HttpRequest& request);
/// The answer on the main port when the control API has a port of its own.
base::HttpResponse refuse_on_main_port();

}  // namespace davenport::couchmock
