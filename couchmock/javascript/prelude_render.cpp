#include "couchmock/javascript/prelude.hpp"

namespace davenport::couchmock::javascript {

// Shows, lists, updates and rewrites. What is named in errors is CouchDB's (share/server/render.js).
const std::string_view prelude_render = R"js((function (server, tools) {
var host = this;

// ---- media types by short names, and who provides which
var types = {}, names = {}, provided = [], provides_used = false, content_type = null;
function register(name) {
  types[name] = Array.prototype.slice.call(arguments, 1);
  types[name].forEach(function (type) { names[type] = name; });
}
[['all', '*/*'], ['text', 'text/plain; charset=utf-8', 'txt'], ['html', 'text/html; charset=utf-8'],
 ['xhtml', 'application/xhtml+xml', 'xhtml'], ['xml', 'application/xml', 'text/xml', 'application/x-xml'],
 ['js', 'text/javascript', 'application/javascript', 'application/x-javascript'], ['css', 'text/css'],
 ['ics', 'text/calendar'], ['csv', 'text/csv'], ['rss', 'application/rss+xml'], ['atom', 'application/atom+xml'],
 ['yaml', 'application/x-yaml', 'text/yaml'], ['multipart_form', 'multipart/form-data'],
 ['url_encoded_form', 'application/x-www-form-urlencoded'], ['json', 'application/json', 'text/x-json']
].forEach(function (one) { register.apply(null, one); });

function media(text) {
  var parts = text.split(';').map(function (part) { return part.trim(); });
  var full = parts.shift();
  var halves = (full === '*' ? '*/*' : full).split('/'), parameters = {};
  parts.forEach(function (part) {
    var pair = part.split('=');
    if (pair.length === 2) parameters[pair[0].trim()] = pair[1].trim();
  });
  var quality = parseFloat(parameters.q);
  return {type: halves[0], subtype: halves[1], parameters: parameters, quality: quality >= 0 && quality <= 1 ? quality : 1};
}
// How well `own` fits what a client takes: [fitness, quality] of the range that fits best.
function fitness(own, ranges) {
  var best = [-1, 0];
  ranges.forEach(function (range) {
    var same = range.type === own.type, sub = range.subtype === own.subtype;
    if (!(same || range.type === '*' || own.type === '*') || !(sub || range.subtype === '*' || own.subtype === '*')) return;
    var score = (same ? 100 : 0) + (sub ? 10 : 0);
    for (var name in own.parameters)
      if (name !== 'q' && range.parameters[name] === own.parameters[name]) ++score;
    if (score > best[0]) best = [score, range.quality];
  });
  return best;
}
function best_match(supported, accept) {
  var ranges = accept.split(',').map(media), best = null;
  supported.forEach(function (type) {
    var fit = fitness(media(type), ranges);
    if (!best || fit[0] > best[0] || (fit[0] === best[0] && fit[1] >= best[1])) best = [fit[0], fit[1], type];
  });
  return best && best[1] ? best[2] : '';
}
function run_provided(req) {
  var key = null, accept = req.headers.Accept || req.headers.accept;
  if (req.query && req.query.format) {
    key = req.query.format;
    content_type = types[key][0];
  } else if (accept) {
    var supported = [];
    provided.slice().reverse().forEach(function (one) { if (types[one[0]]) supported = supported.concat(types[one[0]]); });
    content_type = best_match(supported, accept);
    key = names[content_type];
  } else {
    key = provided[0][0];
    content_type = types[key][0];
  }
  for (var i = 0; key && i < provided.length; ++i)
    if (provided[i][0] === key) return provided[i][1].call(tools.design());
  throw ['error', 'not_acceptable', 'Content-Type ' + (accept || key) + ' not supported, try one of: ' +
         provided.map(function (one) { return types[one[0]].join(', ') || one[0]; }).join(', ')];
}
host.registerType = register;
host.provides = function (type, f) { provides_used = true; provided.push([type, f]); };

// ---- what a function sends piece by piece
var chunks, started, head, rows, next_row;
function reset() { chunks = []; started = {}; head = null; rows = null; next_row = 0; }
function reset_all() { reset(); provided = []; provides_used = false; content_type = null; }
function with_type(resp, type) {
  resp.headers = resp.headers || {};
  if (type) resp.headers['Content-Type'] = resp.headers['Content-Type'] || type;
  return resp;
}
host.start = function (resp) {
  started = resp || {};
  if (head && chunks.join('') === '') head = started;  // nothing went out yet
};
host.send = function (chunk) { chunks.push(chunk.toString()); };
host.getRow = function () {
  if (!head) head = with_type(started || {}, content_type);
  return rows && next_row < rows.length ? rows[next_row++] : null;
};

function wrapped(resp) { return typeof resp === 'string' ? {body: resp} : resp; }
function is_answer(resp) {
  return typeof resp === 'string' || (typeof resp === 'object' && resp !== null && !(resp instanceof Array));
}
function fail(e, kind) {
  if (e === null || e === undefined) throw ['error', kind, 'function raised error: ' + e];
  if (tools.is_fatal(e) || (e.error && e.reason) || e[0] === 'error' || e[0] === 'fatal') throw e;
  var text = 'function raised error: ' + tools.own_text(e) + ' \nstacktrace: ' + e.stack;
  tools.log(text);
  throw ['error', kind, text];
}

server.show = function (name, doc, req) {
  var show = tools.of_design(['shows', name]);
  try {
    reset_all();
    var resp = wrapped(show.apply(tools.design(), [doc, req]) || {});
    if (chunks.length > 0) {
      resp.headers = resp.headers || {};
      for (var header in started) resp.headers[header] = started[header];
      resp.body = chunks.join('') + (resp.body || '');
      reset();
    }
    if (provides_used) {
      var more = wrapped(run_provided(req) || {});
      resp.body = (resp.body || '') + chunks.join('') + (more.body || '');
      resp = with_type(resp, content_type);
      reset();
    }
    if (!is_answer(resp)) throw ['error', 'render_error', 'undefined response from show function'];
    return [wrapped(resp)];
  } catch (e) {
    if (doc === null && req.path.length > 5 && !tools.is_fatal(e)) throw ['error', 'not_found', 'document not found'];
    return fail(e, 'render_error');
  }
};
server.update = function (name, doc, req) {
  var update = tools.of_design(['updates', name]);
  try {
    if (req.method === 'GET') throw ['error', 'method_not_allowed', 'Update functions do not allow GET'];
    var result = update.apply(tools.design(), [doc, req]);
    if (!is_answer(result[1])) throw ['error', 'render_error', 'undefined response from update function'];
    return [result[0], wrapped(result[1])];
  } catch (e) {
    return fail(e, 'render_error');
  }
};
server.list = function (name, about, req, given) {
  var list = tools.of_design(['lists', name]);
  try {
    reset_all();
    rows = given;
    var tail = list.apply(tools.design(), [about, req]);
    if (provides_used) tail = run_provided(req);
    if (!head) head = with_type(started || {}, content_type);
    if (tail !== undefined) chunks.push(tail);
    return [head, chunks.join('')];
  } catch (e) {
    return fail(e, 'render_error');
  }
};
server.rewrite = function (req) {
  var rewrite = tools.of_design(['rewrites']), result;
  try { result = rewrite.apply(tools.design(), [req]); } catch (e) { fail(e, 'rewrite_error'); }
  if (!result) return null;
  return typeof result === 'string' ? {path: result, method: req.method} : result;
};
}))js";

}  // namespace davenport::couchmock::javascript
