#include "node/core/store/couchdb/purge_watch.hpp"

#include "node/base/json_view.hpp"

namespace davenport::node {
namespace {

constexpr base::Duration purges_every = std::chrono::seconds{10};

/// "0-..." is the seq of a database of which nothing was ever purged.
bool is_first_seq(const std::string& seq) { return seq.empty() || seq == "0" || seq.starts_with("0-"); }

}  // namespace

void PurgeWatch::store_changed() {
    request_.forget();
    seq_.clear();
    due_.reset();
    looked_ = false;
}

void PurgeWatch::pump(Turn& turn) {
    if (request_.open() || !health_->usable()) return;
    if (!due_ && std::exchange(looked_, true)) {
        due_ = turn.now.time + purges_every;
        turn.emit(SetTimer{timers::purges, *due_});
    }
    if (due_ && turn.now.time < *due_) return;
    due_.reset();
    look(turn);
}

void PurgeWatch::look(Turn& turn) {
    requests_->send(turn, RequestOwner::purges, request_, api_->get_database(),
                    {.timeout = request_timeout_, .tells_health = false},
                    [this](Turn& t, const Reply& reply) {
                        base::JsonReader reader;
                        const auto body = reply.response && reply.response->status == 200
                                              ? reader.read(reply.response->body)
                                              : std::nullopt;
                        const auto its = body ? body->member("purge_seq") : std::nullopt;
                        if (!its) return true;
                        std::string seq{its->string().value_or(its->text())};
                        if (seq == seq_ || (seq_.empty() && is_first_seq(seq))) return true;
                        read(t, std::move(seq));
                        return true;
                    });
}

void PurgeWatch::read(Turn& turn, std::string seq) {
    requests_->send(turn, RequestOwner::purges, request_, api_->purged(),
                    {.timeout = request_timeout_, .tells_health = false},
                    [this, seq = std::move(seq)](Turn&, const Reply& reply) {
                        auto purged = reply.response ? read_purged(*reply.response) : std::nullopt;
                        if (!purged) return true;  // once more at the next look
                        purged_.merge(*purged);
                        seq_ = seq;
                        return true;
                    });
}

}  // namespace davenport::node
