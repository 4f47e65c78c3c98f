#include "sim/virtual/model_cluster.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace davenport::sim::virtual_world {
namespace {

using namespace std::chrono_literals;

// Until a majority has a message.
constexpr base::Duration agreement_least = 300us, agreement_most = 3ms;
// Until the others find that a leader is gone and have elected another. A real cluster takes up to 9 s.
constexpr base::Duration election_least = 300ms, election_most = 4s;

// Of what is stored after a server is back, its copy may lack so many.
constexpr std::uint64_t misses_most = 2;

constexpr std::string_view api_subjects = "$JS.API.";
constexpr std::string_view flow_subjects = "$JS.FC.";
constexpr std::string_view unavailable =
    R"({"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}})";

void move_to(ModelJetStream::Deliveries& out, ModelJetStream::Deliveries&& more) {
    std::ranges::move(more, std::back_inserter(out));
}

base::Duration draw(base::Random& random, base::Duration least, base::Duration most) {
    return base::Duration{random.between(least.count(), most.count())};
}

}  // namespace

std::vector<ModelCluster::Server> ModelCluster::there() const {
    std::vector<Server> out;
    for (Server i = 0; i < states_.size(); ++i)
        if (states_[i].is_there()) out.push_back(i);
    return out;
}

std::optional<ModelCluster::Server> ModelCluster::place() {
    const auto servers = there();
    return servers.empty() ? std::nullopt : std::optional{servers[placed_++ % servers.size()]};
}

// ---- what nodes ask

ModelCluster::Deliveries ModelCluster::publish(ConnectionId from, const base::NatsMessage& message,
                                               base::Now now) {
    if (states_.size() == 1 || message.subject.starts_with(flow_subjects))
        return stream_.publish(from, message, now);
    return message.subject.starts_with(api_subjects) ? ask_api(from, message, now)
                                                     : propose(from, message, now);
}

ModelCluster::Deliveries ModelCluster::ask_api(ConnectionId from, const base::NatsMessage& message,
                                               base::Now now) {
    // By the server that the consumer lives at; by any one.
    constexpr std::string_view of_consumers = "CONSUMER.MSG.", of_copies = "DIRECT.GET.";
    const auto what = std::string_view{message.subject}.substr(api_subjects.size());
    if (!what.starts_with(of_consumers) && !what.starts_with(of_copies) && (!leader_ || !has_majority())) {
        if (random_.below(2) == 0) return {};
        return {{from, message.reply, {.subject = message.reply, .payload = std::string{unavailable}}}};
    }
    stream_.set_unavailable(now.time < api_back_at_);
    if (const auto servers = there(); !servers.empty())
        stream_.set_home(servers[random_.below(servers.size())]);
    return stream_.publish(from, message, now);
}

ModelCluster::Deliveries ModelCluster::propose(ConnectionId from, const base::NatsMessage& message,
                                               base::Now now) {
    if (!leader_) {
        // For a moment the others still believe that it is there.
        if (message.reply.empty() || random_.below(4) == 0) return {};
        return {{from, message.reply, {.subject = message.reply, .status = 503}}};
    }
    if (!stream_.would_take(message)) return stream_.publish(from, message, now);
    auto agreed_at = now.time + draw(random_, agreement_least, agreement_most);
    if (!proposals_.empty()) agreed_at = std::max(agreed_at, proposals_.back().agreed_at);
    proposals_.push_back({from, message, agreed_at});
    return {};
}

// ---- time

std::optional<base::Time> ModelCluster::next_time() const {
    auto next = stream_.next_time();
    const auto consider = [&](base::Time time) { next = std::min(next.value_or(time), time); };
    if (election_at_) consider(*election_at_);
    if (leader_ && !proposals_.empty() && has_majority()) consider(proposals_.front().agreed_at);
    return next;
}

