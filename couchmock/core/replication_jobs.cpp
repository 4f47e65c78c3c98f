#include "couchmock/core/replication_jobs.hpp"

#include "couchmock/core/api_replicate.hpp"
#include "couchmock/core/inside_call.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

/// What crashed is tried again after so long, then after twice as long, and so on.
constexpr std::chrono::seconds first_retry{30};
constexpr std::uint64_t doublings_max = 10;
/// A try that lasted longer was sound: what crashes then begins anew with the shortest wait.
constexpr std::chrono::seconds healthy_after{120};
constexpr std::size_t history_max = 20;

std::string quoted(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
}

}  // namespace

std::optional<std::string> ReplicationJobs::start(api::WantedReplication wanted, User user,
                                                  std::string document, base::Now now) {
    if (const auto it = jobs_.find(wanted.id); it != jobs_.end()) return it->second.document;
    Job job;
    job.source = std::move(wanted.source);
    job.target = std::move(wanted.target);
    job.wish = std::move(wanted.wish);
    job.user = std::move(user);
    job.document = std::move(document);
    job.added = now.wall;
    job.deadline = now.time;
    note(job, "added", now);
    jobs_.emplace(std::move(wanted.id), std::move(job));
    return std::nullopt;
}

void ReplicationJobs::wait(std::string_view id, const Call& call) {
    jobs_.find(id)->second.waiting.push_back(
        {call.exchange(), call.request(), call.request_id, call.extra_headers});
}

void ReplicationJobs::cancel(std::string_view id, base::Now now) {
    const auto it = jobs_.find(id);
    if (it == jobs_.end()) return;
    answer_all(it->second, 500, R"({"error":"stopped"})", now);
    drop(it->first);
}

const User* ReplicationJobs::owner(std::string_view id) const {
    const auto it = jobs_.find(id);
    return it == jobs_.end() ? nullptr : &it->second.user;
}

void ReplicationJobs::drop(const std::string& id) {
    const auto it = jobs_.find(id);
    if (it->second.fetch != 0) server_.effects.emplace_back(CancelFetch{it->second.fetch});
    jobs_.erase(it);
}

ReplicationJobs::Jobs::iterator ReplicationJobs::find(FetchId fetch) {
    return std::ranges::find_if(jobs_, [&](const auto& one) { return one.second.fetch == fetch; });
}

// ---------------------------------------------------------------- what happens to them

void ReplicationJobs::on_fetched(FetchId fetch, const base::HttpResponse& response, base::Now now) {
    const auto it = find(fetch);
    if (fetch == 0 || it == jobs_.end()) return;
    it->second.fetch = 0;
    perform(it->first, it->second.flow->on_answer(response, now), now);
}

void ReplicationJobs::on_failed(FetchId fetch, FetchFailure why, base::Now now) {
    const auto it = find(fetch);
    if (fetch == 0 || it == jobs_.end()) return;
    it->second.fetch = 0;
    perform(it->first, it->second.flow->on_lost(why, now), now);
}

void ReplicationJobs::on_abandoned(ExchangeId exchange) {
    for (auto& [id, job] : jobs_)
        std::erase_if(job.waiting, [&](const Waiting& one) { return one.exchange == exchange; });
}

void ReplicationJobs::run(base::Now now) {
    if (jobs_.empty()) return;
    const auto changed = [&](const Job& job) {
        return job.due == Due::change && std::ranges::any_of(server_.changed, [&](const Database* database) {
                   return database->settings().name == job.source.name;
               });
    };
    std::vector<std::string> due;  // ids, since a job may end, or be begun, meanwhile
    for (const auto& [id, job] : jobs_)
        if (job.deadline <= now.time || changed(job)) due.push_back(id);
    for (const auto& id : due) {
        const auto it = jobs_.find(id);
        if (it == jobs_.end()) continue;
        auto& job = it->second;
        if (job.due == Due::start) {
            begin(id, job, now);
        } else if (job.due == Due::answer) {
            if (job.fetch != 0) server_.effects.emplace_back(CancelFetch{std::exchange(job.fetch, 0)});
            perform(id, job.flow->on_lost(FetchFailure::timed_out, now), now);
        } else {
            perform(id, job.flow->on_timer(now), now);
        }
    }
}

std::optional<base::Time> ReplicationJobs::deadline() const {
    std::optional<base::Time> out;
    for (const auto& [id, job] : jobs_)
        if (!out || job.deadline < *out) out = job.deadline;
    return out;
}

void ReplicationJobs::begin(const std::string& id, Job& job, base::Now now) {
    note(job, "started", now);
    job.began = now.time;
    job.flow = std::make_unique<ReplicationFlow>(job.source, job.target, job.wish, server_.new_uuid(), now);
    perform(id, job.flow->start(), now);
}

