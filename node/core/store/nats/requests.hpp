#pragma once

#include "node/base/nats.hpp"
#include "node/core/config.hpp"
#include "node/core/turn.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace davenport::node::nats {

/// Between two tries of what the server does not take, at least and at most.
inline constexpr base::Duration pause_least = std::chrono::milliseconds{50};
inline constexpr base::Duration pause_most = std::chrono::seconds{2};

/// How long an answer is waited for. A server gives one within milliseconds, or not at all: the one that was
/// asked may have died, and others elect a new leader. What is asked again is harmless.
inline base::Duration answer_time(const ChatConfig& config) {
    return std::min<base::Duration>(config.request_timeout, std::chrono::seconds{3});
}

/// What comes for a subscription. After on_broken() nothing more does.
class Listener {
public:
    virtual void on_delivered(Turn& turn, std::vector<base::NatsMessage>& messages) = 0;
    virtual void on_broken(Turn& turn) = 0;

protected:
    ~Listener() = default;
};

/// All that is asked of the server and has no answer yet, in groups that end together, and all subscriptions.
///
/// A group ends once: when each of its requests has an answer or has failed, or at its deadline. It is
/// forgotten first, then its handler is called, and then a failure is reported.
class Requests {
public:
    /// In the order of the requests; nothing where no answer came: done or not, nobody knows.
    using Answers = std::vector<std::optional<base::NatsMessage>>;
    /// `reason`: why some answer is missing. False when the answers are not those of a server in good health.
    using OnAnswers = std::function<bool(Turn&, const Answers&, const std::string& reason)>;
    /// `answer`: nullptr when none came.
    using OnAnswer = std::function<bool(Turn&, const base::NatsMessage* answer, const std::string& reason)>;

    struct Options {
        base::Duration timeout;
        bool tells_health = true;  ///< else a failure means nothing
    };

    /// `on_failure`: a request that tells the health has failed.
    explicit Requests(std::function<void(Turn&)> on_failure) : on_failure_{std::move(on_failure)} {}

    FetchId ask(Turn& turn, base::NatsMessage message, Options options, OnAnswer on_answer);
    FetchId ask_all(Turn& turn, std::vector<base::NatsMessage> messages, Options options,
                    OnAnswers on_answers);
    /// What is forgotten is not answered any more; `request` is 0 afterwards.
    void forget(FetchId& request);
    void cancel(Turn& turn, FetchId& request);

    /// The listener outlives the subscription.
    FetchId subscribe(Turn& turn, std::string subject, Listener& listener);
    void unsubscribe(Turn& turn, FetchId& subscription);

    void on(Turn& turn, Answered& e);
    void on(Turn& turn, Delivered& e);
    void on(Turn& turn, const FetchFailed& e);
    void on_timer(Turn& turn, TimerId timer);

private:
    struct Group {
        base::Time deadline;
        bool tells_health;
        OnAnswers on_answers;
        Answers answers;
        std::size_t open;
        std::string reason{};
    };

    void settle(Turn& turn, FetchId id, std::optional<base::NatsMessage> answer, const std::string& reason);
    void end(Turn& turn, std::map<FetchId, Group>::iterator group);
    void wake_at(Turn& turn, base::Time at);

    std::function<void(Turn&)> on_failure_;
    FetchId count_ = 0;
    std::map<FetchId, Group> groups_;  ///< by the number of its first request; the others follow
    std::map<FetchId, Listener*> listeners_;
    std::optional<base::Time> alarm_;
};

}  // namespace davenport::node::nats
