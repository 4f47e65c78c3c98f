#include "node/net/metrics.hpp"

#include "node/net/process_figures.hpp"
#include "node/net/wire/http_connection.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace davenport::node {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

double seconds(base::Duration d) { return static_cast<double>(d.count()) / 1e6; }

const Histogram::BucketBoundaries buckets{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                          0.1,    0.25,  0.5,   1,     2.5,  5,    10};
// Across nodes: from a LAN's milliseconds to a feed that somebody keeps back.
const Histogram::BucketBoundaries lag_buckets{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,
                                              2,     5,    10,   30,   60,  300, 900};
constexpr auto lag_max = std::chrono::hours{1};

/// The core counts; the library's counters are brought up to what it counted.
void raise_to(Counter& counter, double count) {
    if (const auto more = count - counter.Value(); more > 0) counter.Increment(more);
}
void raise(Counter& counter, std::uint64_t count) { raise_to(counter, static_cast<double>(count)); }

}  // namespace

struct Metrics::Impl {
    Impl(const std::string& version, std::string file) : journal{std::move(file)} {
        prometheus::BuildGauge()
            .Name("davenport_build_info")
            .Help("1, with the version and the commit of this build.")
            .Register(registry)
            .Add({{"version", version}})
            .Set(1);
    }

    std::string journal;
    prometheus::Registry registry;

    Counter& counter(const char* name, const char* help) {
        return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
    }
    Gauge& gauge(const char* name, const char* help) {
        return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
    }
    Histogram& histogram(const char* name, const char* help) {
        return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
    }

    Counter& taken = counter("davenport_posts_taken_total", "New messages by clients of this node.");
    Counter& refused = counter("davenport_posts_refused_total", "Posts that were not taken, for any reason.");
    Counter& stored =
        counter("davenport_posts_stored_total", "Messages of this node's clients that reached the store.");
    Counter& failed =
        counter("davenport_posts_failed_total", "Accepted messages that the store refused for good.");
    Counter& rows_new = counter("davenport_feed_messages_total", "Others' messages, learnt from the store.");
    Counter& rows_known =
        counter("davenport_feed_known_total", "Rows of the store's feed that were known already.");
    Counter& deaf = counter("davenport_feed_deaf_total",
                            "Feeds of the store that were open and brought nothing, though it had more.");
    Counter& rows_skipped = counter("davenport_feed_skipped_total",
                                    "Rows of the store's feed that could not be read and were skipped.");
    Counter& rows_contradicting =
        counter("davenport_feed_contradictions_total",
                "Rows of the store's feed that said something else than the message known by their id.");
    Counter& frames_refused =
        counter("davenport_frames_refused_total", "Frames of clients that sent more often than they may.");
    Counter& reads_refused =
        counter("davenport_reads_refused_total", "Joins and other reads by who may not read in the room.");
    Counter& sign_ins_held_back = counter("davenport_sign_ins_held_back_total",
                                          "Sign-ins that were not tried, because there were too many.");
    Counter& cut_off = counter("davenport_clients_cut_off_total", "Clients cut off for being too slow.");
    Gauge& clients = gauge("davenport_clients", "Clients that are connected or follow a room.");
    Gauge& send_queue_bytes =
        gauge("davenport_send_queue_bytes", "Bytes that wait for clients to take them, all together.");
    Gauge& send_queue_bytes_most =
        gauge("davenport_send_queue_bytes_most",
              "The most bytes that have waited for one client at once, since the start.");
    Gauge& backlog = gauge("davenport_backlog_messages", "Messages that wait for the store.");
    Gauge& bans = gauge("davenport_bans", "Bans that are in force.");
    Gauge& rooms_with_settings = gauge("davenport_rooms_with_settings", "Rooms that have settings.");
    Gauge& store_up = gauge("davenport_store_up", "1 while the store answers.");
    Gauge& catching_up =
        gauge("davenport_catching_up", "1 while a new node reads what the store had before it.");
    Gauge& catch_up_read = gauge("davenport_catch_up_documents", "Documents that it has read of those.");
    Gauge& catch_up_total =
        gauge("davenport_catch_up_documents_total", "Documents that the store had when it began.");
    Gauge& journal_writable =
        gauge("davenport_journal_writable", "1 while the journal takes what it is given.");
    Gauge& journal_bytes =
        gauge("davenport_journal_bytes", "The journal's size on the disk, with its write-ahead log.");
    Gauge& clock_ahead =
        gauge("davenport_clock_ahead_seconds", "How far the clock is ahead of the store's; 0 up to 30 s.");
    Gauge& draining = gauge("davenport_draining", "1 while the node is about to end.");
    // As Prometheus' own libraries name them.
    Counter& cpu = counter("process_cpu_seconds_total", "Processor time, the user's and the system's.");
    Gauge& resident = gauge("process_resident_memory_bytes", "Memory that is in use, in bytes.");
    Gauge& descriptors = gauge("process_open_fds", "File descriptors that are open.");
    Gauge& descriptors_max = gauge("process_max_fds", "File descriptors that may be open; 0: no limit.");
    Gauge& started = gauge("process_start_time_seconds", "When the process began, since 1970, in seconds.");
    Histogram& commits =
        histogram("davenport_commit_seconds", "From a commit's begin until it is on the disk.");
    Histogram& feed_lag =
        prometheus::BuildHistogram()
            .Name("davenport_feed_lag_seconds")
            .Help(
                "From when another node took a message until this one learnt it from the store, by the two "
                "nodes' clocks.")
            .Register(registry)
            .Add({}, lag_buckets);
    prometheus::Family<Histogram>& answers =
        prometheus::BuildHistogram()
            .Name("davenport_store_request_seconds")
            .Help("The store's answers, by the first digit of their status; none for no answer.")
            .Register(registry);

