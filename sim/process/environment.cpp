#include "node/base/json.hpp"
#include "sim/orchestrator/store_rule.hpp"
#include "sim/process/descriptors.hpp"
#include "sim/process/files.hpp"
#include "sim/process/world.hpp"

#include <random>
#include <stdexcept>
#include <variant>

#include <fmt/format.h>

/// Set-up and teardown: processes, files, and the store's database.
namespace davenport::sim::process {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration poll_interval = 2ms;
constexpr base::Duration fetch_timeout = 10s;

std::string seconds(base::Duration time) {
    return fmt::format("{}", static_cast<double>(time.count()) / 1e6);
}

std::uint64_t true_random() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) ^ device();
}

}  // namespace

World::World(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options)
    : scenario_{scenario},
      plan_{plan},
      sink_{sink},
      options_{options},
      random_{true_random()},
      folder_{options.out / "processes"},
      database_{fmt::format("run-{:012x}", random_.next() >> 16)},
      links_{scenario, plan, transport_},
      wrong_clocks_{plan, folder_ / "clocks"},
      store_restart_{options.store_kill, options.store_start, folder_ / "logs" / "store-commands.log"} {}

World::~World() {
    try {
        teardown();
    } catch (const std::exception&) {
        // In bad order then; each Child ends its process whatever happens.
    }
}

void World::throw_if_interrupted() const {
    if (options_.interrupted && *options_.interrupted) throw std::runtime_error{"interrupted"};
}

void World::set_up() {
    std::uint64_t clients = static_cast<std::uint64_t>(scenario_.topology.clients);
    for (const auto& fault : plan_.faults)
        if (const auto joins = fault.parameters.find("clients");
            fault.kind == "node.join" && joins != fault.parameters.end())
            clients += static_cast<std::uint64_t>(std::get<std::int64_t>(joins->second));
    const auto nodes = orchestrator::nodes_of(scenario_).size();
    if (const auto few =
            provide_descriptors(descriptors_for(clients, nodes, links_.needs_relay("client-node")));
        !few.empty())
        throw std::runtime_error{few};
    std::filesystem::remove_all(folder_);
    for (const char* part : {"logs", "journals", "ports", "clocks"})
        std::filesystem::create_directories(folder_ / part);
    if (options_.store == nats_store || scenario_.topology.store == nats_store)
        start_stream();
    else
        options_.attached.empty() ? start_stores() : find_store();
    for (const auto& name : orchestrator::nodes_of(scenario_)) {
        if (const auto elsewhere = options_.attached.find(name); elsewhere != options_.attached.end()) {
            attach_node(name, elsewhere->second);
            continue;
        }
        add_node(name);
        nodes_.at(name).start(steady_now());
    }
    for (auto& [name, node] : nodes_) await(node);
}

void World::start_stores() {
    const auto count = static_cast<std::size_t>(scenario_.topology.stores);
    for (std::size_t i = 0; i < count; ++i) start_mock(i);
    database_made_ = true;
    // The first one's is made by the nodes; the others may never see one.
    for (std::size_t i = 0; i < count; ++i)
        if (i > 0 || scenario_.topology.shards > 1) make_database(i);
}

void World::make_database(std::size_t index) {
    const auto& store = stores_[index].store;
    const auto shards = scenario_.topology.shards;
    const auto made = ask_and_wait(store, {"PUT", fmt::format("/{}?q={}", database_, shards), {}, {}});
    if (made.status / 100 != 2)
        throw std::runtime_error{
            fmt::format("cannot make the database {}: {} {}", database_, made.status, made.body)};
}

