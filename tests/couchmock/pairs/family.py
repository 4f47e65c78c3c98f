"""What every family of requests has: seeded choices, and values that are odd in the ways that clients are odd."""

import json
import random
from urllib.parse import quote

from exchange import Request


class Family:
    """A conversation in a database of its own. `play` is a generator: it yields requests and is sent the reference's answers."""

    name = ""
    q = 1  # more shards have no order among themselves

    def __init__(self, seed, database):
        self.random = random.Random(f"{self.name}:{seed}")
        self.db = database
        self.revs = {}  # by document: the winner, as the reference told

    # ---- requests
    def get(self, path, **more):
        return Request("GET", f"/{self.db}{path}", **more)

    def put(self, path, body=None, **more):
        return Request("PUT", f"/{self.db}{path}", body, **more)

    def post(self, path, body=None, **more):
        return Request("POST", f"/{self.db}{path}", body, **more)

    def delete(self, path, **more):
        return Request("DELETE", f"/{self.db}{path}", **more)

    def create(self, **query):
        query.setdefault("q", self.q)
        return Request("PUT", f"/{self.db}" + self.query(query))

    def drop(self):
        return Request("DELETE", f"/{self.db}")

    @staticmethod
    def query(pairs):
        pairs = list(pairs.items()) if isinstance(pairs, dict) else pairs
        return "?" + "&".join(
            f"{name}={quote(str(value), safe='~')}" if "{kept:" not in str(value) else f"{name}={value}" for name, value in pairs
        ) if pairs else ""

    # ---- choices
    def pick(self, *values):
        return self.random.choice(values)

    def chance(self, share):
        return self.random.random() < share

    def some(self, values, least=0, most=None):
        values = list(values)
        most = len(values) if most is None else min(most, len(values))
        return self.random.sample(values, self.random.randint(min(least, most), most))

    def number(self, low, high):
        return self.random.randint(low, high)

    def word(self):
        return self.pick(
            "a", "b", "aa", "ab", "B", "Z", "z", "ä", "é", "ß", "日本", "0", "10", "2", "a b", "a+b", "x/y", "~", "😀", "a.b", "-", "A", "é",
            "_"
        )

    def scalar(self):
        return self.pick(None, True, False, 0, 1, -1, 2, 10, 3.5, -0.25, 1e10, 12345678901234, "", "a", "b", "B", "aa", "é", "10")

    def any_value(self, depth=2):
        if depth == 0 or self.chance(0.6):
            return self.scalar()
        if self.chance(0.5):
            return [self.any_value(depth - 1) for _ in range(self.number(0, 3))]
        return {self.pick("a", "b", "c", "é"): self.any_value(depth - 1) for _ in range(self.number(0, 3))}

    def document(self, depth=2):
        return {name: self.any_value(depth) for name in self.some(["a", "b", "c", "n", "tag", "list"], 0, 4)}

    def revision(self, generation=None):
        generation = generation or self.number(1, 4)
        return f"{generation}-" + "".join(self.random.choice("0123456789abcdef") for _ in range(32))

    def odd_revision(self):
        return self.pick(
            "", "1", "1-", "-1", "abc", "1-abc", "0-0", "2-", "1-zz", "x-abc", "1_abc", "99999999999999999999-ab", "1-ABCDEF",
            self.revision()
        )

    def odd_number(self):
        return self.pick("-1", "0", "1", "2", "abc", "1.5", "", "null", "true", "1000000", '"1"', " 1", "1e2", "[]")

    def odd_flag(self):
        return self.pick("true", "false", "True", "TRUE", "1", "0", "", "null", "yes", '"true"')

    def note(self, answer):
        """Keeps the revision that a write returned."""
        try:
            told = json.loads(answer.body)
        except ValueError:
            return
        if isinstance(told, dict) and "rev" in told and "id" in told:
            self.revs[told["id"]] = told["rev"]

    def rev_of(self, name):
        return self.revs.get(name) or self.revision()


def encoded(text):
    return quote(text, safe="")
