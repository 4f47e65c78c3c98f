#include "node/core/clients/shared_tries.hpp"

#include "node/base/digest.hpp"
#include "node/base/http.hpp"
#include "node/base/json_view.hpp"
#include "node/base/json_writer.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::int64_t window_ms =
    std::chrono::duration_cast<std::chrono::milliseconds>(SharedTries::window).count();
/// Of a clock that is wrong, or of somebody's hand: such a try must not count for ever.
constexpr std::int64_t ahead_max_ms = 60'000;

}  // namespace

std::string SharedTries::hash_of(std::string_view name) {
    return base::base64url_encode(base::sha256(name)).substr(0, 22);
}

std::size_t SharedTries::note_of(std::string_view hash) {
    return static_cast<unsigned char>(base::sha256(hash).front()) % notes;
}

std::string SharedTries::id_of(std::size_t note) { return std::string{id_lead} + std::to_string(note); }

std::string SharedTries::text_of(const Names& names) {
    std::string out;
    base::JsonWriter json{out};
    json.key("tries").begin_object();
    for (const auto& [name, times] : names) {
        json.key(name).begin_array();
        for (const auto time : times) json.value(time);
        json.end_array();
    }
    json.end_object();
    return out;
}

std::int64_t SharedTries::now_ms(const Turn& turn) const {
    return base::unix_ms(store_->clock(turn.now.time).value_or(turn.now.wall));
}

void SharedTries::begin(Turn& turn, const std::string& name, std::size_t most, OnCounted on_counted) {
    change(turn, {hash_of(name), most, std::move(on_counted)});
}

void SharedTries::take_back(Turn& turn, const std::string& name) { change(turn, {hash_of(name), 0, {}}); }

void SharedTries::change(Turn& turn, Change change) {
    const auto at = note_of(change.name);
    notes_[at].waiting.push_back(std::move(change));
    pump(turn, at);
}

void SharedTries::pump(Turn& turn, std::size_t at) {
    auto& note = notes_[at];
    if (note.busy || note.waiting.empty()) return;
    if (note.known)
        write(turn, at);
    else
        read(turn, at);
}

void SharedTries::read(Turn& turn, std::size_t at) {
    notes_[at].busy = true;
    store_->read_note(turn, id_of(at), [this, at](Turn& t, const StoreNote* told) {
        notes_[at].busy = false;
        if (!told) return give_up(t, at);
        learn(notes_[at], *told);
        write(t, at);
    });
}

void SharedTries::write(Turn& turn, std::size_t at) {
    auto& note = notes_[at];
    const auto now = now_ms(turn);
    for (auto& [name, times] : note.names)
        std::erase_if(times, [&](std::int64_t t) { return t + window_ms <= now || t > now + ahead_max_ms; });
    std::erase_if(note.names, [](const auto& one) { return one.second.empty(); });

    std::vector<std::pair<OnCounted, base::Duration>> held;
    for (auto& one : std::exchange(note.waiting, {})) {
        const auto found = note.names.find(one.name);
        if (!one.on_counted) {
            if (found == note.names.end()) continue;
            found->second.pop_back();
            if (found->second.empty()) note.names.erase(found);
        } else if (found != note.names.end() && found->second.size() >= one.most) {
            const auto& times = found->second;
            const auto over = times[times.size() - one.most] + window_ms;
            held.emplace_back(std::move(one.on_counted), std::chrono::milliseconds{over - now});
            continue;
        } else {
            if (found == note.names.end() && note.names.size() >= names_max)
                note.names.erase(std::ranges::min_element(note.names, {}, [](const auto& each) {
                    return std::pair{each.second.size(), each.second.back()};
                }));
            auto& times = note.names[one.name];
            times.insert(std::ranges::upper_bound(times, now), now);
        }
        note.under_way.push_back(std::move(one));
    }
    if (!note.under_way.empty()) {
        note.busy = true;
        note.known = false;  // until the feed tells of it: the answer does not name the new revision
        store_->write_note(turn, {id_of(at), note.revision, text_of(note.names)},
                           [this, at](Turn& t, Store::Noted noted) { written(t, at, noted); });
    }
    for (const auto& [on_counted, wait] : held) on_counted(turn, wait);
}

void SharedTries::written(Turn& turn, std::size_t at, Store::Noted noted) {
    auto& note = notes_[at];
    note.busy = false;
    if (noted == Store::Noted::other_revision && ++note.conflicts < conflicts_max) {
        note.known = false;
        note.waiting.insert(note.waiting.begin(), std::make_move_iterator(note.under_way.begin()),
                            std::make_move_iterator(note.under_way.end()));
        note.under_way.clear();
        return pump(turn, at);
    }
    note.conflicts = 0;
    if (noted != Store::Noted::stored) note.known = false;
    for (const auto& one : std::exchange(note.under_way, {}))
        if (one.on_counted) one.on_counted(turn, std::nullopt);
    pump(turn, at);
}

void SharedTries::give_up(Turn& turn, std::size_t at) {
    for (const auto& one : std::exchange(notes_[at].waiting, {}))
        if (one.on_counted) one.on_counted(turn, std::nullopt);
}

void SharedTries::learn(Note& note, const StoreNote& told) {
    note.known = true;
    note.revision = told.deleted ? std::string{} : told.revision;
    note.names.clear();
    base::JsonReader reader;
    const auto body = reader.read(told.body);
    const auto names = body && !told.deleted ? body->member("tries") : std::nullopt;
    if (!names) return;
    names->each_member([&](std::string_view name, const base::JsonView& value) {
        Times times;
        value.each_item([&](const base::JsonView& time) {
            if (const auto ms = time.integer()) times.push_back(*ms);
        });
        std::ranges::sort(times);
        if (!times.empty()) note.names.emplace(name, std::move(times));
    });
}

void SharedTries::on_note(const StoreNote& told) {
    for (std::size_t at = 0; at < notes; ++at)
        if (told.id == id_of(at)) learn(notes_[at], told);
}

void SharedTries::another_store() {
    for (auto& note : notes_) note.known = false;
}

}  // namespace davenport::node
