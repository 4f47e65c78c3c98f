#include "node/net/search_index.hpp"

#include "node/net/search_file.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>

namespace davenport::node {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch_messages = 500;  // a search waits for one batch at most, some 10 ms
constexpr auto unread_for = 1s;              // new messages wait so long for company
constexpr auto patience = 500ms;             // a search waits so long for messages to be taken in
constexpr auto pause_after_trouble = 30s;
constexpr int anew_share = 10;  // no more than a tenth of the time goes into making the index anew

}  // namespace

class SearchIndex::Worker {
public:
    Worker(const JournalFile& file, OnFound on_found, LogLine log)
        : journal_(file), on_found_(std::move(on_found)), log_(std::move(log)) {
        thread_ = std::thread{[this] { work(); }};
    }

    ~Worker() {
        {
            const std::lock_guard lock{mutex_};
            ending_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    void search(std::uint64_t search, base::SearchQuery query) {
        {
            const std::lock_guard lock{mutex_};
            searches_.emplace_back(search, std::move(query));
        }
        wake_.notify_one();
    }

    void wake() {
        const std::lock_guard lock{mutex_};
        if (!std::exchange(unread_, true)) wake_.notify_one();
    }

private:
    using Clock = std::chrono::steady_clock;

    void work() {
        // Linux: of this thread alone. Whoever chats comes first.
        static_cast<void>(::setpriority(PRIO_PROCESS, 0, 10));
        std::unique_lock lock{mutex_};
        while (!ending_) {
            if (!searches_.empty()) {
                auto [search, query] = std::move(searches_.front());
                searches_.pop_front();
                lock.unlock();
                on_found_(search, answer(query));
                lock.lock();
            } else if (unread_) {
                wake_.wait_for(lock, unread_for, [this] { return ending_ || !searches_.empty(); });
                if (ending_ || !searches_.empty()) continue;
                unread_ = false;
                lock.unlock();
                const bool more = take_in();
                lock.lock();
                unread_ = unread_ || more;
            } else {
                wake_.wait(lock, [this] { return ending_ || unread_ || !searches_.empty(); });
            }
        }
    }

    /// One batch after the other, until there are no more or somebody waits. True when there are more, or
    /// when the index is to be made anew.
    bool take_in() {
        return guarded(false, [this](SearchFile& file) {
            if (file.holds_removed() && Clock::now() >= anew_after_) {
                anew_since_ = Clock::now();
                file.begin_anew();
            }
            while (!interrupted()) {
                if (file.take_in(batch_messages)) continue;
                if (const auto since = std::exchange(anew_since_, std::nullopt))
                    anew_after_ = Clock::now() + anew_share * (Clock::now() - *since);
                return file.holds_removed();
            }
            return true;
        });
    }

    void unread_again() {
        const std::lock_guard lock{mutex_};
        unread_ = true;
    }

    bool interrupted() {
        const std::lock_guard lock{mutex_};
        return ending_ || !searches_.empty();
    }

    base::SearchAnswer answer(const base::SearchQuery& query) {
        base::SearchAnswer nothing;
        nothing.whole = false;
        return guarded(std::move(nothing), [&](SearchFile& file) {
            const auto until = Clock::now() + patience;
            bool more = true;
            while (more && Clock::now() < until) more = file.take_in(batch_messages);
            auto found = file.find(query);
            found.whole = !more;
            if (more) unread_again();
            return found;
        });
    }

    template <class Result, class Work>
    Result guarded(Result otherwise, Work work) {
        if (Clock::now() < not_before_) return otherwise;
        try {
            if (!file_) file_.emplace(journal_);
            return work(*file_);
        } catch (const std::exception& error) {
            file_.reset();
            if (const auto* bad = dynamic_cast<const sqlite::Error*>(&error);
                bad && SearchFile::is_damage(*bad)) {
                SearchFile::remove(path_of(journal_.path()));
                log_("search: the index was damaged and is made again");
                unread_again();
                return otherwise;
            }
            not_before_ = Clock::now() + pause_after_trouble;
            log_(fmt::format("search: the index {} cannot be used: {}; searches find nothing until it can",
                             path_of(journal_.path()), error.what()));
            return otherwise;
        }
    }

    const JournalFile& journal_;
    OnFound on_found_;
    LogLine log_;
    std::optional<SearchFile> file_;
    Clock::time_point not_before_{}, anew_after_{};
    std::optional<Clock::time_point> anew_since_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::pair<std::uint64_t, base::SearchQuery>> searches_;
    bool unread_ = true;  ///< what was committed in an earlier life
    bool ending_ = false;
    std::thread thread_;
};

SearchIndex::SearchIndex(const JournalFile& file, OnFound on_found, LogLine log)
    : worker_(std::make_unique<Worker>(file, std::move(on_found), std::move(log))) {}
SearchIndex::~SearchIndex() = default;

void SearchIndex::search(std::uint64_t search, base::SearchQuery query) {
    worker_->search(search, std::move(query));
}
void SearchIndex::wake() { worker_->wake(); }

}  // namespace davenport::node
