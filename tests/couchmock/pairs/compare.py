"""Whether two answers say the same, apart from what has to differ between two servers."""

import json
import re

HEADERS = [
    "content-type", "etag", "location", "cache-control", "www-authenticate", "set-cookie", "allow", "content-encoding",
    "content-range", "accept-ranges", "content-md5", "content-disposition", "content-location", "access-control-allow-origin", "vary",
    "x-couch-update-newrev", "x-couch-id", "retry-after", "transfer-encoding", "x-couch-full-commit", "last-modified",
]
SEQ_KEYS = {
    "seq", "last_seq", "update_seq", "purge_seq", "purged_infos", "_local_seq", "source_last_seq", "recorded_seq", "start_last_seq",
    "end_last_seq", "committed_seq", "through_seq", "checkpointed_source_seq"
}
OPAQUE_KEYS = {
    "instance_start_time", "ref", "salt", "derived_key", "session_id", "start_time", "end_time", "pid", "uptime", "disk_size",
    "data_size", "file", "active", "external", "signature", "started_on", "updated_on", "execution_time_ms", "_conflict_time",
    "last_updated", "node", "expires", "replication_id", "duration", "iterations", "bookmark", "waiting_commit", "waiting_clients",
    "updater_running", "compact_running", "git_sha", "uuid"
}
OPAQUE_ANY = {"view_index", "sizes", "features"}  # what a background indexer has done so far, and what was built in
OPAQUE_TEXT = [
    (re.compile(r"\b\d+-g[0-9A-Za-z_-]{20,}"), "SEQ"),
    (re.compile(r'"[0-9A-Z]{20,30}"'), '"OPAQUE"'),
    (re.compile(r"AuthSession=[^;]+"), "AuthSession=OPAQUE"),
    (re.compile(r"expires=[^;]+", re.I), "expires=OPAQUE"),
    (re.compile(r"\b(pair|node|couchdb)\d*@127\.0\.0\.1"), "NODE"),
]
REVISION = re.compile(r"(\d+)-[0-9a-f]{32}")
SEQ = re.compile(r"(\d+)(-.*)?$", re.S)
ALONE = re.compile(r"(?<![0-9A-Za-z-])[0-9a-f]{32}(?![0-9A-Za-z])")
ERLANG = re.compile(r"<\d+\.\d+\.\d+>|#Ref<[^>]*>|#Fun<[^>]*>")


class Names:
    """Gives what is opaque on a side a name by the order in which it came, so that equal places get equal names."""

    def __init__(self):
        self.seen = {}

    def name(self, value):
        return self.seen.setdefault(value, f"uuid{len(self.seen)}")


class Normalizer:
    def __init__(self, side):
        self.side = side
        self.uuids = Names()

    def text(self, text, salted=False):
        text = text.replace(self.side.host, "HOST")
        for pattern, word in OPAQUE_TEXT:
            text = pattern.sub(word, text)
        text = ERLANG.sub("ERLANG", text)
        if salted:
            text = REVISION.sub(r"\1-REV", text)
        return ALONE.sub(lambda found: self.uuids.name(found.group(0)), text)

    def value(self, value, key=None, salted=False):
        if key in OPAQUE_KEYS and not isinstance(value, (dict, list)):
            return type(value).__name__
        if key in OPAQUE_ANY:
            return type(value).__name__
        if key == "ids" and isinstance(value, list):
            return value  # a revision's parents follow from the content
        if key in SEQ_KEYS and isinstance(value, (str, int)):
            found = SEQ.match(str(value))
            if found:
                return "SEQ" + found.group(1)
        if isinstance(value, str):
            return self.text(value, salted)
        if isinstance(value, list):
            return [self.value(item, None, salted) for item in value]
        if isinstance(value, dict):
            return {self.text(name, salted): self.value(item, name, salted) for name, item in value.items()}
        return value

    def headers(self, answer, salted):
        out = {}
        for name in HEADERS:
            if name in answer.headers:
                out[name] = [boundary_out(self.text(value, salted)) for value in sorted(answer.headers[name])]
        return out

    def body(self, answer, salted):
        """JSON as a value, several lines of JSON as a list of values, anything else as text."""
        body = answer.body
        kind = (answer.headers.get("content-type") or [""])[0]
        found = re.search(r'boundary="?([^";]+)"?', kind)
        text = body.decode("utf-8", "backslashreplace")
        if found:
            for each in re.findall(r'boundary="?([^\s";]+)', text):
                text = text.replace(each, "INNER")
            return self.text(text.replace(found.group(1), "BOUNDARY"), salted)
        try:
            return self.value(json.loads(text), None, salted)
        except ValueError:
            pass
        out = []
        for line in text.split("\n"):
            prefix = ""
            for start in ("data: ", "id: "):
                if line.startswith(start):
                    prefix, line = start, line[len(start):]
            try:
                parsed = json.loads(line)
                if prefix == "id: ":
                    out.append([prefix, self.value(parsed, "seq", salted)])
                else:
                    out.append([prefix, self.value(parsed, None, salted)])
            except ValueError:
                out.append(prefix + self.text(line, salted))
        # How often a feed wakes up and says so with an empty line depends on when it looks.
        return [line for line in out if line != ""] if "json" in kind or "event" in kind else out


def boundary_out(text):
    return re.sub(r'boundary="?[^";]+"?', "boundary=BOUNDARY", text)


def as_set(value):
    if isinstance(value, dict):
        return {name: as_set(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted((as_set(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def without_seqs(value):
    if isinstance(value, dict):
        return {name: "SEQ" if name in SEQ_KEYS else without_seqs(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_seqs(item) for item in value]
    return value


def first_difference(a, b, path=""):
    """Where two values differ first, and what stands there; None where they are equal."""
    if type(a) is not type(b):
        return path or "/", a, b
    if isinstance(a, dict):
        for name in a:
            if name not in b:
                return f"{path}/{name}", a[name], "(absent)"
            found = first_difference(a[name], b[name], f"{path}/{name}")
            if found:
                return found
        for name in b:
            if name not in a:
                return f"{path}/{name}", "(absent)", b[name]
        return None
    if isinstance(a, list):
        for i, (one, other) in enumerate(zip(a, b)):
            found = first_difference(one, other, f"{path}/{i}")
            if found:
                return found
        if len(a) != len(b):
            return f"{path}/length", len(a), len(b)
        return None
    return None if a == b else (path or "/", a, b)


def is_slip(answer):
    """A request that CouchDB refuses by falling over it: what it says then is Erlang. Any refusal is as good."""
    return answer.status == 500


def compare(request, theirs, ours, normal_theirs, normal_ours):
    """None, or (place, theirs, ours)."""
    if theirs.error or ours.error:
        return None if bool(theirs.error) == bool(ours.error) else ("answer", theirs.error or theirs.status, ours.error or ours.status)
    body_theirs = normal_theirs.body(theirs, request.salted)
    body_ours = normal_ours.body(ours, request.salted)
    if is_slip(theirs) and ours.status >= 400:
        return None
    if theirs.status != ours.status:
        return "status", [theirs.status, body_theirs], [ours.status, body_ours]
    if theirs.status >= 500 or request.status_only:
        return None  # CouchDB's own slips: its stack, in its words
    headers_theirs, headers_ours = normal_theirs.headers(theirs, request.salted), normal_ours.headers(ours, request.salted)
    found = first_difference(headers_theirs, headers_ours, "header")
    if found:
        return found
    if request.unordered:
        body_theirs, body_ours = as_set(without_seqs(body_theirs)), as_set(without_seqs(body_ours))
    return first_difference(body_theirs, body_ours, "body")
