// In place of nats_client.cpp where libnats is missing.
#include "node/net/nats_client.hpp"

#include <stdexcept>

namespace davenport::node {
namespace {

[[noreturn]] void refuse() {
    throw std::invalid_argument(
        "this chatnode was built without NATS: install libnats-dev and build it again, or give the URL of a "
        "CouchDB");
}

}  // namespace

class NatsClient::Impl {};

bool NatsClient::available() { return false; }
NatsClient::NatsClient(wire::Loop&, NatsServers, Events) { refuse(); }
NatsClient::~NatsClient() = default;
void NatsClient::ask(FetchId, base::NatsMessage) {}
void NatsClient::subscribe(FetchId, std::string) {}
void NatsClient::publish(base::NatsMessage) {}
void NatsClient::cancel(FetchId) {}
void NatsClient::change_server() {}
void NatsClient::flush() {}
void NatsClient::check(const NatsServers&) { refuse(); }

}  // namespace davenport::node
