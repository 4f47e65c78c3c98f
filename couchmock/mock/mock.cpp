#include "couchmock/mock/mock.hpp"

#include "couchmock/core/server.hpp"
#include "couchmock/core/store.hpp"
#include "couchmock/faults/fault_injector.hpp"

#include <variant>

namespace davenport::couchmock {

/// The injector with the store behind it; what one says to the other is passed on at once.
class Mock::Impl {
public:
    explicit Impl(MockConfig config)
        : injector_(FaultInjectorConfig{.seed = config.seed, .owns_store = true, .members = config.members}),
          store_(std::move(config)) {}

    void restore(const std::vector<Record>& kept, RecordKeeper& keeper) { store_.restore(kept, keeper); }
    void set_cookie_secret(std::string secret) { store_.server().cookie_secret = std::move(secret); }

    Effects handle(Event&& event, base::Now now) {
        Effects out;
        const auto* timer = std::get_if<TimerFired>(&event);
        const bool fetched =
            std::holds_alternative<Fetched>(event) || std::holds_alternative<FetchFailed>(event);
        const auto* requested = std::get_if<Requested>(&event);
        if (fetched || (timer && timer->timer == store_timer))
            from_store(store_.handle(std::move(event), now), now, out);
        else if (requested && injector_.try_fast_path(*requested, now))
            past_injector(std::move(event), now, out);
        else
            from_injector(injector_.handle(std::move(event), now), now, out);
        return out;
    }

private:
    void past_injector(Event&& event, base::Now now, Effects& out) {
        const auto exchange = std::get<Requested>(event).exchange;
        auto effects = store_.handle(std::move(event), now);
        const auto* whole = effects.empty() ? nullptr : std::get_if<Respond>(&effects.back());
        if (effects.size() == 1 && whole && whole->exchange == exchange) {
            injector_.fast_path_done(whole->response.status, now);
            out = std::move(effects);
            return;
        }
        injector_.leave_fast_path(exchange);
        from_store(std::move(effects), now, out);
    }
    void from_injector(FaultInjectorEffects effects, base::Now now, Effects& out) {
        for (auto& effect : effects)
            std::visit([&](auto& one) { pass_on(std::move(one), now, out); }, effect);
    }
    void from_store(Effects effects, base::Now now, Effects& out) {
        for (auto& effect : effects) std::visit([&](auto& one) { answer(std::move(one), now, out); }, effect);
    }

    void pass_on(Forward&& effect, base::Now now, Effects& out) {
        const base::Now at_store{now.time, now.wall + effect.clock_offset};
        from_store(
            store_.handle(Requested{effect.exchange, std::move(effect.request), std::move(effect.client)},
                          at_store),
            now, out);
    }
    void pass_on(AbandonForward&& effect, base::Now now, Effects& out) {
        from_store(store_.handle(Abandoned{effect.exchange}, now), now, out);
    }
    void pass_on(Continue&& effect, base::Now now, Effects& out) {
        from_store(store_.handle(Written{effect.exchange}, now), now, out);
    }
    template <class Effect>
    void pass_on(Effect&& effect, base::Now, Effects& out) {
        out.emplace_back(std::forward<Effect>(effect));
    }

    void answer(SetTimer&& effect, base::Now, Effects& out) { out.emplace_back(effect); }
    void answer(Log&& effect, base::Now, Effects& out) { out.emplace_back(std::move(effect)); }
    void answer(Listen&& effect, base::Now, Effects& out) { out.emplace_back(effect); }
    void answer(Fetch&& effect, base::Now, Effects& out) { out.emplace_back(std::move(effect)); }
    void answer(CancelFetch&& effect, base::Now, Effects& out) { out.emplace_back(effect); }
    template <class Effect>
    void answer(Effect&& effect, base::Now now, Effects& out) {
        from_injector(injector_.on_backend(std::forward<Effect>(effect), now), now, out);
    }

    FaultInjector injector_;
    Store store_;
};

Mock::Mock(MockConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Mock::~Mock() = default;
Mock::Mock(Mock&&) noexcept = default;
Mock& Mock::operator=(Mock&&) noexcept = default;

void Mock::set_cookie_secret(std::string secret) { impl_->set_cookie_secret(std::move(secret)); }

void Mock::restore(const std::vector<Record>& kept, RecordKeeper& keeper) { impl_->restore(kept, keeper); }

Effects Mock::handle(Event&& event, base::Now now) { return impl_->handle(std::move(event), now); }

}  // namespace davenport::couchmock
