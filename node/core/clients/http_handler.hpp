#pragma once

#include "node/base/random.hpp"
#include "node/core/clients/change_handler.hpp"
#include "node/core/clients/greeter.hpp"
#include "node/core/clients/history_reader.hpp"
#include "node/core/clients/http_api.hpp"
#include "node/core/clients/look_alikes.hpp"
#include "node/core/clients/moderation_handler.hpp"
#include "node/core/clients/polls.hpp"
#include "node/core/clients/post_handler.hpp"
#include "node/core/clients/search_handler.hpp"
#include "node/core/clients/sign_in.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace davenport::node {

/// Answers HTTP clients: each request brought to the machine that knows, or made a session of its own.
class HttpHandler {
public:
    HttpHandler(const ChatConfig& config, base::Random& random, CommitQueue& log, const Store& store,
                Resume& resume, Polls& polls, PostHandler& posts, ChangeHandler& changes,
                ModerationHandler& moderation, const Access& access, SearchHandler& search, Members& members,
                SignIn& sign_in, Greeter& greeter, HistoryReader& history, LookAlikes& look_alikes,
                NodeCounts& counts);

    void on(Turn& turn, Requested& request);

private:
    /// One request, while it is dealt with.
    struct Asked {
        Turn& turn;
        Requested& request;
        Members::Pass pass{};  ///< who makes it, where people sign in; null: nobody

        void answer(base::HttpResponse response) {
            turn.emit(Respond{request.exchange, std::move(response)});
        }
        /// Empty: nobody knows.
        [[nodiscard]] std::string_view person() const {
            return pass ? std::string_view{pass->name} : std::string_view{};
        }
        [[nodiscard]] std::string_view cookies() const {
            return base::header(request.request.headers, "Cookie");
        }
    };

    void turn_away(Asked& asked);
    void answer(Asked& asked, http_api::Health& call);
    void answer(Asked& asked, http_api::Ready& call);
    void answer(Asked& asked, http_api::GetMessages& call);
    void answer(Asked& asked, http_api::Poll& call);
    void answer(Asked& asked, http_api::Follow& call);
    void answer(Asked& asked, http_api::GetRooms& call);
    void answer(Asked& asked, http_api::FindMessages& call);
    void answer(Asked& asked, http_api::PostMessage& call);
    void answer(Asked& asked, http_api::ChangeMessage& call);
    void answer(Asked& asked, http_api::ChangeBan& call);
    void answer(Asked& asked, http_api::GetBans& call);
    void answer(Asked& asked, http_api::GetRoom& call);
    void answer(Asked& asked, http_api::GetName& call);
    void answer(Asked& asked, http_api::SetRoom& call);
    void answer(Asked& asked, http_api::BeginSession& call);
    void answer(Asked& asked, http_api::GetSession& call);
    void answer(Asked& asked, http_api::EndSession& call);
    void answer(Asked& asked, http_api::BadRequest& call);
    /// True when who asks may not read there, and has been answered so.
    bool may_not_read(Asked& asked, std::string_view room);
    /// `above`: the key of what it is to take the place of, which may come from a clock that was ahead.
    std::string make_key(const Turn& turn, std::string_view above = {});

    const ChatConfig* config_;
    base::Random* random_;
    CommitQueue* log_;
    const Store* store_;
    Resume* resume_;
    Polls* polls_;
    PostHandler* posts_;
    ChangeHandler* changes_;
    ModerationHandler* moderation_;
    const Access* access_;
    SearchHandler* search_;
    Members* members_;
    SignIn* sign_in_;
    Greeter* greeter_;
    HistoryReader* history_;
    LookAlikes* look_alikes_;
    NodeCounts* counts_;
    std::uint16_t keys_made_ = 0;
};

}  // namespace davenport::node