void World::start_mock(std::size_t index) {
    auto& [real, store, control, mock] = stores_.emplace_back();
    const auto port = pick_port(random_);
    const auto name = index == 0 ? std::string{"couchmock"} : fmt::format("couchmock-{}", index + 1);
    const auto control_name = index == 0 ? std::string{"control"} : fmt::format("control-{}", index + 1);
    std::vector<std::string> command{(options_.binaries / "couchmock").string(),
                                     "--listen",
                                     fmt::format("127.0.0.1:{}", port),
                                     "--control",
                                     "127.0.0.1:0",
                                     "--port-file",
                                     (folder_ / "ports" / name).string(),
                                     "--control-port-file",
                                     (folder_ / "ports" / control_name).string(),
                                     "--seed",
                                     fmt::format("{}", plan_.seed + index)};
    if (options_.store == "couchmock") {
        real = {.host = "127.0.0.1", .port = port, .user = "admin", .password = "secret"};
        command.insert(command.end(), {"--admin", "admin:secret"});
        if (scenario_.topology.members > 1)
            command.insert(command.end(), {"--members", std::to_string(scenario_.topology.members)});
    } else {
        real = parse_store_address(options_.store);
        command.insert(command.end(), {"--upstream", real.url()});
    }
    store = {.host = "127.0.0.1", .port = port, .user = real.user, .password = real.password};
    mock.emplace(Program::Setup{.name = name,
                                .command = std::move(command),
                                .port_files = {folder_ / "ports" / name, folder_ / "ports" / control_name},
                                .log = folder_ / "logs" / (name + ".log")});
    mock->start(steady_now());
    await(*mock);
    control = {.host = "127.0.0.1",
               .port = read_port_file(folder_ / "ports" / control_name).value_or(0),
               .user = options_.store == "couchmock" ? real.user : std::string{},
               .password = options_.store == "couchmock" ? real.password : std::string{}};

    const auto answer = ask_and_wait(real, {"GET", "/_all_dbs?limit=1", {}, {}});
    if (answer.status == 401 || answer.status == 403)
        throw std::runtime_error{
            fmt::format("the store at {} refuses user '{}': give --store http://user:password@host:port",
                        real.url(), real.user)};
    if (answer.status != 200)
        throw std::runtime_error{
            fmt::format("the server at {} is not a CouchDB: {} {}", real.url(), answer.status, answer.body)};
}

void World::start_stream() {
    stream_ports_.resize(static_cast<std::size_t>(scenario_.topology.servers));
    for (auto& ports : stream_ports_) ports = {.clients = pick_port(random_), .routes = pick_port(random_)};
    std::vector<std::uint16_t> routes;
    for (const auto& ports : stream_ports_) routes.push_back(ports.routes);
    if (std::ranges::any_of(plan_.faults, [](const auto& fault) { return fault.kind == "server.partition"; }))
        route_relays_.emplace(transport_, routes);
    stream_.emplace(
        StreamServers::Surroundings{
            .folder = folder_,
            .relays = route_relays_ ? &*route_relays_ : nullptr,
            .let_go_on = [this](base::Duration time) { transport_.run_until(steady_now() + time); }},
        stream_ports_);
}

/// Where a node finds the store.
std::string World::lay_stream(const std::string& node) {
    std::vector<std::uint16_t> ports;
    for (int i = 0; const auto& server : stream_ports_)
        ports.push_back(links_.add("node-store", node, "127.0.0.1", server.clients, i++));
    return StreamServers::url(ports);
}

std::vector<std::string> World::lay_stores(const std::string& node) {
    std::vector<std::string> urls;
    for (int i = 0; const auto& site : stores_) {
        auto at = site.store;
        at.port = links_.add("node-store", node, at.host, at.port, i++);
        if (links_.needs_relay("node-store")) at.host = "127.0.0.1";
        urls.push_back(at.url_without_password() + '/' + database_);
    }
    return urls;
}

/// The store of nodes that are there already, and whatever stands in front of it.
void World::find_store() {
    auto& [real, store, control, mock] = stores_.emplace_back();
    real = store = parse_store_address(options_.store, Database::named);
    database_ = real.database;
    if (!options_.control.empty()) {
        control = parse_store_address(options_.control);
        const auto faults = ask_and_wait(control, {"GET", "/_mock/faults", {}, {}});
        if (faults.status != 200)
            throw std::runtime_error{fmt::format("{} is no control port of couchmock: {} {}",
                                                 options_.control, faults.status,
                                                 faults.body.substr(0, 200))};
    }
    const auto answer = ask_and_wait(real, {"GET", '/' + base::percent_encode(database_), {}, {}});
    if (answer.status != 200)
        throw std::runtime_error{fmt::format("the database {} at {} can't be read as user '{}': {} {}",
                                             database_, real.url(), real.user, answer.status,
                                             answer.body.substr(0, 200))};
}

void World::attach_node(const std::string& name, const std::string& url) {
    const auto node = parse_attached_node(url);
    // Clients find a node that runs elsewhere at a port of ours, whatever the conditions.
    ports_[name] = client_ports_[name] = links_.add_relay("client-node", name, node.host, node.port);
    std::optional<Transport::Answer> answer;
    transport_.fetch(node.host, node.port, {"GET", "/readyz", {}, {}}, fetch_timeout,
                     [&](Transport::Answer got) { answer = std::move(got); });
    while (!answer) transport_.run_until(steady_now() + poll_interval);
    const auto body = base::parse_json(answer->response.body);
    if (!answer->error.empty() || !body || !base::member(*body, "backlog"))
        throw std::runtime_error{fmt::format("{} at {} does not answer as a chat node: {}", name, node.url(),
                                             answer->error.empty()
                                                 ? fmt::format("/readyz says {} {}", answer->response.status,
                                                               answer->response.body.substr(0, 200))
                                                 : answer->error)};
    attached_.emplace(name, node);
}

