#pragma once

#include "node/base/http.hpp"
#include "node/net/wire/http_server.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// Keeps other sites' pages from using this node through their visitors' browsers.
///
/// A browser sends two headers that a page cannot forge: Origin names the page that asks, Host the name that
/// was looked up. Two rules follow.
/// 1. Host must be a name that this node answers for. Otherwise another site could make its own name point
/// here
///    (DNS rebinding), and its page would be of the same origin as this node.
/// 2. Origin, where there is one, must be the origin of Host, or one that the operator allowed. The scheme is
/// not
///    compared, because a proxy may end TLS; ports are, with the scheme's own port where none is written. A
///    Host without a port matches any port of an Origin with that name: proxies drop it.
/// Programs that are not browsers send no Origin. Health checks reach a node by any name, and by none.
class WebGuard {
public:
    /// `hosts`: the names that this node is reached by, without port. Empty: this machine's own names and
    /// addresses when `loopback_only`, else any. `origins`: the pages' origins that are allowed whatever Host
    /// says, as behind a proxy that does not pass Host on.
    WebGuard(std::vector<std::string> hosts, std::vector<wire::WebOrigin> origins, bool loopback_only);

    /// Why `request` must not be served: what was compared, and what to do about it, for whoever set this
    /// node up. Empty when it may be served.
    [[nodiscard]] std::string objection(const base::HttpRequest& request) const;

private:
    [[nodiscard]] bool answers_for(std::string_view host) const;

    std::vector<std::string> hosts_;
    std::vector<wire::WebOrigin> origins_;
    bool loopback_only_;
};

}  // namespace davenport::node
