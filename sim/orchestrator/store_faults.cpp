#include "sim/orchestrator/store_faults.hpp"

#include "sim/orchestrator/store_rule.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

constexpr Duration moment_poll_interval = std::chrono::milliseconds{100};

}  // namespace

void StoreFaults::begin(std::size_t fault) {
    const auto& planned = states_.planned(fault);
    if (ByHand::does(planned.kind)) return by_hand_.begin(fault);
    if (context_.environment.can_restart_store &&
        (planned.kind == "store.crash" || planned.kind == "store.restart")) {
        (void)states_.claim_end(fault);  // it ends by itself
        context_.add(RestartStore{fault});
        return;
    }
    context_.ask_control(
        set_rule(planned),
        [this, fault](const Answered& answer) {
            const auto& set = states_.planned(fault);
            if (answer.status == 501) return begin_without_mock(fault);
            if (answer.status / 100 != 2) {
                context_.complain(
                    fmt::format("couchmock did not set {}: {} {}", set.kind, answer.status, answer.body));
                return states_.finish(fault, 0);
            }
            states_.hits(fault) = hits_of(answer.body, set.name);
            if (states_.is_moment(fault)) watch_moment(fault);
        },
        store_of(fault));
}

/// In front of a real CouchDB couchmock has no control over what the store holds. A wipe needs none; the rest
/// touches nothing.
void StoreFaults::begin_without_mock(std::size_t fault) {
    if (states_.planned(fault).kind != "store.wipe") return states_.finish(fault, 0);
    context_.ask_store({"DELETE", "", {}, {}}, [this, fault](const Answered& answer) {
        states_.finish(fault, answer.status == 200 ? 1 : 0);
    });
}

void StoreFaults::on(const StoreRestarted& e) {
    if (!e.done) context_.complain("the store did not come back");
    states_.finish(e.fault, e.done ? 1 : 0);
}

/// A moment is over when it has hit: some wait for the next row or the next request.
void StoreFaults::watch_moment(std::size_t fault) {
    if (!states_.is_on(fault) || states_.is_ending(fault)) return;
    if (states_.hits(fault) > 0) return end(fault);
    context_.soon(moment_poll_interval, [this, fault] {
        context_.ask_control(
            list_rules(),
            [this, fault](const Answered& answer) {
                states_.hits(fault) = hits_of(answer.body, states_.planned(fault).name);
                watch_moment(fault);
            },
            store_of(fault));
    });
}

void StoreFaults::end(std::size_t fault) {
    if (ByHand::does(states_.planned(fault).kind)) return by_hand_.end(fault);
    if (!states_.claim_end(fault)) return;
    context_.ask_control(
        list_rules(),
        [this, fault](const Answered& listed) {
            const auto& name = states_.planned(fault).name;
            const auto hits = std::max(states_.hits(fault), hits_of(listed.body, name));
            context_.ask_control(
                clear_rule(name),
                [this, fault, hits](const Answered& cleared) {
                    if (cleared.status / 100 != 2 && cleared.status != 404)
                        context_.complain(fmt::format("couchmock did not end {}: {} {}",
                                                      states_.planned(fault).name, cleared.status,
                                                      cleared.body));
                    states_.finish(fault, hits);
                },
                store_of(fault));
        },
        store_of(fault));
}

}  // namespace davenport::sim::orchestrator
