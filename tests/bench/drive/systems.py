"""What is measured: two servers that are one chat, of our kind and of the kinds that people would pick instead."""
import base64, json, os, pathlib, shutil, sys, tempfile, time, urllib.error, urllib.parse, urllib.request

from process import Process, Trouble, find_program

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"


class System:
    """`servers`: where clients go, the first is A; `store`: what joins them, if anything does; `link`: a relay that can be cut."""

    protocol = "relay"
    settle = 0.3
    fault = "the hub is killed"

    def __init__(self, programs, base_port, cuttable=False, durable=False):
        self.programs, self.base, self.cuttable, self.durable = pathlib.Path(programs), base_port, cuttable, durable
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.store = self.link = None
        self.servers = []
        self.make()

    def processes(self):
        return [process for process in (self.store, self.link, *self.servers) if process]

    def start(self):
        for process in self.processes():
            process.start()
        time.sleep(self.settle)

    def stop(self):
        for process in reversed(self.processes()):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def relay(self, port, to):
        return Process("link", [sys.executable, HERE / "relay.py", port, to], self.folder, port)

    # What joins the servers goes away, and comes back.
    def lose_hub(self):
        hub = self.store or self.link
        if not hub:
            raise Trouble("nothing joins the servers that could be lost")
        hub.kill()

    def return_hub(self):
        (self.store or self.link).start()


class Davenport(System):
    protocol = "davenport"
    settle = 1.0
    nodes = 2
    fault = "couchmock refuses and resets all connections (store.down)"

    def make(self):
        self.control = self.base + 9
        self.store = Process("store", [self.programs / "couchmock", "--listen", f"127.0.0.1:{self.base}", "--control",
                                       f"127.0.0.1:{self.control}", "--log-level", "warning"], self.folder, self.base)
        self.servers = [self.node(number) for number in range(self.nodes)]

    def node(self, number):
        port = self.base + 10 + number
        return Process(f"node{number}", [self.programs / "chatnode", "--store", f"http://127.0.0.1:{self.base}/chat", "--name",
                                         f"n{number}", "--listen", f"127.0.0.1:{port}", "--journal",
                                         self.folder / f"node{number}.journal", "--log-level", "warning",
                                         "--posts-per-second", 0], self.folder, port)

    def lose_hub(self):
        self.ask(self.control, "POST", "/_mock/faults", {"name": "outage", "fault": "store.down"})

    def return_hub(self):
        self.ask(self.control, "DELETE", "/_mock/faults/outage")

    def backlog(self):
        return self.ask(self.servers[0].port, "GET", "/readyz")["backlog"]

    @staticmethod
    def ask(port, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or b"null")


class DavenportOnNats(Davenport):
    """The same nodes, joined by a stream of one NATS server."""

    fault = "nats-server is killed"

    def make(self):
        self.store = Process("store", [find_program("nats-server"), "-a", "127.0.0.1", "-p", self.base, "-js", "-sd",
                                       self.folder / "jetstream"], self.folder, self.base)
        self.servers = [self.node(number) for number in range(self.nodes)]
        for node in self.servers:
            node.command[node.command.index("--store") + 1] = f"nats://127.0.0.1:{self.base}/chat"

    def lose_hub(self):
        System.lose_hub(self)

    def return_hub(self):
        System.return_hub(self)


class DavenportOnCouchdb(Davenport):
    """The same nodes on a CouchDB that runs already, in a database of its own; it is not started, lost or stopped here."""

    url = ""  # http://user:password@host:port, of --couchdb
    fault = "nothing that could be lost"

    def make(self):
        if not self.url:
            raise Trouble("no --couchdb URL was given")
        self.database = f"bench-{os.getpid()}-{time.time_ns() // 1_000_000}"
        self.servers = [self.node(number) for number in range(self.nodes)]
        for node in self.servers:
            node.command[node.command.index("--store") + 1] = f"{self.url.rstrip('/')}/{self.database}"

    def lose_hub(self):
        System.lose_hub(self)

    def stop(self):
        super().stop()
        ask_couchdb(self.url, "DELETE", "/" + self.database)