ModelCluster::Deliveries ModelCluster::on_time(base::Now now) {
    Deliveries out;
    if (election_at_ && now.time >= *election_at_) elect(now, out);
    while (leader_ && has_majority() && !proposals_.empty() && now.time >= proposals_.front().agreed_at) {
        const auto proposal = std::move(proposals_.front());
        proposals_.pop_front();
        move_to(out, store(proposal, now));
    }
    move_to(out, stream_.on_time(now.time));
    return out;
}

// ---- leaders

void ModelCluster::lose_leader(base::Now now) {
    leader_.reset();
    election_at_.reset();
    call_election(now);
}

void ModelCluster::call_election(base::Now now) {
    if (!leader_ && !election_at_ && has_majority())
        election_at_ = now.time + draw(random_, election_least, election_most);
}

void ModelCluster::come_back(Server server, base::Now now) {
    states_[server].misses = random_.below(misses_most + 1);
    call_election(now);
}

ModelCluster::Deliveries ModelCluster::store(const Proposal& proposal, base::Now now) {
    for (Server server = 0; server < states_.size(); ++server)
        if (server != leader_ && states_[server].misses > 0) {
            --states_[server].misses;
            stream_.lose_in_copy(server, stream_.last_sequence() + 1);
        }
    return stream_.store(proposal.from, proposal.message, now);
}

/// It may have been the one that leads the servers, whether or not it led the stream.
void ModelCluster::lose_chief(base::Now now) {
    if (random_.below(states_.size()) == 0)
        api_back_at_ = now.time + draw(random_, election_least, election_most);
}

/// The next leader has what was agreed on, and perhaps more of what was proposed.
void ModelCluster::elect(base::Now now, Deliveries& out) {
    election_at_.reset();
    const auto servers = there();
    if (!has_majority()) return;  // called again when somebody is back
    leader_ = servers[random_.below(servers.size())];
    auto left = random_.below(proposals_.size() + 1);
    for (auto& proposal : std::exchange(proposals_, {})) {
        if (left-- == 0) break;
        proposal.message.reply.clear();  // who would have answered is not there
        move_to(out, store(proposal, now));
    }
}

// ---- what may happen

void ModelCluster::restart(base::Now now) {
    stream_.restart();
    if (states_.size() > 1) lose_leader(now);
}

std::size_t ModelCluster::lose_unsynced(base::Now now) {
    const auto lost = stream_.lose_unsynced();
    if (states_.size() > 1) lose_leader(now);
    return lost;
}

bool ModelCluster::delete_stream() {
    proposals_.clear();
    return stream_.delete_stream();
}

std::optional<ModelCluster::Server> ModelCluster::find(std::string_view which) const {
    const bool leads = which == "leader";
    if (!leads && which != "follower") {
        Server number = 0;
        std::from_chars(which.data(), which.data() + which.size(), number);
        return number >= 1 && number <= states_.size() ? std::optional{number - 1} : std::nullopt;
    }
    std::optional<Server> other;
    for (const auto server : there()) {
        if ((leader_ == server) == leads) return server;
        other = server;
    }
    return other;
}

void ModelCluster::kill(Server server, base::Now now) {
    if (states_[server].downs++ > 0) return;
    stream_.lose_home(server);
    lose_chief(now);
    if (leader_ == server) lose_leader(now);
}

void ModelCluster::start(Server server, base::Now now) {
    if (--states_[server].downs == 0) come_back(server, now);
}

void ModelCluster::hang(Server server, base::Now now) {
    if (states_[server].hangs++ > 0) return;
    stream_.set_silent(server, true);
    lose_chief(now);
    if (leader_ == server) lose_leader(now);
}

ModelCluster::Deliveries ModelCluster::resume(Server server, base::Now now) {
    if (--states_[server].hangs > 0) return {};
    stream_.set_silent(server, false);
    come_back(server, now);
    return stream_.push_all(now.time);
}

}  // namespace davenport::sim::virtual_world
