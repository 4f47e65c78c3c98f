#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace davenport::base {

/// Receives each mark that its thread passes, in order.
class MarkListener {
public:
    virtual ~MarkListener() = default;
    /// `number` is the mark's place in Mark::names().
    virtual void met(std::size_t number) = 0;
};

/// A place in the code that a search wants to have been at: "a resume finds that the store is down". One line
/// where the code decides:
///
///     if (!store_.up()) DAVENPORT_MARK("a resume finds that the store is down");
///
/// Without a listener, as in every program but a search, a mark costs a load and a branch. A mark is known
/// from the program's start on, so that one which was never met can be named. It changes nothing.
///
/// Threads: each has its own listener.
class Mark {
public:
    explicit Mark(const char* name);

    void met() const {
        if (listener_) listener_->met(number_);
    }

    /// All marks that are linked into this program; equal names are one mark.
    static const std::vector<std::string>& names();
    /// Replaces this thread's listener (not owned; must outlive its registration; nullptr: none). Returns the
    /// previous one.
    static MarkListener* listen(MarkListener* listener);

private:
    static constinit inline thread_local MarkListener* listener_ = nullptr;
    std::size_t number_;
};

/// One mark for each place, made before main() runs.
template <class Place>
inline const Mark mark_of{Place::name()};

}  // namespace davenport::base

// A macro, because only a macro can make a type of its own of each place.
#define DAVENPORT_MARK(text)                                     \
    do {                                                         \
        struct MarkedPlace {                                     \
            static constexpr const char* name() { return text; } \
        };                                                       \
        ::davenport::base::mark_of<MarkedPlace>.met();           \
    } while (false)
