#include "couchmock/faults/fault_injector_impl.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

base::HttpResponse say(int status, std::string body) {
    body += '\n';
    return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, std::move(body)};
}

base::HttpResponse refuse(int status, std::string_view error, std::string_view reason) {
    std::string body = fmt::format("{{\"error\":\"{}\",\"reason\":", error);
    base::append_json_string(body, reason);
    return say(status, body + '}');
}

std::uint64_t number_in_query(const base::Target& target, std::string_view name, std::uint64_t otherwise) {
    const auto* text = target.find(name);
    if (text) std::from_chars(text->data(), text->data() + text->size(), otherwise);
    return otherwise;
}

}  // namespace

void FaultInjector::Impl::control(Requested& request, base::Now now) {
    const auto target = base::parse_target(request.request.target);
    const auto what =
        target && target->path.size() > 1 ? std::string_view{target->path[1]} : std::string_view{};
    if (what == "store" || what == "state") {
        const auto trouble = complete_act(request.request, *target);
        if (config_.owns_store && trouble) {
            effects_.emplace_back(Respond{request.exchange, refuse(400, "bad_request", *trouble)});
            return;
        }
        if (!config_.owns_store) {
            effects_.emplace_back(Respond{
                request.exchange, refuse(501, "not_implemented", "the store behind is not the mock's own")});
            return;
        }
        auto& exchange =
            *exchanges_.try_emplace(request.exchange, std::make_unique<Exchange>()).first->second;
        exchange.client = request.exchange;
        exchange.control = true;
        forward(exchange, std::move(request.request));
        return;
    }
    auto response =
        what == "faults" ? control_faults(request.request, *target, now)
        : what == "journal" || what == "observations" || what == "oracle"
            ? control_logs(request.request, *target)
        : what.empty()
            ? say(200, R"({"couchmock":"control","see":["faults","journal","observations","store","state"]})")
            : refuse(404, "not_found", "no such control path");
    effects_.emplace_back(Respond{request.exchange, std::move(response)});
}

/// An act by itself takes what the fault of that name takes, and has its default values.
std::optional<std::string> FaultInjector::Impl::complete_act(base::HttpRequest& request,
                                                             const base::Target& target) {
    if (request.method != "POST" || target.path.size() != 3 || target.path[1] != "store") return std::nullopt;
    const auto* kind = find_fault("store." + target.path[2]);
    if (!kind || !kind->moment) return std::nullopt;  // the store knows no such act and says so
    const auto body =
        request.body.empty() ? json::value(json::object{}) : base::parse_json(request.body).value_or(nullptr);
    if (!body.is_object()) return "the body must be a JSON object";
    auto read = read_parameters(*kind, body.get_object());
    if (auto* trouble = std::get_if<std::string>(&read)) return std::move(*trouble);
    request.body = write_parameters(*kind, with_defaults(*kind, std::get<FaultParameters>(std::move(read))));
    base::erase_header(request.headers, "Content-Length");
    return std::nullopt;
}

base::HttpResponse FaultInjector::Impl::control_faults(const base::HttpRequest& request,
                                                       const base::Target& target, base::Now now) {
    if (request.method == "POST" && target.path.size() == 2) return post_faults(request, now);
    if (request.method == "DELETE") return delete_faults(target, now);
    if (request.method != "GET") return refuse(405, "method_not_allowed", "Only GET,POST,DELETE allowed");
    std::string out = "{\"faults\":[";
    for (const auto& rule : rules_) {
        if (target.path.size() > 2 && rule->name() != target.path[2] &&
            std::to_string(rule->id) != target.path[2])
            continue;
        if (out.back() != '[') out += ",\n";
        rule->append_json(out);
    }
    return say(200, out + "]}");
}

std::optional<std::string> FaultInjector::Impl::no_such_member(const RuleRequest& asked) const {
    const auto& kind = kind_of(asked.fault);
    if (!kind.is_member()) return std::nullopt;
    if (config_.members < 2)
        return fmt::format("{} needs a cluster, and there is one member: start couchmock with --members 3",
                           kind.name);
    if (asked.parameters.number.value_or(1) <= config_.members) return std::nullopt;
    return fmt::format("`member` of {} must be a whole number, 1 to {}, not {}", kind.name, config_.members,
                       *asked.parameters.number);
}

