#pragma once

#include "node/base/journal.hpp"
#include "node/base/random.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace davenport::node {

/// A store's generation as text: a random name and, where the store tells it, when its database was made.
///
/// A cluster's members each have a `_local/davenport` of their own, but all of them tell the same
/// `instance_start_time` of a database. So a member that lacks the document, or has another one, is known
/// from another database. Where a node has several stores, two of them may have been made within one second:
/// what answers at another address of its list is a member only if the store tells of several. Form:
/// "<name>.d<start>" by whoever made the database, "<name>.m<start>" by a node that found it without a
/// generation; "<name>" where no start is known.
enum class GenerationMaker : char { of_the_database = 'd', of_a_member = 'm' };

/// `start`: the store's instance_start_time; what cannot be one is left out.
base::Generation name_generation(base::Random& random, GenerationMaker maker, std::string_view start);

/// When the database of this generation was made; empty when it does not say.
std::string_view start_of(std::string_view generation);

/// True when `start` is that of the database of `generation`.
bool is_of(std::string_view generation, std::string_view start);

/// True when both are names of one database, and `known` is the one that all nodes come to keep: that of the
/// database's maker, else the lower. Two makers are two databases.
bool outranks(std::string_view known, std::string_view seen);

/// How many members of a cluster have a database, by the store's answer to `_shards`; 0 when it does not say.
std::size_t count_members(std::string_view answer);

}  // namespace davenport::node
