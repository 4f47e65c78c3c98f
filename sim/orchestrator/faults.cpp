#include "sim/orchestrator/faults.hpp"

#include "sim/orchestrator/store_rule.hpp"

namespace davenport::sim::orchestrator {

Faults::Faults(Context& context, const std::function<void()>& on_change)
    : states{context, on_change},
      store{context, states},
      nodes{context, states, on_change},
      clients{context, states, nodes},
      policies{context, states},
      replication{context, states},
      foreign{context, states},
      context_{context} {
    for (std::size_t i = 0; i < states.count(); ++i)
        if (!states.planned(i).when.empty())
            conditions_.emplace_back(ConditionWatch{states.planned(i).when}, i);
}

void Faults::begin(std::size_t fault) {
    if (context_.phase != Phase::playing || states.is_on(fault)) return;
    const auto& kind = states.planned(fault).kind;
    states.begin(fault);
    if (!context_.plan.performs(fault)) {
        if (states.is_moment(fault)) end(fault);
    } else if (is_store_fault(kind)) {
        replication.on_store_fault(states.planned(fault));
        store.begin(fault);
    } else if (kind == "replication.stop") {
        replication.stop(fault);
    } else if (kind == "store.foreign") {
        foreign.begin(fault);
    } else if (kind == "node.join") {
        if (const auto name = nodes.join(fault); !name.empty()) clients.join(fault, name);
    } else if (kind.starts_with("node.")) {
        nodes.begin(fault);
    } else if (kind.starts_with("client.")) {
        clients.begin(fault);
    } else if (kind.starts_with("policy.")) {
        policies.begin(fault);
    } else {
        states.hits(fault) = nodes.is_running(states.planned(fault).node) ? 1 : 0;
        context_.add(SetLink{fault, true});
        if (states.is_moment(fault)) end(fault);
    }
}

void Faults::end(std::size_t fault) {
    const auto& kind = states.planned(fault).kind;
    if (!context_.plan.performs(fault)) {
        if (states.claim_end(fault)) states.finish(fault, 0);
    } else if (is_store_fault(kind)) {
        store.end(fault);
    } else if (kind == "replication.stop") {
        replication.resume(fault);
    } else if (kind == "store.foreign") {
        foreign.end(fault);
    } else if (kind.starts_with("node.")) {
        nodes.end(fault);
    } else if (kind.starts_with("client.")) {
        clients.end(fault);
    } else if (kind.starts_with("policy.")) {
        policies.end(fault);
    } else if (states.claim_end(fault)) {
        context_.add(SetLink{fault, false});
    }
}

/// The way to a node that is gone carries nothing, though clients go on trying it.
void Faults::on(const LinkTold& e) {
    const auto& planned = states.planned(e.fault);
    const bool missed =
        planned.kind.starts_with("link.") && states.hits(e.fault) == 0 && !nodes.is_running(planned.node);
    states.finish(e.fault, missed ? 0 : e.touched);
}

void Faults::watch(const Record& record) {
    for (auto& [watch, fault] : conditions_) {
        if (!watch.take(record)) continue;
        context_.soon(Duration{0}, [this, fault = fault] {
            begin(fault);
            if (const auto length = states.planned(fault).length; length > Duration{0})
                context_.soon(length, [this, fault] { end(fault); });
        });
    }
}

}  // namespace davenport::sim::orchestrator