def before_couchdb(url):
    """Davenport with couchmock before that CouchDB, so that it can be lost without touching it; a database of its own."""

    class BeforeCouchdb(Davenport):
        database = f"bench-{os.getpid()}-{time.time_ns() // 1_000_000}"

        def make(self):
            super().make()
            self.store.command += ["--upstream", url]
            user, _, _ = url.partition("//")[2].rpartition("@")
            for node in self.servers:
                node.command[node.command.index("--store") + 1] = f"http://{user}{'@' if user else ''}127.0.0.1:{self.base}/{self.database}"

        def stop(self):
            for server in self.servers:
                server.stop()
            ask_couchdb(url, "DELETE", "/" + self.database)
            super().stop()

    return BeforeCouchdb


def authorization(url):
    user, at, _ = url.partition("//")[2].rpartition("@")
    return f"Basic {base64.b64encode(urllib.parse.unquote(user).encode()).decode()}" if at else ""


def ask_couchdb(url, method, path):
    request = urllib.request.Request(f"http://{address(url)}{path}", method=method)
    if authorization(url):
        request.add_header("Authorization", authorization(url))
    try:
        urllib.request.urlopen(request, timeout=30).read()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise


def address(url):
    return url.partition("//")[2].rpartition("@")[2].strip("/")


class Floor(System):
    """Two of the least possible relays, joined by one connection."""

    def make(self):
        program, hop = self.programs / "bench_floor", self.base + 3
        self.servers = [
            Process("a", [program, "--port", self.base + 1, "--peer-listen", hop], self.folder, self.base + 1),
            Process("b", [program, "--port", self.base + 2, "--peer", hop], self.folder, self.base + 2)]


class FloorEager(System):
    """One process that writes each message at once to each client."""

    def make(self):
        self.servers = [Process("a", [self.programs / "bench_floor", "--port", self.base + 1, "--eager"], self.folder, self.base + 1)]


class WsRedis(System):
    """Node's ws with Redis publish and subscribe."""

    fault = "redis-server is killed"

    def make(self):
        if not (PEERS / "node_modules").exists():
            raise Trouble("ws and redis are not installed (./dev bench --peers)")
        node = find_program("node")
        self.store = Process("redis", [find_program("redis-server"), "--port", self.base, "--bind", "127.0.0.1", "--save", "",
                                       "--appendonly", "no", "--client-output-buffer-limit", "pubsub 0 0 0"], self.folder, self.base)
        self.servers = [Process(name, [node, PEERS / "ws_redis.mjs", port, self.base], self.folder, port)
                        for name, port in (("a", self.base + 1), ("b", self.base + 2))]


class DavenportOnThreeNats(Davenport):
    """The same nodes, joined by a stream of three NATS servers, each of which has a copy."""

    settle = 12.0  # an election takes some seconds
    fault = "two of three nats-servers are killed"

    def make(self):
        ports = [self.base + i for i in range(3)]
        routes = [self.base + 3 + i for i in range(3)]
        self.stores = [Process(f"store{i}", [find_program("nats-server"), "-c", self.write(f"store{i}.conf", (
            f'server_name: s{i}\nlisten: "127.0.0.1:{ports[i]}"\njetstream {{ store_dir: "{self.folder}/jetstream{i}" }}\n'
            f'cluster {{ name: c, listen: "127.0.0.1:{routes[i]}", routes: [{", ".join(f"nats://127.0.0.1:{port}" for port in routes)}] }}\n'))],
                                   self.folder, ports[i]) for i in range(3)]
        self.servers = [self.node(number) for number in range(self.nodes)]
        for node in self.servers:
            node.command[node.command.index("--store") + 1] = "nats://" + ",".join(f"127.0.0.1:{port}" for port in ports) + "/chat"

    def processes(self):
        return [*self.stores, *self.servers]

    def lose_hub(self):
        for store in self.stores[1:]:
            store.kill()

    def return_hub(self):
        for store in self.stores[1:]:
            store.start()


