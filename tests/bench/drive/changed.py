"""What changes cost: a long history of which a tenth was edited, beside itself before; and the erasure of a tenth of it."""
import json, random, subprocess, time, urllib.request

from process import Trouble
from systems import Davenport

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
AT_ONCE = 2000
ROOMS = 20


def message_id(number, unix_ms, noise):
    value, letters = (unix_ms << 80) | noise, ""
    for _ in range(26):
        letters, value = ALPHABET[value & 31] + letters, value >> 5
    return f"room{number % ROOMS}:{letters}"


def documents(count):
    """As nodes write them; a tenth is anna's, and no edit is of hers."""
    draw = random.Random(5)
    begin = int(time.time() * 1000) - count * 50 - 1000
    for number in range(count):
        at = begin + number * 50
        yield {"_id": message_id(number, at, draw.getrandbits(64)), "user": "anna" if number % 10 == 0 else f"user{draw.randrange(200)}",
               "msg": f"word{draw.randrange(5000)} " * 8, "host": "n1",
               "datetime": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at / 1000)) + f".{at % 1000:03}Z"}


class Store:
    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/chat"

    def write(self, batch):
        request = urllib.request.Request(self.url + "/_bulk_docs", method="POST", data=json.dumps({"docs": batch}).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            rows = json.load(answer)
        for document, row in zip(batch, rows):
            document["_rev"] = row["rev"]

    def write_all(self, all_documents):
        for at in range(0, len(all_documents), AT_ONCE):
            self.write(all_documents[at:at + AT_ONCE])


def wait_for(system, node, document, patience):
    """Until the node gives this message with this text: the feed has an order, so it has all before it."""
    room = document["_id"].split(":")[0]
    end = time.monotonic() + patience
    while time.monotonic() < end:
        told = system.ask(node.port, "GET", f"/api/rooms/{room}/messages?limit=1")["messages"]
        if told and told[0]["id"] == document["_id"] and told[0]["text"] == document["msg"]:
            return
        time.sleep(0.1)
    raise Trouble("the node did not read the store in time")


def rest(system, node):
    """The journal's bytes when the node has ended, and the seconds until it answers again. It has taken its log into the file by then."""
    node.child.terminate()
    node.child.wait(30)
    files = [path for path in system.folder.iterdir() if path.name in ("node0.journal", "node0.journal-wal")]
    size = sum(path.stat().st_size for path in files)
    begin = time.monotonic()
    node.start()
    system.backlog()
    return size, round(time.monotonic() - begin, 3)


def changed(bench, kind):
    """1,000,000 messages, of which one in ten is edited, and then one in ten erased while people chat. Ours alone."""
    count = 20_000 if bench.quick else 1_000_000
    if kind is not Davenport:
        return None
    from cases import end, read_result
    with bench.up(type("Alone", (Davenport,), {"nodes": 1})) as system:
        node, store = system.servers[0], Store(system.base)
        all_documents = list(documents(count))
        store.write_all(all_documents)
        wait_for(system, node, all_documents[-1], 300)
        plain_bytes, plain_ready = rest(system, node)
        edited = all_documents[9::10]
        for document in edited:
            document["msg"] = "again " + document["msg"]
        store.write_all(edited)
        wait_for(system, node, all_documents[-1], 300)
        edited_bytes, edited_ready = rest(system, node)
        chat = ("--rate", 50, "--clients", 10, "--drain", 1)
        idle = bench.load(system, *chat, "--seconds", bench.seconds(8, 2))
        child = subprocess.Popen(bench.load_command(system, *chat, "--seconds", bench.seconds(30, 3)), stdout=subprocess.PIPE, text=True)
        try:
            child.stdout.readline()
            begin = time.monotonic()
            erased = subprocess.run([bench.programs / "chatnode", "erase", "--store", store.url, "--user", "anna"], capture_output=True, text=True,
                                    timeout=180)
            erase_s = time.monotonic() - begin
            out, _ = child.communicate(timeout=60)
        finally:
            end(child)
        if erased.returncode != 0:
            raise Trouble(f"chatnode erase: {erased.stderr.strip()[-200:]}")
        erasing = read_result(out)
    return {"messages": count, "edited": len(edited), "journal_bytes": plain_bytes, "journal_bytes_edited": edited_bytes,
            "journal_ratio": round(edited_bytes / plain_bytes, 3), "ready_s": plain_ready, "ready_edited_s": edited_ready,
            "erased": len(all_documents[::10]), "erase_s": round(erase_s, 1), "local_idle": idle["local"], "local_erasing": erasing["local"],
            "local": erasing["local"]}
