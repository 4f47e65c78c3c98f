#include "sim/process/attached.hpp"

#include <stdexcept>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

namespace davenport::sim::process {

std::string AttachedNode::authority() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

std::string AttachedNode::url() const { return "http://" + authority(); }

AttachedNode parse_attached_node(std::string_view url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed) throw std::runtime_error{fmt::format("'{}' is no URL of a node: http://host:port", url)};
    if (parsed->scheme() != "http")
        throw std::runtime_error{
            fmt::format("'{}': simulated clients speak http only: give a node's URL behind what ends TLS, as "
                        "http://host:port",
                        url)};
    if (!parsed->encoded_path().empty() && parsed->encoded_path() != "/")
        throw std::runtime_error{fmt::format("'{}': a node has no path: give http://host:port", url)};
    AttachedNode node;
    node.host = parsed->host_address();
    node.port = parsed->has_port() ? parsed->port_number() : std::uint16_t{80};
    return node;
}

}  // namespace davenport::sim::process
