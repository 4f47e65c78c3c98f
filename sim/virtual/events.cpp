#include "sim/virtual/events.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace davenport::sim::virtual_world {
namespace {

/// This hash is taken of every byte that moves in the virtual world: eight at a time, and of a long text four
/// times eight, so that one multiplication need not wait for the other.
class Hasher {
public:
    Hasher& add(std::uint64_t word) {
        hash_ = mix(hash_, word);
        return *this;
    }
    Hasher& add(std::string_view bytes) {
        add(bytes.size());
        if (bytes.size() >= 32) {
            std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
            for (; bytes.size() >= 32; bytes.remove_prefix(32))
                for (std::size_t i = 0; i < 4; ++i) lanes[i] = mix(lanes[i], word_of(bytes.substr(8 * i), 8));
            for (const auto lane : lanes) add(lane);
        }
        for (; bytes.size() >= 8; bytes.remove_prefix(8)) add(word_of(bytes, 8));
        if (!bytes.empty()) add(word_of(bytes, bytes.size()));
        return *this;
    }
    [[nodiscard]] std::uint64_t value() const { return hash_; }

private:
    static std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
        hash = (hash ^ word) * 0x9fb21c651e98df25ull;
        return hash ^ hash >> 32;
    }
    static std::uint64_t word_of(std::string_view bytes, std::size_t count) {
        std::uint64_t word = 0;
        if (count == sizeof word && std::endian::native == std::endian::little) {
            std::memcpy(&word, bytes.data(), sizeof word);
            return word;
        }
        // Byte by byte: the same on every processor.
        for (std::size_t i = 0; i < count; ++i)
            word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
        return word;
    }
    std::uint64_t hash_ = 0x243f6a8885a308d3ull;
};

void hash_into(Hasher& h, const base::HttpRequest& request) {
    h.add(request.method).add(request.target).add(request.body);
}

void hash_into(Hasher& h, const base::NatsMessage& message) {
    h.add(message.subject).add(message.reply).add(message.payload);
    h.add(static_cast<std::uint64_t>(message.status));
    for (const auto& [name, value] : message.headers) h.add(name).add(value);
}

struct OfNodeEvent {
    Hasher& h;
    void operator()(const node::Opened& e) const { h.add(e.session); }
    void operator()(const node::Received& e) const { h.add(e.session).add(e.frame); }
    void operator()(const node::Written& e) const { h.add(e.session); }
    void operator()(const node::Closed& e) const { h.add(e.session); }
    void operator()(const node::Requested& e) const { hash_into(h.add(e.exchange), e.request); }
    void operator()(const node::Persisted& e) const { h.add(e.batch); }
    void operator()(const node::PersistFailed& e) const { h.add(e.batch).add(e.reason); }
    void operator()(const node::Fetched& e) const {
        h.add(e.fetch).add(static_cast<std::uint64_t>(e.response.status)).add(e.response.body);
    }
    void operator()(const node::FetchHead& e) const {
        h.add(e.fetch).add(static_cast<std::uint64_t>(e.status));
    }
    void operator()(const node::FetchData& e) const { h.add(e.fetch).add(e.bytes); }
    void operator()(const node::FetchEnded& e) const { h.add(e.fetch); }
    void operator()(const node::FetchFailed& e) const { h.add(e.fetch).add(e.reason); }
    void operator()(const node::TimerFired& e) const { h.add(e.timer); }
    void operator()(const node::Drain&) const {}
    void operator()(const node::Found& e) const { h.add(e.search); }
    void operator()(const node::JournalWatched& e) const { h.add(e.trouble); }
    void operator()(const node::Answered& e) const { hash_into(h.add(e.fetch), e.answer); }
    void operator()(const node::Delivered& e) const {
        h.add(e.fetch);
        for (const auto& message : e.messages) hash_into(h, message);
    }
};

