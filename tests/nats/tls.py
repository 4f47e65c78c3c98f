#!/usr/bin/env python3
"""A NATS server with TLS: a node trusts its certificate by --store-ca alone, and says what is wrong else.

    tls.py CHATNODE FOLDER
"""

import os
import shutil
import subprocess
import sys

from programs import Node, free_port, until


def make_certificate(folder):
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    with open(os.path.join(folder, "names"), "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem", "-days", "2",
            "-extfile", "names")


def main():
    program, folder = sys.argv[1], sys.argv[2]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    make_certificate(folder)
    port = free_port()
    nodes = []
    server = subprocess.Popen(["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", os.path.join(folder, "jetstream"), "--tls",
                               "--tlscert", os.path.join(folder, "server.pem"), "--tlskey", os.path.join(folder, "server.key"), "--user", "chat",
                               "--pass", "s3cret"], stderr=open(os.path.join(folder, "nats-server.log"), "ab"))
    authority = ["--store-ca", os.path.join(folder, "ca.pem")]

    def node(name, url, *more):
        nodes.append(Node(program, folder, name, url, *more))
        return nodes[-1]

    def says(name, words):
        path = os.path.join(folder, name + ".log")
        until(lambda: words in open(path).read(), 20, lambda: open(path).read())

    try:
        good = node("good", f"tls://chat:s3cret@127.0.0.1:{port}/chat", *authority)
        until(good.is_up, 20, good.ready)
        assert good.post("lobby", "hello")[0] in (201, 202)
        until(good.is_up, 20, good.ready)
        node("untrusting", f"tls://chat:s3cret@127.0.0.1:{port}/chat")
        says("untrusting", "local issuer certificate")
        node("unknown", f"tls://chat:wrong@127.0.0.1:{port}/chat", *authority)
        says("unknown", "Authorization Violation")
        assert nodes[1].ready()["store"] == nodes[2].ready()["store"] == "down"
    finally:
        for one in nodes:
            if one.process.poll() is None:
                one.end()
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
