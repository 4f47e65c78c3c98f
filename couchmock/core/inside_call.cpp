#include "couchmock/core/inside_call.hpp"

#include "couchmock/core/api.hpp"

#include <iterator>
#include <utility>

namespace davenport::couchmock {
namespace {

/// No exchange of the world's has this number.
constexpr ExchangeId inside = ~ExchangeId{0};

/// Puts an answer together from the effects that it comes in.
class Collector {
public:
    explicit Collector(Effects& rest) : rest_{rest} {}

    void take(Effects effects) {
        for (auto& effect : effects) std::visit([&](auto& one) { take_one(one); }, effect);
    }
    [[nodiscard]] bool ended() const { return ended_; }
    base::HttpResponse response;

private:
    void take_one(Respond& effect) {
        if (effect.exchange != inside) return keep(effect);
        response = std::move(effect.response);
        ended_ = true;
    }
    void take_one(RespondHead& effect) {
        if (effect.exchange != inside) return keep(effect);
        response.status = effect.status;
        response.headers = std::move(effect.headers);
    }
    void take_one(RespondData& effect) {
        if (effect.exchange != inside) return keep(effect);
        response.body += effect.bytes;
    }
    void take_one(RespondEnd& effect) {
        if (effect.exchange != inside) return keep(effect);
        ended_ = true;
    }
    template <class Effect>
    void take_one(Effect& effect) {
        keep(effect);
    }
    template <class Effect>
    void keep(Effect& effect) {
        rest_.emplace_back(std::move(effect));
    }

    Effects& rest_;
    bool ended_ = false;
};

}  // namespace

base::HttpResponse serve_inside(Server& server, const base::HttpRequest& request, const User& user,
                                base::Now now) {
    auto outside = std::exchange(server.effects, {});
    Collector collector{outside};
    Call call{inside, request, now, server.effects};
    call.user = user;
    api::route_inside(server, call);
    collector.take(std::exchange(server.effects, {}));
    while (!collector.ended()) {
        if (!server.feeds.on_written(inside, now) && !server.bodies.on_written(inside)) break;
        collector.take(std::exchange(server.effects, {}));
    }
    server.effects = std::move(outside);
    return std::move(collector.response);
}

}  // namespace davenport::couchmock
