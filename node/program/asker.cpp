#include "node/program/asker.hpp"

#include "node/base/text.hpp"
#include "node/net/nats_client.hpp"
#include "node/net/wire/http_client.hpp"
#include "node/net/wire/loop.hpp"

#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

namespace davenport::node::program {

struct Asker::Impl {
    Impl(const wire::HttpServer& server, const std::string& ca_file)
        : client{loop,
                 server,
                 {.connections = 1, .ca_file = ca_file},
                 {.whole =
                      [this](wire::RequestId, base::HttpResponse response) {
                          end({std::move(response), {}});
                      },
                  .head = {},
                  .data = {},
                  .ended = {},
                  .failed =
                      [this](wire::RequestId, const std::string& reason) {
                          end({std::nullopt, base::one_printable_line(reason)});
                      }}},
          timer{loop.context()} {}

    void end(Answer with) {
        timer.cancel();
        answer = std::move(with);
        loop.stop();
    }

    wire::Loop loop;
    wire::HttpClient client;
    boost::asio::steady_timer timer;
    wire::RequestId asked = 0;
    Answer answer;
};

Asker::Asker(const wire::HttpServer& server, const std::string& ca_file)
    : impl_{std::make_unique<Impl>(server, ca_file)} {}
Asker::~Asker() = default;

Asker::Answer Asker::ask(base::HttpRequest request, std::chrono::seconds within) {
    auto& its = *impl_;
    its.client.fetch(++its.asked, std::move(request), wire::HttpClient::Answer::whole);
    its.timer.expires_after(within);
    its.timer.async_wait([&its, within](boost::system::error_code error) {
        if (error) return;
        its.client.cancel(its.asked);
        its.end({std::nullopt, fmt::format("no answer came in {} s", within.count())});
    });
    its.loop.run();
    return std::exchange(its.answer, {});
}

struct StreamAsker::Impl {
    explicit Impl(NatsServers servers)
        : client{loop,
                 std::move(servers),
                 {.answered = [this](FetchId id,
                                     base::NatsMessage answer) { settle(id, std::move(answer), {}); },
                  .delivered = [](FetchId, std::vector<base::NatsMessage>) {},
                  .failed = [this](FetchId id,
                                   const std::string& reason) { settle(id, std::nullopt, reason); }}},
          timer{loop.context()} {}

    void settle(FetchId id, std::optional<base::NatsMessage> answer, const std::string& reason) {
        if (id < first || id >= first + answers.messages.size()) return;
        if (!answer) answers.trouble = base::one_printable_line(reason);
        answers.messages[id - first] = std::move(answer);
        if (--open > 0) return;
        timer.cancel();
        loop.stop();
    }

    wire::Loop loop;
    NatsClient client;
    boost::asio::steady_timer timer;
    FetchId first = 1;  ///< of what was asked last
    std::size_t open = 0;
    Answers answers;
};

StreamAsker::StreamAsker(NatsServers servers) : impl_{std::make_unique<Impl>(std::move(servers))} {}
StreamAsker::~StreamAsker() = default;

StreamAsker::Answers StreamAsker::ask(std::vector<base::NatsMessage> requests, std::chrono::seconds within) {
    auto& its = *impl_;
    its.first += its.answers.messages.size();
    its.answers = {};
    its.answers.messages.resize(requests.size());
    its.open = requests.size();
    if (requests.empty()) return {};
    for (std::size_t i = 0; i < requests.size(); ++i) its.client.ask(its.first + i, std::move(requests[i]));
    its.client.flush();
    its.timer.expires_after(within);
    its.timer.async_wait([&its, within](boost::system::error_code error) {
        if (error) return;
        for (std::size_t i = 0; i < its.answers.messages.size(); ++i)
            if (!its.answers.messages[i]) its.client.cancel(its.first + i);
        its.answers.trouble = fmt::format("no answer came in {} s", within.count());
        its.loop.stop();
    });
    its.loop.run();
    return its.answers;
}

}  // namespace davenport::node::program