/// Until something has to be waited for: this server answers at once.
void ReplicationJobs::perform(std::string id, ReplicationFlow::Step step, base::Now now) {
    for (;;) {
        auto& job = jobs_.find(id)->second;
        if (const auto* finished = std::get_if<ReplicationFlow::Finished>(&step))
            return finish(id, finished->answer, now);
        if (const auto* crashed = std::get_if<ReplicationFlow::Crashed>(&step))
            return crash(id, *crashed, now);
        if (const auto* sleep = std::get_if<ReplicationFlow::Sleep>(&step)) {
            job.due = Due::pause;
            job.deadline = now.time + sleep->delay;
            return;
        }
        if (const auto* wait = std::get_if<ReplicationFlow::AwaitChange>(&step)) {
            job.due = Due::change;
            job.deadline = now.time + wait->at_most;
            return;
        }
        auto& ask = std::get<ReplicationFlow::Ask>(step);
        const auto& end = job.flow->end(ask.side);
        if (end.ours) {
            const auto response = serve_inside(server_, ask.request, job.user, now);
            const auto it = jobs_.find(id);
            if (it == jobs_.end()) return;
            step = it->second.flow->on_answer(response, now);
            continue;
        }
        job.fetch = ++last_fetch_;
        job.due = Due::answer;
        job.deadline = now.time + ask.timeout;
        server_.effects.emplace_back(Fetch{job.fetch, end.tls, end.host, end.port, std::move(ask.request)});
        return;
    }
}

void ReplicationJobs::finish(const std::string& id, const std::string& answer, base::Now now) {
    auto& job = jobs_.find(id)->second;
    answer_all(job, 200, '{' + answer + '}', now);
    const auto document = job.document;
    const auto counts = job.flow->counts();
    const auto committed = base::write_json(job.flow->committed());
    drop(id);
    if (!document.empty()) api::note_replication_end(server_, document, counts, committed, now);
}

void ReplicationJobs::crash(const std::string& id, const ReplicationFlow::Crashed& why, base::Now now) {
    auto& job = jobs_.find(id)->second;
    answer_all(job, 500,
               "{\"error\":" + quoted(why.error) +
                   (why.reason.empty() ? std::string{} : ",\"reason\":" + quoted(why.reason)) + '}',
               now);
    const auto error = why.reason.empty()     ? why.error
                       : why.error == "error" ? why.reason
                                              : why.error + ": " + why.reason;
    if (job.document.empty()) {
        server_.effects.emplace_back(
            Log{fmt::format("replication {} -> {}: {}", job.source.url, job.target.url, error)});
        return drop(id);
    }
    if (now.time - job.began >= healthy_after) job.crashes = 0;
    note(job, "crashed", now, error);
    job.counts = job.flow->counts();
    job.flow.reset();
    job.due = Due::start;
    job.deadline =
        now.time + first_retry * (std::int64_t{1} << std::min<std::uint64_t>(job.crashes++, doublings_max));
    api::note_replication_crash(server_, job.document, error, job.crashes, now);
}

void ReplicationJobs::answer_all(Job& job, int status, const std::string& json, base::Now now) {
    for (const auto& one : std::exchange(job.waiting, {})) {
        Call call{one.exchange, one.request, now, server_.effects};
        call.request_id = one.request_id;
        call.extra_headers = one.headers;
        call.respond_json(status, json);
    }
}

void ReplicationJobs::note(Job& job, std::string_view type, base::Now now, std::string reason) {
    job.history.push_front({now.wall, type, std::move(reason)});
    if (job.history.size() > history_max) job.history.pop_back();
}

void ReplicationJobs::view(std::vector<api::ReplicationView>& out) const {
    for (const auto& [id, job] : jobs_) {
        api::ReplicationView one;
        one.id = id;
        one.document = job.document;
        one.user = job.user.name;
        one.source_url = job.source.url;
        one.target_url = job.target.url;
        one.continuous = job.wish.continuous;
        one.running = job.flow != nullptr;
        one.started = job.added;
        one.counts = job.flow ? job.flow->counts() : job.counts;
        if (job.flow) {
            one.committed = base::write_json(job.flow->committed());
            one.through = base::write_json(job.flow->through());
            one.pending = base::write_json(job.flow->pending());
        }
        for (const auto& past : job.history) {
            if (!one.history.empty()) one.history += ',';
            one.history +=
                fmt::format(R"({{"timestamp":"{}","type":"{}")", api::to_the_second(past.time), past.type);
            if (!past.reason.empty()) one.history += ",\"reason\":" + quoted(past.reason);
            one.history += '}';
        }
        out.push_back(std::move(one));
    }
}

}  // namespace davenport::couchmock
