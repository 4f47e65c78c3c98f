#pragma once

#include "node/core/store/shared_store.hpp"

#include <memory>

namespace davenport::node {

/// The kind of store that the settings name. The arguments outlive it.
std::unique_ptr<SharedStore> make_store(const ChatConfig& config, base::Random& random, CommitQueue& log,
                                        NodeCounts& counts);

}  // namespace davenport::node
