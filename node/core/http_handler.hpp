#pragma once

#include "node/core/http_api.hpp"
#include "node/core/polls.hpp"
#include "node/core/post_handler.hpp"
#include "node/core/search_handler.hpp"
#include "node/core/sign_in.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace davenport::node {

/// What a node says of itself to whoever asks.
struct NodeState {
    bool store_up = false;
    std::size_t backlog = 0;  ///< messages that wait for the store
    bool draining = false;
};

/// Answers HTTP clients: each request brought to the machine that knows, or made a session of its own.
class HttpHandler {
public:
    /// Makes a client of this connection and greets it.
    using Open = std::function<Session&(Turn&, SessionId, std::string address, std::string user)>;

    HttpHandler(const ChatConfig& config, base::Random& random, CommitQueue& commit_queue, Resume& resume,
                Polls& polls, PostHandler& desk, SearchHandler& search, SignIn& sign_in, Open open);

    void on(Turn& turn, Requested& request, const NodeState& state);

private:
    /// One request, while it is dealt with.
    struct Asked {
        Turn& turn;
        Requested& request;
        const NodeState& state;
        std::string user{};  ///< who makes it, where people sign in

        void answer(base::HttpResponse response) {
            turn.emit(Respond{request.exchange, std::move(response)});
        }
        [[nodiscard]] std::string_view cookies() const {
            return base::header(request.request.headers, "Cookie");
        }
    };

    void answer(Asked& asked, http_api::Health& call);
    void answer(Asked& asked, http_api::Ready& call);
    void answer(Asked& asked, http_api::GetMessages& call);
    void answer(Asked& asked, http_api::Poll& call);
    void answer(Asked& asked, http_api::Follow& call);
    void answer(Asked& asked, http_api::GetRooms& call);
    void answer(Asked& asked, http_api::FindMessages& call);
    void answer(Asked& asked, http_api::PostMessage& call);
    void answer(Asked& asked, http_api::BeginSession& call);
    void answer(Asked& asked, http_api::GetSession& call);
    void answer(Asked& asked, http_api::EndSession& call);
    void answer(Asked& asked, http_api::BadRequest& call);
    std::string make_key(const Turn& turn);
    std::optional<base::Duration> too_fast(const Turn& turn, const std::string& address);

    const ChatConfig* config_;
    base::Random* random_;
    CommitQueue* commits_;
    Resume* resume_;
    Polls* polls_;
    PostHandler* desk_;
    SearchHandler* search_;
    SignIn* sign_in_;
    Open open_;
    std::uint16_t keys_made_ = 0;
    std::unordered_map<std::string, TokenBucket> posts_;  ///< by address: a request has no session
};

}  // namespace davenport::node
