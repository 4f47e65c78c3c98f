#pragma once

#include "node/base/random.hpp"
#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/turn.hpp"

#include <functional>
#include <string>
#include <vector>

namespace davenport::node::nats {

/// Reads one page of the stream after a place, by a consumer that is asked for so many messages. As with a
/// feed, a place that is not there any more is looked for by its time: then the page begins before it.
class StreamPage final : public Listener {
public:
    struct Page {
        std::vector<StreamRow> rows;
        StreamPlace next;
        bool more = false;
    };
    /// `page`: nullptr when it could not be read. The page is destroyed after that.
    using OnPage = std::function<void(Turn&, Page* page)>;

    StreamPage(const StreamApi& api, Requests& requests, base::Random& random, base::Duration timeout,
               std::size_t rows, StreamPlace after, OnPage on_page);

    void start(Turn& turn);
    void stop(Turn& turn);
    /// Ends when its time is over.
    void on_timer(Turn& turn, TimerId timer);

    void on_delivered(Turn& turn, std::vector<base::NatsMessage>& messages) override;
    void on_broken(Turn& turn) override;

private:
    void make(Turn& turn, StreamApi::Start start);
    void end(Turn& turn, bool good);

    const StreamApi* api_;
    Requests* requests_;
    base::Random* random_;
    base::Duration timeout_;
    std::size_t limit_;
    StreamPlace after_;
    OnPage on_page_;
    Page page_;
    bool expects_place_ = false;
    bool ended_ = false;
    std::uint64_t asked_for_ = 0, came_ = 0;
    FetchId subscription_ = 0, request_ = 0;
    base::Time deadline_{};
};

}  // namespace davenport::node::nats
