#include "node/program/asker.hpp"

#include "node/base/text.hpp"
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

}  // namespace davenport::node::program
