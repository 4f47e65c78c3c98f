#pragma once

#include "node/core/config.hpp"
#include "node/net/nats_servers.hpp"
#include "node/net/wire/http_server.hpp"

#include <string>

namespace davenport::node::program {

/// A store as it was given: where it is, and how to get at the chat in it.
struct GivenStore {
    wire::HttpServer server;
    StoreAccess access;
};

// All of these throw std::invalid_argument with one line that says what is wrong and what to do.

/// `url` names a database, as http://user:password@host:port/db.
wire::HttpServer read_store(const std::string& url);
/// From the URL, else the first line of `file`, else DAVENPORT_STORE_PASSWORD: the later ones are not to be
/// seen in a list of processes. Empty when nothing has one.
std::string find_password(const std::string& in_url, const std::string& file);
/// Both together.
GivenStore read_given_store(const std::string& url, const std::string& password_file);

/// A stream of a NATS server as it was given.
struct GivenStream {
    NatsServers servers;
    StreamAccess access;
};

/// It is nats://... or tls://..., whatever follows.
bool names_nats(const std::string& url);
/// nats://user:password@host:4222,host2:4222/stream, or tls://...; where three servers or more are named, a
/// stream that the node makes has three replicas. Without the password, the files and the name.
GivenStream read_nats_store(const std::string& url);

/// The file holds a JWT that has not expired, and a key, as a NATS server is shown them; the server decides
/// whether they are good. No file: all is well.
void require_credentials(const std::string& file);

/// The whole file, byte for byte.
std::string read_file(const std::string& path);

}  // namespace davenport::node::program
