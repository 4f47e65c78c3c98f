#include "couchmock/embed/couchmock.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

namespace embed = davenport::couchmock::embed;

namespace {

void expect(bool holds, const std::string& what) {
    if (holds) return;
    std::cerr << "does not hold: " << what << '\n';
    std::exit(1);
}

}  // namespace

/// Ends with 0 when the installed mock answers, fails as it is told, and comes back.
int main() {
    embed::MockStore store;
    store.put("/chat", "");
    const auto feed = store.send("GET", "/chat/_changes?feed=continuous");
    expect(store.put("/chat/a", R"({"msg": "hello"})").status == 201, "a document is created");
    expect(store.seen(feed).ids().size() == 1, "the feed brings it");

    store.set_fault(R"({"fault": "store.down", "for_ms": 2000})");
    expect(!store.listening, "the store is down");
    store.pass(std::chrono::seconds{2});
    expect(store.listening, "it is back");

    const embed::MockServer server;
    expect(server.url() == "http://127.0.0.1:" + std::to_string(server.port()),
           "a server listens on a port of its own");
    return 0;
}