base::HttpResponse FaultInjector::Impl::post_faults(const base::HttpRequest& request, base::Now now) {
    const auto body = base::parse_json(request.body);
    if (!body) return refuse(400, "bad_request", "the body is no JSON");
    const bool single = body->is_object();
    if (!single && !body->is_array())
        return refuse(400, "bad_request", "a rule or a list of rules is wanted");
    const auto list = single ? json::array{*body} : body->get_array();
    std::vector<std::unique_ptr<Rule>> read;
    for (const auto& wanted : list) {
        if (!wanted.is_object()) return refuse(400, "bad_request", "a rule must be an object");
        auto rule = read_rule(wanted.get_object());
        if (const auto* trouble = std::get_if<std::string>(&rule))
            return refuse(400, "bad_request", *trouble);
        auto& asked = std::get<RuleRequest>(rule);
        if (const auto& kind = kind_of(asked.fault);
            !config_.owns_store && (kind.own_store || asked.parameters.uuid))
            return refuse(
                501, "not_implemented",
                fmt::format("{}{} changes what the store holds, and behind --upstream that is another's "
                            "CouchDB",
                            kind.name, kind.own_store ? "" : " with `uuid`"));
        if (const auto trouble = no_such_member(asked)) return refuse(400, "bad_request", *trouble);
        read.push_back(std::make_unique<Rule>(std::move(asked), ++last_rule_, config_.seed));
    }
    std::string out = single ? "" : "[";
    for (auto& rule : read) {
        // One name is one rule: the newer counts.
        for (const auto& other : rules_)
            if (other->name() == rule->name() && other->active) end(*other, now);
        std::erase_if(rules_, [&](const auto& other) { return other->name() == rule->name(); });
        auto& added = *rules_.emplace_back(std::move(rule));
        begin(added, now);
        if (out.size() > 1) out += ',';
        added.append_json(out);
    }
    return say(201, single ? out : out + ']');
}

base::HttpResponse FaultInjector::Impl::delete_faults(const base::Target& target, base::Now now) {
    std::string out = "{\"ok\":true,\"faults\":[";
    std::vector<std::uint64_t> ids;
    for (const auto& rule : rules_)
        if (target.path.size() == 2 || rule->name() == target.path[2] ||
            std::to_string(rule->id) == target.path[2])
            ids.push_back(rule->id);
    if (ids.empty() && target.path.size() > 2) return refuse(404, "not_found", "no such fault");
    for (const auto id : ids) {
        const auto rule = std::ranges::find(rules_, id, &Rule::id);
        if ((*rule)->active) end(**rule, now);
        if (out.back() != '[') out += ',';
        (*rule)->append_json(out);
        rules_.erase(rule);
    }
    return say(200, out + "]}");
}

base::HttpResponse FaultInjector::Impl::control_logs(const base::HttpRequest& request,
                                                     const base::Target& target) {
    const auto after = number_in_query(target, "after", 0);
    const auto limit = static_cast<std::size_t>(number_in_query(target, "limit", 100'000));
    const bool is_journal = target.path[1] == "journal";
    if (request.method == "GET")
        return say(200, is_journal ? journal_.json(after, limit) : observations_.json(after, limit));
    if (request.method == "DELETE") {
        is_journal ? journal_.clear() : observations_.clear();
        return say(200, R"({"ok":true})");
    }
    if (request.method == "PUT" && !is_journal) {
        const auto body = base::parse_json(request.body);
        if (!body || !base::member(*body, "recording"))
            return refuse(400, "bad_request", "{\"recording\": true|false} is wanted");
        observations_.recording = base::bool_member(*body, "recording");
        return say(200, R"({"ok":true})");
    }
    return refuse(405, "method_not_allowed",
                  is_journal ? "Only GET,DELETE allowed" : "Only GET,PUT,DELETE allowed");
}

}  // namespace davenport::couchmock
