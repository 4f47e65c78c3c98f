#include "couchmock/javascript/prelude.hpp"

namespace davenport::couchmock::javascript {

// The words of errors and logs, and which errors are passed on, are CouchDB's (share/server).
const std::string_view prelude = R"js((function (deep_freeze) {
var host = this, evaluate = eval, native_date = Date;
var stringify = JSON.stringify;
var apply = Function.prototype.call.bind(Function.prototype.apply);
var tag_of = Function.prototype.call.bind(Object.prototype.toString);
var server = {now: 0, log: []}, design = {}, modules = {}, compiled = {}, maps = [];

// ---- the sandbox
function none() { throw new EvalError('call to eval() or Function() blocked by CSP'); }
none.prototype = Function.prototype;
Object.defineProperty(Function.prototype, 'constructor', {value: none});
['eval', 'Function', 'Duktape', 'Proxy', 'Reflect', 'performance', 'TextEncoder', 'TextDecoder'].forEach(
  function (name) { delete host[name]; });
var seed = 0x2545f491;
Math.random = function () {
  seed ^= seed << 13; seed ^= seed >>> 17; seed ^= seed << 5;
  return (seed >>> 0) / 4294967296;
};

// Local time is UTC, and the present is what the server says it is.
function SandboxDate(y, m, d, h, min, s, ms) {
  if (!(this instanceof SandboxDate)) return new native_date(server.now).toUTCString();
  var n = arguments.length;
  if (n === 0) return new native_date(server.now);
  if (n === 1) return new native_date(y);
  return new native_date(native_date.UTC(y, m, n > 2 ? d : 1, n > 3 ? h : 0, n > 4 ? min : 0, n > 5 ? s : 0,
                                         n > 6 ? ms : 0));
}
SandboxDate.prototype = native_date.prototype;
SandboxDate.now = function () { return server.now; };
SandboxDate.parse = function (text) { return native_date.parse(text); };
SandboxDate.UTC = native_date.UTC;
['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds'].forEach(function (part) {
  var dates = native_date.prototype;
  dates['get' + part] = dates['getUTC' + part];
  if (part !== 'Day') dates['set' + part] = dates['setUTC' + part];
});
native_date.prototype.getYear = function () { return this.getUTCFullYear() - 1900; };
native_date.prototype.getTimezoneOffset = function () { return 0; };
native_date.prototype.toString = native_date.prototype.toUTCString;
Object.defineProperty(native_date.prototype, 'constructor', {value: SandboxDate});
host.Date = SandboxDate;

// ---- errors
function is_error(e) {
  return e !== null && typeof e === 'object' && 'stack' in e && 'name' in e && 'message' in e;
}
// What couchjs dies of: its memory, or its stack. No function may go on after it.
function is_fatal(e) {
  if (!(e instanceof Error)) return false;
  var text = String(e.message);
  return text === 'alloc failed' || text === 'error in error handling' ||
         /callstack limit|C stack depth limit|valstack limit/.test(text);
}
function own_text(e) {
  try { return e && e.toString ? e.toString() : String(e); } catch (again) { return 'unnamed_error'; }
}
function failure(e) {
  if (is_fatal(e))
    return /stack/.test(e.message) ? ['InternalError', 'stack overflow'] : ['os_process_error', '{exit_status,1}'];
  if (e === null || e === undefined) return ['internal_error', null];
  if (e[0] === 'fatal' || e[0] === 'error') return [e[1], e[2]];
  if (e.error && e.reason) return [e.error, e.reason];
  if (e.name) return [e.name, is_error(e) ? String(e.message) : e];
  return ['unnamed_error', own_text(e)];
}
function view_error(e, doc) {
  if (is_fatal(e)) throw e;
  if (e == 'fatal_error') throw ['error', 'map_runtime_error', "function raised 'fatal_error'"];
  if (e && e[0] === 'fatal') throw e;
  log('function raised exception ' + own_text(e) + (doc ? ' with doc._id ' + doc._id : ''));
}

// ---- what functions find
function plain(value) { return is_error(value) ? {error: value.name, message: value.message} : value; }
function log(message) {
  if (server.log.length < 100)
    server.log[server.log.length] = typeof message === 'string' ? message : String(stringify(plain(message)));
}
var emit_row;
host.emit = function (key, value) { emit_row(key, value); };
host.sum = function (values) { var total = 0; for (var i in values) total += values[i]; return total; };
host.log = log;
host.toJSON = stringify;
host.isArray = function (value) { return tag_of(value) === '[object Array]'; };

// ---- functions and modules
function bad_path(reason) { return ['error', 'invalid_require_path', reason]; }
function find_module(names, at, root) {
  while (names.length > 0) {
    var name = names.shift();
    if (name === '..') {
      if (!(at.parent && at.parent.parent)) throw bad_path('Object has no parent ' + stringify(at.current));
      at = {id: at.id.slice(0, at.id.lastIndexOf('/')), parent: at.parent.parent, current: at.parent.current};
    } else if (name === '.') {
      if (!at.parent) throw bad_path('Object has no parent ' + stringify(at.current));
    } else {
      if (root) at = {current: root};
      if (at.current === null || at.current === undefined || at.current[name] === undefined)
        throw bad_path('Object has no property "' + name + '". ' + stringify(at.current));
      at = {current: at.current[name], parent: at, id: at.id ? at.id + '/' + name : name};
    }
    root = null;
  }
  if (typeof at.current !== 'string')
    throw bad_path('Must require a JavaScript string, not: ' + typeof at.current);
  return {current: at.current, parent: at.parent, id: at.id, exports: {}};
}
function require_from(from) {
  return function (name) {
    var module = find_module(String(name).split('/'), from ? from.parent : {}, design);
    if (!Object.prototype.hasOwnProperty.call(modules, module.id)) {
      modules[module.id] = {};  // a circle of modules finds this
      try {
        var body = evaluate('(function (module, exports, require) { ' + module.current + '\n });');
        apply(body, host, [module, module.exports, require_from(module)]);
      } catch (e) {
        delete modules[module.id];
        if (is_fatal(e)) throw e;
        throw ['error', 'compilation_error', "Module require('" + name + "') raised error " + own_text(e)];
      }
      modules[module.id] = module.exports;
    }
    return modules[module.id];
  };
}
host.require = require_from(null);
function compile(source) {
  if (!source) throw ['error', 'not_found', 'missing function'];
  source = String(source);
  if (Object.prototype.hasOwnProperty.call(compiled, source)) return compiled[source];
  var result;
  try {
    try {
      result = evaluate('(' + source.replace(/[;\s]+$/, '') + '\n)');
    } catch (e) {
      if (is_fatal(e) || !(e instanceof SyntaxError)) throw e;
      try { result = evaluate(source); } catch (again) { throw e; }
    }
  } catch (e) {
    if (is_fatal(e)) throw e;
    throw ['error', 'compilation_error', own_text(e) + ' (' + source + ')'];
  }
  if (typeof result !== 'function')
    throw ['error', 'compilation_error', 'Expression does not eval to a function. (' + source + ')'];
  return compiled[source] = result;
}
function of_design(path) {
  var at = design;
  for (var i = 0; i < path.length; ++i) {
    at = at === null || at === undefined ? undefined : at[path[i]];
    if (!at) throw ['error', 'not_found', 'missing ' + path[0] + ' function ' + path[path.length - 1] +
                    ' on design doc ' + design._id];
  }
  return compile(at);
}

// ---- views
server.try_compile = function (source) { compile(source); return true; };
server.set_maps = function (sources) { maps = sources.map(compile); return true; };
server.map = function (doc) {
  deep_freeze(doc);
  var results = [], rows;
  emit_row = function (key, value) { rows[rows.length] = [key, plain(value)]; };
  for (var i = 0; i < maps.length; ++i) {
    rows = [];
    try { maps[i](doc); } catch (e) { view_error(e, doc); rows = []; }
    results[i] = rows;
  }
  return results;
};
server.reduce = function (source, keys, values, rereduce) {
  var result;
  var reducer = compile(source);
  try { result = reducer(keys, values, rereduce); } catch (e) { view_error(e); result = null; }
  return [result];
};

// ---- filters and validation
server.filter = function (name, docs, req) {
  var passes = of_design(['filters', name]);
  for (var i = 0; i < docs.length; ++i) docs[i] = !!apply(passes, design, [docs[i], req]);
  return docs;
};
server.filter_view = function (name, docs) {
  var map = of_design(['views', name, 'map']), emitted;
  emit_row = function () { emitted = true; };
  for (var i = 0; i < docs.length; ++i) { emitted = false; map(docs[i]); docs[i] = emitted; }
  return docs;
};
server.validate = function (doc, old, user, security) {
  if (!design.validate_doc_update) return 1;
  try {
    apply(of_design(['validate_doc_update']), design, [doc, old, user, security]);
    return 1;
  } catch (e) {
    if (e === null || e === undefined || (e.name && e.stack) || (e[0] === 'error' && e.length === 3)) throw e;
    return e;
  }
};

server.tools = {of_design: of_design, design: function () { return design; }, is_fatal: is_fatal,
                own_text: own_text, log: log};
server.open = function (document) { design = document; modules = {}; return true; };
// What a call answers: how it ended, whether it logged anything, and JSON.
function ended(how, json) { return how + (server.log.length > 0 ? '!' : ' ') + json; }
server.dispatch = function (name, args) {
  try {
    return ended('+', stringify(apply(server[name], null, args)));
  } catch (e) {
    try {
      return ended('-', stringify(failure(e)));
    } catch (again) {
      return is_fatal(again) ? '- ["os_process_error","{exit_status,1}"]' : '- ["unnamed_error",null]';
    }
  }
};
return server;
}))js";

}  // namespace davenport::couchmock::javascript
