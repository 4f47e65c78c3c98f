"""node/container as it stands: the image is built from the Containerfile, and the services of compose.yaml chat behind its haproxy.cfg.

    container.py FOLDER_OF_PACKAGES FOLDER_OF_PROGRAMS SCRATCH

As root; needs the network (Debian's packages), mmdebstrap, buildah, ip, dnsmasq, haproxy and python3-yaml. No registry is asked: the base image is made by mmdebstrap.
Each service gets a network of its own, and names are resolved as compose's DNS does. couchmock stands for the store's image, this machine's haproxy for the proxy's.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import yaml

source = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
packages, programs, scratch = (os.path.abspath(path) for path in sys.argv[1:4])
folder = os.path.join(source, "node/container")
network = "172.30.77"
storage = ["--root", f"{scratch}/storage", "--runroot", f"{scratch}/run", "--storage-driver", "vfs"]
mark = f"dvp{os.getpid() % 10000}"
started, namespaces = [], []


def sh(*args, **more):
    return subprocess.run(args, check=True, text=True, capture_output=True, **more).stdout.strip()


def buildah(command, *args):
    return sh("buildah", command, *storage, *args)


def start(name, args, **more):
    log = open(f"{scratch}/{name}.log", "w")
    started.append((name, subprocess.Popen(args, stdout=log, stderr=log, **more)))


def within(name, args):
    return ["ip", "netns", "exec", f"{mark}-{name}", *args]


def ask(url, body=None):
    """From the machine itself, as a browser does."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"}), timeout=5) as answer:
        return json.load(answer)


def until(what, condition, patience_s=30):
    end = time.monotonic() + patience_s
    while True:
        try:
            found = condition()
        except (OSError, subprocess.CalledProcessError):
            found = None
        if found:
            return found
        assert time.monotonic() < end, f"waited {patience_s} s for {what}"
        time.sleep(0.2)


def build_image(service):
    """What `docker compose build` would do with the service's own words."""
    sh("mmdebstrap", "--quiet", "--variant=minbase", "bookworm", f"{scratch}/base.tar")
    base = buildah("from", "scratch")
    buildah("add", "-q", base, f"{scratch}/base.tar", "/")
    context = os.path.normpath(os.path.join(folder, service["build"]["context"]))
    file = os.path.normpath(os.path.join(context, service["build"]["dockerfile"]))
    assert context.endswith("build/release/packages") and file == os.path.join(folder, "Containerfile"), (context, file)
    base_name = re.search(r"^FROM (\S+)", open(file).read(), re.M)[1]
    buildah("commit", "-q", "--format", "docker", base, f"docker.io/library/{base_name}")
    buildah("build", "--format", "docker", "--pull-never", "--isolation", "chroot", "-t", service["image"], "-f", file, packages)


def lay_networks(names):
    sh("ip", "link", "add", mark, "type", "bridge")
    sh("ip", "addr", "add", f"{network}.1/24", "dev", mark)
    sh("ip", "link", "set", mark, "up")
    addresses = {}
    for i, name in enumerate(names):
        addresses[name] = f"{network}.{i + 2}"
        namespace, near, far = f"{mark}-{name}", f"{mark}v{i}", f"{mark}w{i}"
        sh("ip", "netns", "add", namespace)
        namespaces.append(namespace)
        os.makedirs(f"/etc/netns/{namespace}")  # what `ip netns exec` puts in the place of /etc/resolv.conf; buildah passes no loopback address on
        with open(f"/etc/netns/{namespace}/resolv.conf", "w") as file:
            file.write(f"nameserver {addresses[name]}\n")
        sh("ip", "link", "add", near, "type", "veth", "peer", "name", far)
        sh("ip", "link", "set", near, "master", mark, "up")
        sh("ip", "link", "set", far, "netns", namespace)
        for command in (["link", "set", "lo", "up"], ["addr", "add", f"{addresses[name]}/24", "dev", far], ["link", "set", far, "up"]):
            sh(*within(name, ["ip", *command]))
        hosts = "".join(f"--host-record={one},{network}.{j + 2} " for j, one in enumerate(names)).split()
        start(f"dns-{name}", within(name, ["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", f"--listen-address=127.0.0.11,{addresses[name]}",
                                          "--bind-interfaces", "--user=root", "--pid-file=", *hosts]))
    return addresses


