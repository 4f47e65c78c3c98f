"""A client's retry, tested against couchmock: a reply is lost, the client sends again, and the document is stored once.

    COUCHMOCK=build/release/bin/couchmock python3 couchmock/examples/retry_test.py
"""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request


def ask(method, url, body=None):
    """The status and the parsed body; a reset connection raises OSError, as it does to any client."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def save(url, document, tries=3):
    """The client under test: it writes a document until the store is known to have it."""
    for _ in range(tries):
        try:
            status, answer = ask("PUT", url, document)
        except OSError:
            continue  # stored or not: nobody knows
        if status in (201, 202, 409):  # 409: an earlier try of ours was stored, and only its answer was lost
            return True
    return False


class Couchmock:
    """couchmock on two free ports: one is the store, the other controls it and stays up while the store is down."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        files = [pathlib.Path(self.folder.name, name) for name in ("port", "control")]
        self.process = subprocess.Popen(
            [os.environ.get("COUCHMOCK", "couchmock"), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0",
             "--port-file", files[0], "--control-port-file", files[1], "--log-level", "off"], stderr=subprocess.DEVNULL)
        self.url, self.control = ("http://127.0.0.1:" + self.await_file(file) for file in files)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    @staticmethod
    def await_file(path):
        for _ in range(100):
            if path.exists() and (text := path.read_text().strip()):
                return text
            time.sleep(0.05)
        raise RuntimeError("couchmock did not start")

    def fault(self, **rule):
        status, answer = ask("POST", self.control + "/_mock/faults", rule)
        assert status == 201, answer


class Retry(unittest.TestCase):
    def test_a_lost_reply_stores_the_document_once(self):
        for lost in range(3):  # the failure is moved through every try
            with self.subTest(lost=lost), Couchmock() as store:
                ask("PUT", store.url + "/db")
                if lost:
                    store.fault(fault="store.lose_reply", count=lost, probability=1, match={"document": "a"})
                self.assertTrue(save(store.url + "/db/a", {"text": "hello"}))
                _, document = ask("GET", store.url + "/db/a")
                self.assertTrue(document["_rev"].startswith("1-"), document)

    def test_a_store_that_is_down_is_told(self):
        with Couchmock() as store:
            store.fault(fault="store.down")
            self.assertFalse(save(store.url + "/db/a", {"text": "hello"}))


if __name__ == "__main__":
    unittest.main()
