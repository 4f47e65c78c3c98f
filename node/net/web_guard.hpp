#pragma once

#include "node/base/http.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// Keeps other sites' pages from using this node through their visitors' browsers.
///
/// A browser names the page that opens a WebSocket in Origin, and the name that it looked up in Host. The
/// page must be one of this very host (cross-site), and the host one that we answer for (a name that somebody
/// makes point to 127.0.0.1). Programs that are no browsers send no Origin, and are nobody's instrument.
class WebGuard {
public:
    /// `hosts`: the names that this node is reached by, without port. Empty: this machine's own names and
    /// addresses when `loopback_only`, else any.
    WebGuard(std::vector<std::string> hosts, bool loopback_only);

    /// Why `request` must not be served; empty when it may.
    [[nodiscard]] std::string_view objection(const base::HttpRequest& request) const;

private:
    [[nodiscard]] bool answers_for(std::string_view host) const;

    std::vector<std::string> hosts_;
    bool loopback_only_;
};

}  // namespace davenport::node