void World::add_node(const std::string& name) {
    const auto port = pick_port(random_);
    const auto other = options_.node_binaries.find(name);
    const auto binary =
        other == options_.node_binaries.end() ? options_.binaries / "chatnode" : other->second;
    ports_[name] = port;
    client_ports_[name] = links_.add("client-node", name, "127.0.0.1", port);
    std::vector<std::string> command{binary.string(),
                                     "--name",
                                     name,
                                     "--listen",
                                     fmt::format("127.0.0.1:{}", port),
                                     "--journal",
                                     (folder_ / "journals" / (name + ".db")).string(),
                                     "--feed",
                                     scenario_.topology.feed,
                                     "--poll-interval",
                                     seconds(scenario_.topology.poll_interval),
                                     "--port-file",
                                     (folder_ / "ports" / name).string()};
    for (const auto& url : stream_ ? std::vector{lay_stream(name)} : lay_stores(name))
        command.insert(command.end(), {"--store", url});
    if (const auto batch = scenario_.topology.batch;
        batch != Topology{}.batch)  // an older build knows no such flag
        command.insert(command.end(), {"--batch", std::to_string(batch)});
    if (const auto page = scenario_.topology.page; page != Topology{}.page)
        command.insert(command.end(), {"--page", std::to_string(page)});
    if (const auto bytes = scenario_.topology.send_queue_bytes; bytes != Topology{}.send_queue_bytes)
        command.insert(command.end(), {"--send-queue-bytes", std::to_string(bytes)});
    if (orchestrator::looks_at_queues(scenario_)) {
        metrics_ports_[name] = pick_port(random_);
        command.insert(command.end(), {"--metrics", fmt::format("127.0.0.1:{}", metrics_ports_[name])});
    }
    logs_.emplace(name, folder_ / "logs" / (name + ".log"));
    auto environment = wrong_clocks_.environment_of(name);
    environment.push_back("DAVENPORT_STORE_PASSWORD=" + (stores_.empty() ? "" : stores_[0].store.password));
    // The load is the scenario's to say. An older build knows no such setting.
    environment.emplace_back("DAVENPORT_POSTS_PER_SECOND=0");
    nodes_.emplace(name, Program::Setup{.name = name,
                                        .command = std::move(command),
                                        .port_files = {folder_ / "ports" / name},
                                        .log = folder_ / "logs" / (name + ".log"),
                                        .environment = std::move(environment)});
}

void World::await(Program& program) {
    while (program.state() == Program::State::starting) {
        throw_if_interrupted();
        transport_.run_until(steady_now() + poll_interval);
        const auto change = program.poll(steady_now());
        if (change && !change->ready)
            throw std::runtime_error{fmt::format("{} did not start: {}", program.setup().name, change->how)};
    }
}

base::HttpRequest World::to_database(base::HttpRequest request) const {
    request.target = '/' + base::percent_encode(database_) + request.target;
    return request;
}

base::HttpResponse World::ask_and_wait(const StoreAddress& store, base::HttpRequest request) {
    if (const auto who = store.authorization(); !who.empty())
        request.headers.emplace_back("Authorization", who);
    std::optional<Transport::Answer> answer;
    transport_.fetch(store.host, store.port, std::move(request), fetch_timeout,
                     [&](Transport::Answer got) { answer = std::move(got); });
    while (!answer) transport_.run_until(steady_now() + poll_interval);
    if (!answer->error.empty())
        throw std::runtime_error{
            fmt::format("the store at {} can't be reached: {}", store.url(), answer->error)};
    return std::move(answer->response);
}

void World::teardown() {
    if (clients_) clients_->close();
    for (auto& [name, node] : nodes_) {
        node.resume();  // one that is paused would not hear SIGTERM
        node.terminate(steady_now());
    }
    for (bool left = true; left;) {
        left = false;
        for (auto& [name, node] : nodes_) {
            const auto change = node.poll(steady_now());
            if (change && !change->ready && !change->clean && result_.broken.empty())
                result_.broken = fmt::format("{} did not exit cleanly: {}", name, change->how);
            left = left || node.state() != Program::State::gone;
        }
        if (left) transport_.run_until(steady_now() + poll_interval);
    }
    nodes_.clear();
    if (std::exchange(database_made_, false)) {
        for (const auto& site : stores_) {
            try {
                ask_and_wait(site.real, {"DELETE", '/' + database_, {}, {}});
            } catch (const std::exception&) {
                // It is gone with the mock, or the store is; there is nobody left to tell.
            }
        }
    }
    stores_.clear();
    stream_.reset();
}

}  // namespace davenport::sim::process
