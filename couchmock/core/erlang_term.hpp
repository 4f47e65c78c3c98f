#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Erlang's external term format, as `term_to_binary(Term, [{minor_version, 1}])` of OTP 25 writes it: what
/// CouchDB hashes into revisions. Each function appends one term (or the head of one) to `out`; the version
/// byte 131 is the caller's.
namespace davenport::couchmock::erlang_term {

void append_integer(std::string& out, std::int64_t value);
void append_integer(std::string& out, std::uint64_t value);
/// An integer of any size, from its decimal digits with an optional '-'.
void append_big_integer(std::string& out, std::string_view digits);
void append_float(std::string& out, double value);
void append_binary(std::string& out, std::string_view bytes);
void append_atom(std::string& out, std::string_view name);
void append_nil(std::string& out);
/// The elements follow; `arity` below 256.
void append_tuple_head(std::string& out, std::uint8_t arity);
/// `count` elements and then a nil follow. An empty list is a nil alone.
void append_list_head(std::string& out, std::uint32_t count);
/// Overwrites the count of the list head that begins at `at`.
void patch_list_count(std::string& out, std::size_t at, std::uint32_t count);

inline constexpr std::size_t list_head_size = 5;

/// Erlang has a short form for a list of bytes. If the `count` elements written after the list head at `at`
/// are all integers from 0 to 255, rewrites head and elements into it and returns true; the closing nil is
/// then not wanted.
bool shorten_byte_list(std::string& out, std::size_t at, std::uint32_t count);

}  // namespace davenport::couchmock::erlang_term
