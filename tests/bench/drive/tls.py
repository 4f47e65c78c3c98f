"""What TLS costs beside plain: processor time at the held load, memory of idle clients, handshakes beside nginx's."""
import re, subprocess, time

from process import Process, Trouble, find_program
from systems import Davenport


def make_certificate(folder):
    subprocess.run([find_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)


class DavenportTls(Davenport):
    """The same nodes, with TLS for clients."""

    def make(self):
        make_certificate(self.folder)
        super().make()
        for node in self.servers:
            node.command += ["--tls-cert", str(self.folder / "cert.pem"), "--tls-key", str(self.folder / "key.pem")]


def handshakes(port, seconds, how):
    """Connections a second, one after the other. how: -new or -reuse (the session is resumed)."""
    child = subprocess.run([find_program("openssl"), "s_time", "-connect", f"127.0.0.1:{port}", how, "-time", str(seconds), "-www", "/healthz"], capture_output=True,
                           text=True, timeout=60)
    told = re.findall(r"(\d+) connections in ([\d.]+) real seconds", child.stdout)
    if not told:
        raise Trouble(f"openssl s_time: {(child.stderr or child.stdout).strip()[-200:]}")
    count, took = told[-1]
    return int(count) / float(took)


def nginx(bench, folder):
    port = bench.base + 30
    path = folder / "nginx.conf"
    path.write_text(f"pid {folder}/nginx.pid; error_log stderr; worker_processes 1; daemon off;\nevents {{ worker_connections 1000; }}\n"
                    f"http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};\n"
                    f"uwsgi_temp_path {folder}; scgi_temp_path {folder};\nserver {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/cert.pem;\n"
                    f"ssl_certificate_key {folder}/key.pem; ssl_session_tickets on; ssl_protocols TLSv1.2 TLSv1.3; return 200; }} }}\n")
    return Process("nginx", [find_program("nginx"), "-c", path], folder, port)


def tls(bench, kind):
    """1000 messages a second to 200 clients, plain and with TLS; idle TLS clients; handshakes. Ours alone, beside nginx."""
    if kind is not Davenport:
        return None
    load = ("--rate", 1000, "--clients", 100, "--seconds", bench.seconds(6, 2))
    with bench.up(Davenport) as system:
        plain = bench.load(system, *load)
    with bench.up(DavenportTls) as system:
        sealed = bench.load(system, *load, "--tls")
    result = {"cpu_ratio": round(sealed["cpu_servers_s"] / plain["cpu_servers_s"], 2), "plain": plain["cross"], "sealed": sealed["cross"],
              "complete": plain["complete"] and sealed["complete"]}
    result |= idle(bench)
    with bench.up(DavenportTls) as system:
        peer = nginx(bench, system.folder)
        peer.start()
        try:
            node, seconds = system.servers[0], bench.seconds(4, 1)
            for name, server in (("node", node), ("nginx", peer)):
                for how in ("new", "reuse"):
                    result[f"{name}_{how}_per_s"] = round(handshakes(server.port, seconds, "-" + how))
        finally:
            peer.stop()
    return result


def idle(bench):
    """The kilobytes that one more idle client costs, once the first thousand is there."""
    stages = (200, 600) if bench.quick else (1000, 8000)
    with bench.up(DavenportTls) as system:
        child = subprocess.Popen(bench.load_command(system, "--mode", "idle", "--tls", "--stages", ",".join(map(str, stages))), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        resident = []
        try:
            for stage in stages:
                said = child.stdout.readline().split()
                if said[:1] != ["ready"] or int(said[1]) < stage:
                    raise Trouble(f"{' '.join(said)} of {stage} clients")
                time.sleep(bench.seconds(3, 1))
                resident.append(system.servers[0].resident_kb())
                child.stdin.write("\n")
                child.stdin.flush()
            child.communicate(timeout=60)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    return {"kb_per_idle_client": round((resident[1] - resident[0]) / (stages[1] - stages[0]), 2)}
