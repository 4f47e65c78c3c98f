#pragma once

#include "node/base/journal.hpp"
#include "node/core/log/held_changes.hpp"
#include "node/core/log/journal_identity.hpp"
#include "node/core/log/policies.hpp"
#include "node/core/turn.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace davenport::node {

/// What this node knows: the journal, and what is on its way there.
///
/// One batch is under way; all that comes meanwhile goes into the next (group commit). Messages are urgent;
/// marks and checkpoints wait a little for company, since losing them costs repeats only. A checkpoint goes
/// into the batch that holds the last of the messages it covers, or a later one: never ahead.
class CommitQueue {
public:
    /// A new journal's arrival numbers: what the store had before finds room below.
    static constexpr std::uint64_t begins_above = std::uint64_t{1} << 32;

    explicit CommitQueue(base::JournalView& journal);

    /// True when the message with this id has been seen before: the whole of dedup. Never by host: a wiped
    /// node must get its own old messages back, and a retry may have gone to another node.
    [[nodiscard]] bool knows(std::string_view id);
    [[nodiscard]] PendingMessage* find(std::string_view id);

    /// A message that was not known. It goes to the disk with the next batch.
    PendingMessage& add(base::ChatMessage message, bool accepted_here, base::Generation stored_in);
    /// A message from before this node began to read: part of the history, and news for nobody. Its arrival
    /// number is below all that are told to clients, so that no resume by number comes upon it.
    PendingMessage& add_old(base::ChatMessage message, base::Generation stored_in);
    /// The journal has numbers left for that; one that an older version began has none.
    [[nodiscard]] bool has_room_for_old() const { return next_old_ > 0; }
    /// A message that is known, with a change that counts more than its latest().
    PendingMessage& add_change(base::ChatMessage message, bool accepted_here, base::Generation stored_in);
    /// The message with all changes that this node knows of, shown and on the disk or not. Nothing when it is
    /// not known, or forgotten.
    [[nodiscard]] std::optional<base::ChatMessage> latest(std::string_view id);
    /// False: it is certain that the message was never changed.
    [[nodiscard]] bool may_be_changed(std::string_view id) const { return changes_.may_be_changed(id); }
    /// The changes on their way, and not yet both on the disk and in the store.
    [[nodiscard]] HeldChanges& changes() { return changes_; }
    [[nodiscard]] const HeldChanges& changes() const { return changes_; }
    /// Bans and rooms' settings. What is changed there goes to the disk with the next batch.
    [[nodiscard]] Policies& policies() { return policies_; }
    [[nodiscard]] const Policies& policies() const { return policies_; }
    /// The store has the message as this change makes it.
    void mark_change_stored(PendingMessage& change, const base::Generation& generation);

    /// The store (`generation`) has a message of this id.
    void mark_stored(std::string_view id, const base::Generation& generation);
    /// True when mark_stored() was told so, and the journal does not say it yet.
    [[nodiscard]] bool is_marked(std::string_view id, const base::Generation& generation) const;
    /// What mark_stored() was told since this was last asked.
    [[nodiscard]] std::vector<std::string> take_marked() { return std::exchange(marked_, {}); }
    /// Every message up to this checkpoint has been passed to add(), add_old() or add_change().
    void set_checkpoint(base::Checkpoint checkpoint);
    /// Another store answers than before: what was known of the old one means nothing for it.
    void store_changed();

    /// The end of a turn: starts the next batch if there is reason to and none is under way.
    void flush(Turn& turn);
    /// The batch is on the disk; gives what is now committed, in order of arrival. The caller lets go of each
    /// in the end.
    [[nodiscard]] std::vector<PendingMessage*> persisted(std::uint64_t batch);
    /// Nothing of the batch is: it is tried again a little later.
    void persist_failed(Turn& turn, const std::string& reason);
    /// Drops a message that is committed and has no more to wait for.
    void erase(PendingMessage& pending);

    /// The highest arrival that is committed (and so has been shown), as of the turn's start: see advance().
    [[nodiscard]] std::uint64_t watermark() const { return watermark_; }
    /// The end of a turn: what it committed has now been queued to everybody.
    void advance() {
        if (std::exchange(watermark_, committed_) != committed_) watermark_id_ = committed_id_;
    }

    /// Messages and changes that were shown and are not committed, in order of arrival; of one room, or of
    /// all when empty.
    [[nodiscard]] std::vector<const PendingMessage*> uncommitted(std::string_view room) const;
    /// Messages and changes that are not known to be committed, shown or not, in order of arrival.
    [[nodiscard]] std::vector<const PendingMessage*> on_the_way() const;
    [[nodiscard]] std::uint64_t last_arrival() const { return next_arrival_ - 1; }
    /// The disk does not take what it is given.
    [[nodiscard]] bool failing() const { return failing_ || !trouble_.empty(); }
    /// The journal's file is not the one that was opened (why), or (empty) it is again.
    void watched(Turn& turn, const std::string& trouble);
    /// Messages that are not known to be committed, in order of arrival.
    [[nodiscard]] std::vector<PendingMessage*> uncommitted_messages() const;
    /// Nothing waits and nothing is under way.
    [[nodiscard]] bool idle() const {
        return !batch_under_way_ && waiting_.empty() && !has_marks() && !policies_.waits();
    }
    /// Marks and checkpoints wait no longer.
    void hurry() { marks_due_ = base::Time{}; }

    [[nodiscard]] const std::string& uuid() const { return identity_.uuid(); }
    [[nodiscard]] std::string_view run() const { return identity_.run(); }
    [[nodiscard]] bool knows_run(std::string_view run) const { return identity_.knows_run(run); }
    /// True when arrival `n`, as it was told in `run` of this journal, is one of its own.
    [[nodiscard]] bool has_passed(std::string_view run, std::uint64_t n) const {
        return identity_.has_passed(run, n, watermark_);
    }
    /// The message that stands at the watermark; empty when there is none.
    [[nodiscard]] const std::string& watermark_id() const { return watermark_id_; }
    /// The message that arrived as the nth; empty when it is not there any more.
    [[nodiscard]] std::string id_at(std::uint64_t n);
    /// The journal went back, or somebody runs a copy of it: from here on it is another one.
    void take_name(std::string uuid);
    base::JournalView& journal() { return *journal_; }

private:
    void let_marks_wait(Turn& turn, base::Duration pause);
    [[nodiscard]] bool has_marks() const {
        return !marks_.empty() || checkpoint_.has_value() || !new_name_.empty();
    }

    base::JournalView* journal_;
    JournalIdentity identity_;
    std::unordered_map<std::string_view, PendingMessage>
        held_;  ///< by the message's own id; looked up, never walked
    HeldChanges changes_;
    Policies policies_;
    std::vector<PendingMessage*> under_way_, waiting_;  ///< as they came
    std::vector<std::string> marks_, marks_under_way_;
    std::vector<std::string> marked_;  ///< of this turn
    base::Generation marks_generation_, marks_generation_under_way_;
    std::optional<base::Checkpoint> checkpoint_, checkpoint_under_way_;
    std::string new_name_, new_name_under_way_;
    bool batch_under_way_ = false;
    bool failing_ = false;
    std::string trouble_;
    std::uint64_t batches_ = 0;
    std::uint64_t next_arrival_ = 1;
    std::uint64_t next_old_ = 0;  ///< counts down; 0: none is left
    std::uint64_t committed_ = 0;
    std::uint64_t watermark_ = 0;
    std::string committed_id_, watermark_id_;  ///< what stands there
    std::optional<base::Time> marks_due_;
    std::optional<base::Time> not_before_;
};

}  // namespace davenport::node
