#include "node/core/clients/greeter.hpp"

#include <optional>
#include <utility>

namespace davenport::node {

Session& Greeter::open(const Turn& turn, SessionId id, std::string address, Members::Pass pass) {
    auto& session = sessions_->open(id, std::move(address));
    if (pass) session.user = pass->name;
    session.pass = std::move(pass);
    session.told_moderator = members_->is_moderator(session.person());
    sessions_->tell(session,
                    frames::Welcome{.node = config_->name,
                                    .journal = log_->uuid(),
                                    .now = turn.now.wall,
                                    .store_up = store_->up(),
                                    .backlog = store_->backlog(),
                                    .text_bytes_max = config_->message_bytes_max,
                                    .clock_ahead = store_->clock_ahead(),
                                    .signed_in = members_->required() ? &session.user : nullptr,
                                    .moderator = session.told_moderator,
                                    .catching_up = store_->catching_up() ? std::optional{store_->progress()}
                                                                         : std::nullopt});
    if (ending_) sessions_->tell(session, frames::Bye{"this node is about to end"});
    return session;
}

void Greeter::say_goodbye() {
    ending_ = true;
    sessions_->send_to_all(frames::only(frames::Bye{"this node is about to end: go on elsewhere"}));
}

}  // namespace davenport::node