class Nats(System):
    protocol = "nats"
    settle = 1.5
    fault = "the link between the servers is cut"

    def make(self):
        program = find_program("nats-server")
        a, b, route_a, route_b, cut = (self.base + i for i in range(1, 6))
        if self.cuttable:
            self.link = self.relay(cut, route_b)
        to = cut if self.cuttable else route_b
        files = {
            "a": f'listen: "127.0.0.1:{a}"\nserver_name: a\nmax_connections: 60000\ncluster {{ name: c, listen: "127.0.0.1:{route_a}", '
                 f'no_advertise: true, routes: ["nats://127.0.0.1:{to}"] }}\n',
            "b": f'listen: "127.0.0.1:{b}"\nserver_name: b\nmax_connections: 60000\ncluster {{ name: c, listen: "127.0.0.1:{route_b}", '
                 'no_advertise: true }\n'}
        self.servers = [Process(name, [program, "-c", self.write(f"{name}.conf", files[name])], self.folder, port)
                        for name, port in (("a", a), ("b", b))]


class Ngircd(System):
    protocol = "irc"
    settle = 2.5
    fault = "the link between the servers is cut"

    def make(self):
        program = find_program("ngircd")
        a, b, cut = self.base + 1, self.base + 2, self.base + 3
        if self.cuttable:
            self.link = self.relay(cut, b)
        to = cut if self.cuttable else b
        links = {"a": f"Name = b.localhost\nHost = 127.0.0.1\nPort = {to}\nMyPassword = one\nPeerPassword = two\n",
                 "b": "Name = a.localhost\nMyPassword = two\nPeerPassword = one\nPassive = yes\n"}
        self.servers = [Process(name, [program, "-n", "-f", self.write(f"{name}.conf", self.settings(name, port, links[name]))],
                                self.folder, port) for name, port in (("b", b), ("a", a))]
        self.servers.reverse()

    @staticmethod
    def settings(name, port, link):
        return (f"[Global]\nName = {name}.localhost\nInfo = {name}\nListen = 127.0.0.1\nPorts = {port}\nAdminInfo1 = x\nMotdPhrase = hi\n"
                "[Limits]\nConnectRetry = 1\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxPenaltyTime = 0\n"
                "PingTimeout = 120\nPongTimeout = 60\n"
                f"[Options]\nDNS = no\nIdent = no\nPAM = no\nSyslogFacility = user\n[SSL]\n[Server]\n{link}")


class Mosquitto(System):
    protocol = "mqtt"
    settle = 2
    fault = "the bridge between the servers is cut"

    def make(self):
        program = find_program("mosquitto")
        a, b, cut = self.base + 1, self.base + 2, self.base + 3
        if self.cuttable:
            self.link = self.relay(cut, b)
        to = cut if self.cuttable else b
        quality = 1 if self.durable else 0
        user = f"user {'root' if os.geteuid() == 0 else 'mosquitto'}\n"

        def settings(name, port):
            keep = f"persistence true\npersistence_location {self.folder}/{name}-db/\nautosave_interval 1\n" if self.durable else ""
            (self.folder / f"{name}-db").mkdir()
            return (f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nlog_type error\n{user}{keep}"
                    "max_queued_messages 0\nmax_inflight_messages 0\n")

        bridge = (f"connection ab\naddress 127.0.0.1:{to}\ntopic chat/# both {quality}\ncleansession {'false' if quality else 'true'}\n"
                  "restart_timeout 1\nbridge_protocol_version mqttv311\nremote_clientid ab\n")
        files = {"a": settings("a", a) + bridge, "b": settings("b", b)}
        self.servers = [Process(name, [program, "-c", self.write(f"{name}.conf", files[name])], self.folder, port)
                        for name, port in (("a", a), ("b", b))]


SYSTEMS = {"davenport": Davenport, "davenport-couchdb": DavenportOnCouchdb, "davenport-nats": DavenportOnNats, "davenport-nats3": DavenportOnThreeNats, "floor": Floor, "floor-eager": FloorEager, "ws-redis": WsRedis, "nats": Nats, "ngircd": Ngircd,
           "mosquitto": Mosquitto}