    void tell(const ProcessFigures& figures) const {
        raise_to(cpu, figures.cpu_seconds.value_or(0));
        resident.Set(static_cast<double>(figures.resident_bytes.value_or(0)));
        descriptors.Set(static_cast<double>(figures.descriptors.value_or(0)));
        descriptors_max.Set(static_cast<double>(figures.descriptors_max.value_or(0)));
        started.Set(figures.started_seconds);
    }
};

Metrics::Metrics(const std::string& version, std::string journal)
    : impl_(std::make_unique<Impl>(version, std::move(journal))) {}
Metrics::~Metrics() = default;

void Metrics::committed(base::Duration took) { impl_->commits.Observe(seconds(took)); }

void Metrics::learnt(const base::JournalBatch& batch, base::WallTime now) {
    for (const auto& entry : batch.entries) {
        if (entry.accepted_here || entry.is_change()) continue;
        const auto said = base::parse_datetime(entry.message.datetime());
        if (!said || now - *said > lag_max) continue;
        impl_->feed_lag.Observe(std::max(0.0, seconds(now - *said)));
    }
}

void Metrics::store_answered(int status, base::Duration took) {
    const auto kind = status == 0 ? std::string{"none"} : std::to_string(status / 100) + "xx";
    impl_->answers.Add({{"status", kind}}, buckets).Observe(seconds(took));
}

std::string Metrics::text(const NodeCounts& counts) {
    raise(impl_->taken, counts.posts_taken);
    raise(impl_->refused, counts.posts_refused);
    raise(impl_->stored, counts.posts_stored);
    raise(impl_->failed, counts.posts_failed);
    raise(impl_->rows_new, counts.rows_new);
    raise(impl_->rows_known, counts.rows_known);
    raise(impl_->deaf, counts.feeds_deaf);
    raise(impl_->rows_skipped, counts.rows_skipped);
    raise(impl_->rows_contradicting, counts.rows_contradicting);
    raise(impl_->frames_refused, counts.frames_refused);
    raise(impl_->reads_refused, counts.reads_refused);
    raise(impl_->sign_ins_held_back, counts.sign_ins_held_back);
    raise(impl_->cut_off, counts.clients_cut_off);
    impl_->clients.Set(static_cast<double>(counts.clients));
    impl_->send_queue_bytes.Set(static_cast<double>(counts.send_queue_bytes));
    impl_->send_queue_bytes_most.Set(static_cast<double>(counts.send_queue_bytes_most));
    impl_->journal_bytes.Set(static_cast<double>(database_bytes(impl_->journal)));
    impl_->tell(read_process_figures());
    impl_->backlog.Set(static_cast<double>(counts.backlog));
    impl_->bans.Set(static_cast<double>(counts.bans));
    impl_->rooms_with_settings.Set(static_cast<double>(counts.rooms_with_settings));
    impl_->store_up.Set(counts.store_up ? 1 : 0);
    impl_->catching_up.Set(counts.catching_up ? 1 : 0);
    impl_->catch_up_read.Set(static_cast<double>(counts.catch_up_read));
    impl_->catch_up_total.Set(static_cast<double>(counts.catch_up_total));
    impl_->journal_writable.Set(counts.journal_writable ? 1 : 0);
    impl_->clock_ahead.Set(static_cast<double>(counts.clock_ahead_ms) / 1000);
    impl_->draining.Set(counts.draining ? 1 : 0);
    return prometheus::TextSerializer{}.Serialize(impl_->registry.Collect());
}

namespace {

using Text = std::shared_ptr<std::function<std::string()>>;
const wire::HttpLimits limits{.body_bytes = 1024};

class MetricsConnection final : public wire::HttpConnection {
public:
    MetricsConnection(wire::Loop& loop, wire::asio::ip::tcp::socket socket, Text text)
        : HttpConnection(loop, std::move(socket), limits), text_(std::move(text)) {}

private:
    void on_request(base::HttpRequest request) override {
        const bool get = request.method == "GET" || request.method == "HEAD";
        if (request.target != "/metrics" || !get)
            return respond(plain(404, "there is /metrics here, and nothing else\n"));
        auto answer = plain(200, (*text_)());
        answer.headers.front().second = "text/plain; version=0.0.4; charset=utf-8";
        respond(std::move(answer));
    }
    base::HttpResponse refusal(wire::HttpError) override { return plain(400, "this is no HTTP request\n"); }
    void on_gone() override {}

    static base::HttpResponse plain(int status, std::string text) {
        return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)};
    }

    Text text_;
};

}  // namespace

MetricsServer::MetricsServer(wire::Loop& loop, const wire::asio::ip::tcp::endpoint& listen,
                             std::function<std::string()> text)
    : text_(std::make_shared<std::function<std::string()>>(std::move(text))),
      acceptor_(loop, listen, [&loop, text_of = text_](wire::asio::ip::tcp::socket socket) {
          std::make_shared<MetricsConnection>(loop, std::move(socket), text_of)->start();
      }) {}
MetricsServer::~MetricsServer() {
    *text_ = [] { return std::string{}; };  // connections may outlive whom they ask
}

}  // namespace davenport::node