def run_node(name, service, password_file):
    """With the image's own entry point, user and settings, and what compose.yaml adds."""
    container = buildah("from", "--pull-never", f"localhost/{service['image']}")
    root = buildah("mount", container)
    config = json.loads(buildah("inspect", "--type", "container", container))["Docker"]["config"]
    options = [f"--env={key}={value}" for key, value in service["environment"].items()]
    for secret in service["secrets"]:
        options.append(f"--volume={password_file}:/run/secrets/{secret}:ro")
    journal = f"{scratch}/journal-{name}"
    os.mkdir(journal)
    shutil.copystat(f"{root}/var/lib/davenport", journal)
    owner = os.stat(f"{root}/var/lib/davenport")
    os.chown(journal, owner.st_uid, owner.st_gid)  # a new volume takes over what the image has in its place
    options.append(f"--volume={journal}:{service['volumes'][0].split(':')[1]}")
    run = ["buildah", "run", *storage, "--isolation", "chroot", *options, container, "--"]
    start(name, within(name, [*run, *config["Entrypoint"]]))
    check = config["Healthcheck"]["Test"]
    assert check[0] == "CMD", check
    return within(name, [*run, *check[1:]])


def main():
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    services = yaml.safe_load(open(f"{folder}/compose.yaml"))["services"]
    build_image(services["node-a"])
    password = "a secret of the compose file"
    password_file = f"{scratch}/store-password"
    open(password_file, "w").write(password)
    os.chmod(password_file, 0o644)  # as the reader of a file secret needs it
    addresses = lay_networks(services)
    start("store", within("store", [f"{programs}/couchmock", "--listen", "0.0.0.0:5984", "--admin", f"chat:{password}"]))
    health = {name: run_node(name, services[name], password_file) for name in ("node-a", "node-b")}
    shutil.copy(f"{folder}/haproxy.cfg", f"{scratch}/haproxy.cfg")
    start("proxy", within("proxy", ["haproxy", "-f", f"{scratch}/haproxy.cfg"]))
    published = int(services["proxy"]["ports"][0].split(":")[-1])
    url = f"http://{addresses['proxy']}:{published}"

    nodes = {name: f"http://{addresses[name]}:8080" for name in health}
    for name, node in nodes.items():
        until(f"{name} to have its store", lambda node=node: ask(f"{node}/readyz")["store"] == "up")
        print(f"{name}: {sh(*health[name]).splitlines()[0]}")
    until("the proxy to have nodes", lambda: ask(f"{url}/readyz"))
    ask(f"{url}/api/rooms/lobby/messages", {"user": "ann", "text": "hello from a container"})
    for name, node in nodes.items():
        until(f"{name} to show it", lambda node=node: any(one.get("text") == "hello from a container" for one in ask(f"{node}/api/rooms/lobby/poll")["messages"]))
    # One node ends as compose ends it; people go on at the other, and the journal is in its volume.
    by_name = dict(started)
    stop(by_name["node-a"])
    assert os.path.getsize(f"{scratch}/journal-node-a/chat.journal") > 0
    until("the proxy to go on with the other", lambda: ask(f"{url}/api/rooms/lobby/messages", {"user": "ann", "text": "still here"}))
    stop(by_name["node-b"])
    print("built, started by compose.yaml's words, chatted through haproxy.cfg, stopped")


def stop(process, patience_s=15):
    """SIGTERM to what buildah runs, as a container's engine sends it to the first process."""
    for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
        try:
            words = open(f"/proc/{pid}/cmdline").read().split("\0")
            if words[0].split("/")[-1] == "chatnode" and is_below(pid, process.pid):
                os.kill(pid, signal.SIGTERM)
        except OSError:
            continue
    assert process.wait(patience_s) == 0, f"it ended with {process.returncode}"


def is_below(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
    return False


try:
    main()
except BaseException:
    for name, _ in started:
        sys.stderr.write(f"--- {name}\n{open(f'{scratch}/{name}.log').read()[-2000:]}\n")
    raise
finally:
    for _, process in reversed(started):
        if process.poll() is None:
            process.terminate()
    for _, process in started:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    for namespace in namespaces:
        subprocess.run(["ip", "netns", "del", namespace], check=False)
        shutil.rmtree(f"/etc/netns/{namespace}", ignore_errors=True)
    subprocess.run(["ip", "link", "del", mark], check=False, capture_output=True)
    subprocess.run(["buildah", "rm", *storage, "--all"], check=False, capture_output=True)
    if os.environ.get("KEEP") is None:
        shutil.rmtree(scratch, ignore_errors=True)
