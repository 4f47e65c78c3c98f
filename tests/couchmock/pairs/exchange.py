"""One request, sent to one server, and its answer as it came."""

import base64
import http.client
import urllib.parse
from dataclasses import dataclass, field


@dataclass
class Request:
    """`who`: "admin", "none", or "user:password". `{kept:N}` in path or body stands for what the server itself gave: see Side."""

    method: str
    path: str
    body: object = None  # bytes, text, or a value for JSON
    headers: dict = field(default_factory=dict)
    who: str = "admin"
    # How it is compared:
    unordered: bool = False  # lists are sets: rows come in no order of their own
    salted: bool = False  # a revision depends on random content (`_users`): only its number is compared
    keep: str = ""  # the name under which the answer's `last_seq` or `_rev` is kept
    status_only: bool = False


@dataclass
class Answer:
    status: int
    headers: dict  # lower case names
    body: bytes
    error: str = ""  # no answer came


class Side:
    """A server under comparison. Keeps the opaque values that it gave, since the other one's mean nothing to it."""

    def __init__(self, url, timeout=20.0):
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname, parts.port or 5984)
        self.admin = f"{parts.username}:{parts.password}" if parts.username else ""
        self.host = f"{parts.hostname}:{parts.port or 5984}"
        self.timeout = timeout
        self.kept = {}
        self.connection = None

    def fill_in(self, text):
        for name, value in self.kept.items():
            text = text.replace("{kept:%s}" % name, value)
        return text

    def send(self, request):
        import json

        body = request.body
        headers = {"Host": self.host, "Accept": "application/json"}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body, ensure_ascii=False)
            headers["Content-Type"] = "application/json"
        if isinstance(body, str):
            body = self.fill_in(body).encode()
            headers.setdefault("Content-Type", "application/json")
        who = self.admin if request.who == "admin" else request.who
        if who and who != "none":
            headers["Authorization"] = "Basic " + base64.b64encode(who.encode()).decode()
        for name, value in request.headers.items():
            if value is None:
                headers.pop(name, None)
            else:
                headers[name] = self.fill_in(value).replace("{host}", self.host)
        if body is None and request.method in ("PUT", "POST"):
            body = b""
        if body is not None:
            headers.setdefault("Content-Length", str(len(body)))
        for attempt in (0, 1):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(*self.address, timeout=self.timeout)
                path = urllib.parse.quote(self.fill_in(request.path), safe="/%?&=:;,+!*'()~#$@[]\"")
                self.connection.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
                for name, value in headers.items():
                    self.connection.putheader(name, value.encode())
                self.connection.endheaders(body)
                answer = self.connection.getresponse()
                read = answer.read()
                low = {}
                for name, value in answer.getheaders():
                    low.setdefault(name.lower(), []).append(value)
                if answer.will_close:
                    self.connection.close()
                    self.connection = None
                return Answer(answer.status, low, read)
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                self.connection = None
                # A connection that the other side closed meanwhile: once more on a new one.
                if attempt == 1 or isinstance(error, TimeoutError):
                    return Answer(0, {}, b"", type(error).__name__)
        raise AssertionError("unreachable")
