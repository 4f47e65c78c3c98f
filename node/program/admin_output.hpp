#pragma once

#include "node/base/policy.hpp"
#include "node/core/admin/people.hpp"

#include <string>
#include <vector>

/// What `chatnode admin` prints: tables for people, which begin with their headings, and JSON for programs,
/// one line. All end with a line feed. Pure.
namespace davenport::node::program {

std::string people_table(const std::vector<Person>& people);
std::string people_json(const std::vector<Person>& people);
std::string person_json(const Person& person, bool changed);

std::string bans_table(const std::vector<base::Ban>& bans);
/// As `GET /api/bans` has them.
std::string bans_json(const std::vector<base::Ban>& bans);
std::string ban_json(const base::Ban& ban, bool changed);

std::string rooms_table(const std::vector<base::RoomSettings>& rooms);
/// Each as `GET /api/rooms/{room}` has it.
std::string rooms_json(const std::vector<base::RoomSettings>& rooms);
/// One fact a line.
std::string room_facts(const base::RoomSettings& room);
std::string room_json(const base::RoomSettings& room);

/// "2d", in the largest unit that it has no part of; read_span() reads it.
std::string span_text(std::int64_t seconds);
/// "5s", "30m", "12h", "2d", "4w", as seconds. Throws std::invalid_argument with `option` in front.
std::int64_t read_span(const std::string& option, const std::string& text);

}  // namespace davenport::node::program
