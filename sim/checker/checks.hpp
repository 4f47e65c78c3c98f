#pragma once

#include "sim/checker/facts.hpp"
#include "sim/checker/judge.hpp"
#include "sim/scenario/plan.hpp"

#include <optional>

/// The checkers. Each looks at closed facts and judges one promise; each has a file of its own, named after
/// it.
namespace davenport::sim::checker {

/// Every accepted message was shown to everybody who followed its room, and is in the store at the end.
Finding check_loss(const Facts& facts);

/// No client was shown a message twice over one connection or under two ids, and the store has none under two
/// ids.
Finding check_duplicates(const Facts& facts);

/// What was shown, stored or given as history was sent by somebody, unaltered, before it was shown.
Finding check_phantoms(const Facts& facts);

/// Live, and not marked late, the messages that a sender sent over one connection come to each client in the
/// order sent.
Finding check_fifo(const Facts& facts);

/// History has one order, by id, the same at every node, in which an answer stands after its question; what
/// comes to a client live above its place is marked late.
Finding check_order(const Facts& facts);

/// Everything accepted was told stored or is in the store, and was shown everywhere, within `within` of
/// healing (or by the end); nobody is left waiting for an answer, or for the word `stored` over the
/// connection that `accepted` came by, or with a gap, or without a connection to a node that is up.
Finding check_convergence(const Facts& facts, std::optional<Duration> within);

/// Of messages that are edited and removed: no accepted change is lost, none is shown that nobody made, none
/// twice or after what counts more over one connection; in the end store, nodes and clients have one text.
Finding check_changes(const Facts& facts);

/// Bans and rooms' settings hold, at every node, for as long as they stand in the store: from `within` after
/// they were written, or once a node has said so, until somebody began to take them away; and nobody is
/// refused where none stands. Faults and a node's end excuse what takes longer.
Finding check_policies(const Facts& facts, std::optional<Duration> within);

/// No node has a message left that waits for the store.
Finding check_outbox(const Facts& facts);

/// While the store refuses, each node asks it about once in 150 ms and no more.
Finding check_storm(const Facts& facts);

/// At the end every node gives the whole history of every room, page by page: each message that it owes
/// once, and none twice.
Finding check_whole_history(const Facts& facts);

/// Whoever had to wait longer than `within` for a message or for an answer had been told in time that
/// something is wrong, or the sender had: no connection, no store, a gap.
Finding check_silence(const Facts& facts, Duration within);

/// Everybody is shown who is there and nobody who is gone, whenever for `within` nobody came or went and no
/// fault was on.
Finding check_people(const Facts& facts, Duration within);

/// Whoever searches at a node for the words of a message finds it, from `within` after the node showed it,
/// and no more from `within` after the node showed that it was removed.
Finding check_search(const Facts& facts, Duration within);

/// Whoever reads the history of a room at a node finds there what the node showed at least `within` before,
/// in its newest text, unless the node started again meanwhile: its disk may not have had it.
Finding check_pages(const Facts& facts, Duration within);

/// The run was a run: what was planned took place and met something, so that the other findings mean
/// something.
Finding check_ran(const Facts& facts, const Scenario& scenario, const Plan& plan);

}  // namespace davenport::sim::checker
