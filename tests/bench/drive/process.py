"""Processes that a measurement starts: each is ended by its own pid, and none outlives the driver."""
import ctypes, json, os, pathlib, resource, shutil, signal, socket, subprocess, time

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class Trouble(Exception):
    """A measurement that cannot be made; its text says why."""


def find_program(name):
    path = shutil.which(name, path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
    if not path:
        raise Trouble(f"{name} is not installed")
    return path


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _in_child():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A server on one port of 127.0.0.1, with its output in `folder`/`name`.log."""

    def __init__(self, name, command, folder, port):
        self.name, self.command, self.folder, self.port = name, [str(word) for word in command], pathlib.Path(folder), port
        self.child = None

    def start(self, patience=15):
        if answers(self.port):  # whoever else answers there would be measured in our stead
            raise Trouble(f"port {self.port} is taken")
        with open(self.log(), "ab") as log:
            self.child = subprocess.Popen(self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True, preexec_fn=_in_child)
        end = time.monotonic() + patience
        while not answers(self.port):
            if self.child.poll() is not None:
                raise Trouble(f"{self.name} ended at once: {self.last_words()}")
            if time.monotonic() > end:
                raise Trouble(f"{self.name} does not listen: {self.last_words()}")
            time.sleep(0.005)

    def log(self):
        return self.folder / f"{self.name}.log"

    def last_words(self):
        lines = self.log().read_text(errors="replace").splitlines()
        return lines[-1] if lines else "without a word"

    @property
    def pid(self):
        return self.child.pid

    def kill(self):
        if self.child and self.child.poll() is None:
            os.kill(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(3)
            except subprocess.TimeoutExpired:
                self.kill()

    def resident_kb(self):
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1])
        raise Trouble(f"no memory figure of {self.name}")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_quiet(patience):
    """Until the rest of the machine is nearly idle for half a second; whether it was in time."""

    def busy():
        ticks = [int(word) for word in open("/proc/stat").readline().split()[1:9]]
        return sum(ticks) - ticks[3] - ticks[4], sum(ticks)

    end = time.monotonic() + patience
    while True:
        before, all_before = busy()
        time.sleep(0.5)
        after, all_after = busy()
        if after - before < 0.08 * (all_after - all_before):
            return True
        if time.monotonic() > end:
            return False


def read_result(out, errors=""):
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        raise Trouble(f"the load client said nothing: {errors.strip()[:200]}")
    result = json.loads(lines[-1])
    if "error" in result:
        raise Trouble(result["error"])
    return result


def end(child):
    if child.poll() is None:
        child.send_signal(signal.SIGKILL)
        child.wait()