struct OfStoreEvent {
    Hasher& h;
    void operator()(const couchmock::Requested& e) const { hash_into(h.add(e.exchange), e.request); }
    void operator()(const couchmock::Abandoned& e) const { h.add(e.exchange); }
    void operator()(const couchmock::Written& e) const { h.add(e.exchange); }
    void operator()(const couchmock::TimerFired& e) const { h.add(e.timer); }
    void operator()(const couchmock::Fetched& e) const { h.add(e.fetch); }  // not here: no other is reached
    void operator()(const couchmock::FetchFailed& e) const { h.add(e.fetch); }
};

struct OfClientEvent {
    Hasher& h;
    void operator()(const client::Disconnected& e) const { h.add(e.reason); }
    void operator()(const client::Received& e) const { h.add(e.frame); }
    void operator()(const client::Answered& e) const {
        h.add(e.request).add(e.error).add(static_cast<std::uint64_t>(e.response.status)).add(e.response.body);
    }
    void operator()(const client::Post& e) const {
        h.add(e.room).add(static_cast<std::uint64_t>(e.size_bytes));
    }
    void operator()(const client::Change& e) const { h.add(static_cast<std::uint64_t>(e.removes)); }
    void operator()(const client::Hop& e) const { h.add(e.node); }
    void operator()(const client::AskHistory& e) const { h.add(e.room); }
    void operator()(const client::Garbage& e) const { h.add(e.frame); }
    void operator()(const auto&) const {}
};

struct OfEvent {
    Hasher& h;
    void operator()(const ToNode& e) const {
        h.add(e.node).add(e.life).add(e.event.index());
        std::visit(OfNodeEvent{h}, e.event);
    }
    void operator()(const NodeTimer& e) const { h.add(e.node).add(e.life).add(e.timer); }
    void operator()(const DiskSynced& e) const { h.add(e.node).add(e.life).add(e.batch); }
    void operator()(const NodeStarts& e) const { h.add(e.node); }
    void operator()(const ToStore& e) const {
        h.add(e.event.index());
        std::visit(OfStoreEvent{h}, e.event);
        if (e.store > 0) h.add(e.store);
    }
    void operator()(const StoreTimer& e) const {
        h.add(e.timer);
        if (e.store > 0) h.add(e.store);
    }
    void operator()(const ToClient& e) const {
        h.add(e.client).add(e.link).add(e.event.index());
        std::visit(OfClientEvent{h}, e.event);
    }
    void operator()(const FramesArrive& e) const {
        h.add(e.client).add(e.link);
        for (const auto& batch : e.frames)
            for (std::size_t i = 0; i < batch->count(); ++i) h.add(batch->at(i));
    }
    void operator()(const ClientTimer& e) const { h.add(e.client).add(e.timer); }
    void operator()(const ConnectArrives& e) const { h.add(e.client).add(e.link).add(e.node); }
    void operator()(const RequestArrives& e) const {
        hash_into(h.add(e.client).add(e.request).add(e.node), e.http);
    }
    void operator()(const ToOrchestrator& e) const { h.add(e.event.index()); }
    void operator()(const OrchestratorTimer&) const {}
    void operator()(const LinkLook& e) const { h.add(e.fault); }
    void operator()(const ToStream& e) const {
        h.add(e.node).add(e.connection).add(static_cast<std::uint64_t>(e.request.kind));
        hash_into(h, e.request.message);
    }
    void operator()(const FromStream& e) const {
        hash_into(h.add(e.node).add(e.connection).add(e.inbox), e.message);
    }
    void operator()(const StreamTimer& e) const { h.add(e.at); }
    void operator()(const StreamSilent& e) const { h.add(e.node).add(e.connection); }
};

}  // namespace

std::uint64_t hash_of(const Event& event) {
    Hasher h;
    h.add(event.index());
    std::visit(OfEvent{h}, event);
    return h.value();
}

std::string_view kind_of(const Event& event) {
    static constexpr std::array<std::string_view, std::variant_size_v<Event>> names{
        "to node",         "timer of node",      "disk of node",    "start of node",
        "to store",        "timer of store",     "to client",       "to client",
        "timer of client", "connection to node", "to orchestrator", "timer of orchestrator",
        "request to node", "look at links",      "to stream",       "from stream",
        "timer of stream", "silence of stream"};
    return names[event.index()];
}

}  // namespace davenport::sim::virtual_world
