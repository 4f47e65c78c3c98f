#pragma once

#include <string_view>

namespace davenport::couchmock::javascript {

/// The JavaScript that every heap begins with: the environment that CouchDB's query server gives to
/// functions, and the functions that Engine::call() may name. One expression: a function of one that freezes
/// a value and all in it, which gives the object with those functions.
extern const std::string_view prelude;
/// A function of that object and its tools: adds what makes answers (prelude_render.cpp).
extern const std::string_view prelude_render;

}  // namespace davenport::couchmock::javascript
