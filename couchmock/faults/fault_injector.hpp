#pragma once

#include "couchmock/core/events.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace davenport::couchmock {

// ---- what the injector asks of the store behind it

/// A request for the store. `exchange` is the injector's own number, never a client's: one client exchange
/// may be forwarded more than once (a feed that is rewound), and the injector has requests of its own.
/// `clock_offset`: simulated error of the store's wall clock; ignored in front of a real CouchDB.
struct Forward {
    ExchangeId exchange;
    base::HttpRequest request;
    std::string client;
    base::Duration clock_offset{};
};
struct AbandonForward {
    ExchangeId exchange;
};  ///< hang up; nothing more of it is wanted
struct Continue {
    ExchangeId exchange;
};  ///< the last RespondData was taken; the next may come

/// Towards the client as in events.hpp, with the client's exchange numbers; towards the store as above.
using FaultInjectorEffect =
    std::variant<Respond, RespondHead, RespondData, RespondEnd, Reset, SetTimer, Listen, Log,  //
                 Forward, AbandonForward, Continue>;
using FaultInjectorEffects = std::vector<FaultInjectorEffect>;

/// What the store behind the injector says, with the numbers of Forward. A Reset means that it can't be
/// reached or that it cut the connection; what it had sent of a body until then is in the RespondData before.
using BackendEvent = std::variant<Respond, RespondHead, RespondData, RespondEnd, Reset>;

struct FaultInjectorConfig {
    std::uint64_t seed = 1;  ///< of the faults' random draws
    bool owns_store =
        true;  ///< false before somebody else's CouchDB: acts on the store's memory are answered with 501
    int members = 1;                   ///< of the cluster that the store is
    std::size_t journal_max = 10'000;  ///< requests remembered for `GET /_mock/journal`
};

/// The fault injector: everything between the clients and a store goes through it, and it lies as its rules
/// say.
///
/// Before the mock's own store it is driven by Mock; before a real CouchDB (`couchmock --upstream URL`) by
/// the shell. Either way:
///   - what a client does goes into handle(), what the store answers into on_backend();
///   - Forward is to be answered by Respond, or by RespondHead, RespondData... and RespondEnd, or by Reset.
///   An answer that
///     the store sends chunked has to be passed on as it comes (RespondHead at once, then a RespondData for
///     each read, at most one unacknowledged: the next after Continue). Others may be given as one Respond;
///   - after AbandonForward nothing of that number may come any more; if it does, it is ignored;
///   - SetTimer, Listen, Respond... are what they are in events.hpp. The injector sends RespondEnd only when
///   the last RespondData
///     was Written.
/// A HEAD request is answered with an empty body and the Content-Length that GET would have, if the store
/// gave one.
///
/// Rules are set by requests under `/_mock/`, which are answered by the injector itself, never faulted, also
/// while the store is "down" (`Listen{false}`): a shell that refuses connections then keeps another port open
/// for these. See CONTROL.md.
///
/// Threads: not thread-safe. Time: only what it is told. Errors: none. The same seed and the same events give
/// the same faults.
class FaultInjector {
public:
    explicit FaultInjector(FaultInjectorConfig config);
    ~FaultInjector();
    FaultInjector(FaultInjector&&) noexcept;
    FaultInjector& operator=(FaultInjector&&) noexcept;

    [[nodiscard]] FaultInjectorEffects handle(Event&& event, base::Now now);

    // Fast path for a store in the same process, which answers most requests at once: without active rules
    // and recording, a request costs one log entry.
    /// True when this request would be passed on as it is; it has its log entry then, and is to be asked of
    /// the store under its own number.
    [[nodiscard]] bool try_fast_path(const Requested& request, base::Now now);
    /// The store answered it, whole.
    void fast_path_done(int status, base::Now now);
    /// It did not, or not yet: the injector takes it on, and what the store says goes into on_backend().
    void leave_fast_path(ExchangeId exchange);
    [[nodiscard]] FaultInjectorEffects on_backend(BackendEvent&& event, base::Now now);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// True for requests that the injector answers itself: those that must get through while connections are
/// refused.
[[nodiscard]] bool is_control(const base::HttpRequest& request);

}  // namespace davenport::couchmock
