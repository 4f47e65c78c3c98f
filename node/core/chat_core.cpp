#include "node/core/chat_core.hpp"
