#pragma once

/// All that a C++ test needs of couchmock: MockServer listens on a free port; MockStore has no socket and a
/// clock that the test drives. Link couchmock_embed.
#include "couchmock/embed/mock_server.hpp"
#include "couchmock/embed/mock_store.hpp"
