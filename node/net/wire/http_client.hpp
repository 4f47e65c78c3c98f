#pragma once

#include "node/base/http.hpp"
#include "node/net/wire/byte_stream.hpp"
#include "node/net/wire/http_server.hpp"
#include "node/net/wire/loop.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace davenport::wire {

using RequestId = std::uint64_t;

/// Sends requests to one server over connections that are kept open.
///
/// Nothing is tried twice, with one exception: a GET, HEAD or PUT whose very sending fails on a connection
/// that had been used before goes out once more on a new one. Then the server had closed an idle connection
/// and has not got the request whole; and if it had, repeating these methods is harmless: a document's PUT by
/// id is answered 409 by the store.
///
/// Threads: the loop's. Errors: told by `failed`, once, as one line; whether the server has done the request
/// nobody knows.
class HttpClient {
public:
    /// Why a request has no answer, for whoever has to tell others.
    enum class Failure {
        unresolved,  ///< the name has no address
        refused,     ///< there is no connection
        too_late,    ///< nor within the time for it
        too_large,   ///< the whole answer is more than whole_bytes_max
        lost,        ///< anything else, once the request may have been read
    };
    /// Every request ends with exactly one of whole, ended or failed, unless it was cancelled. None is called
    /// from within fetch() or cancel().
    struct Events {
        std::function<void(RequestId, base::HttpResponse)> whole;
        std::function<void(RequestId, int status, base::Headers)> head;
        std::function<void(RequestId, std::string bytes)> data;
        std::function<void(RequestId)> ended;
        std::function<void(RequestId, std::string reason)> failed;
        std::function<void(RequestId, Failure)> failed_as{};  ///< if given, told just before `failed`
    };
    struct Config {
        std::size_t connections = 4;  ///< for whole answers; streams have one of their own each
        std::chrono::milliseconds connect_timeout{5000};
        std::size_t whole_bytes_max = 256 * 1024 * 1024;
        std::string ca_file{};
    };
    enum class Answer {
        whole,              ///< told by `whole` at its end
        stream,             ///< told by `head`, `data`, `ended` as it comes, over a connection of its own
        stream_if_chunked,  ///< stream when the server sends it chunked, else whole
    };

    HttpClient(Loop& loop, const HttpServer& server, Config config, Events events);
    ~HttpClient();

    void fetch(RequestId id, base::HttpRequest request, Answer answer);
    /// No event of it comes any more; its connection is closed.
    void cancel(RequestId id);
    /// From now on the server is asked for the next piece of this answer only after proceed(): back-pressure
    /// for whoever passes it on.
    void pace(RequestId id);
    void proceed(RequestId id);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace davenport::wire
