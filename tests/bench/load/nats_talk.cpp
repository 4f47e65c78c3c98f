#include "talk.hpp"

#include <charconv>
#include <deque>

namespace davenport::load {

namespace {

/// The NATS client protocol, core publish and subscribe. PING after PUB is its acknowledgement, in order.
class NatsTalk final : public Talk {
public:
    explicit NatsTalk(Persona persona) : persona_{std::move(persona)} {}

    void greet(std::string&) override {  // the server speaks first
        introduced_ = ready_ = false;
        waiting_.clear();
    }

    std::size_t read(std::string_view bytes, std::string& out, Heard& heard) override {
        std::size_t done = 0;
        std::size_t at = 0;
        for (std::string_view line; next_line(bytes, at, line); done = at) {
            if (line.starts_with("MSG ")) {
                std::size_t size = 0;
                std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), size);
                if (bytes.size() - at < size + 2) break;
                heard.message(bytes.substr(at, size));
                at += size + 2;
            } else if (line.starts_with("INFO ")) {
                introduce(out);
            } else if (line == "PING") {
                out += "PONG\r\n";
            } else if (line == "PONG") {
                on_pong(heard);
            } else if (line.starts_with("-ERR")) {
                heard.refused(line);
            }
        }
        return done;
    }

    void post(std::uint64_t number, std::string_view text, bool acknowledged, std::string& out) override {
        out += "PUB " + persona_.room + " " + std::to_string(text.size()) + "\r\n";
        out += text;
        out += "\r\n";
        if (!acknowledged) return;
        out += "PING\r\n";
        waiting_.push_back(number);
    }

private:
    void introduce(std::string& out) {
        if (introduced_) return;  // INFO comes again when the cluster changes
        introduced_ = true;
        out += "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"load\",\"version\":\"0\"}\r\nSUB " +
               persona_.room + " 1\r\nPING\r\n";
    }

    void on_pong(Heard& heard) {
        if (!ready_) {
            ready_ = true;
            heard.ready();
        } else if (!waiting_.empty()) {
            heard.accepted(waiting_.front());
            waiting_.pop_front();
        }
    }

    Persona persona_;
    bool introduced_ = false;
    bool ready_ = false;
    std::deque<std::uint64_t> waiting_;
};

}  // namespace

std::unique_ptr<Talk> make_nats_talk(Persona persona) {
    return std::make_unique<NatsTalk>(std::move(persona));
}

}  // namespace davenport::load
