#!/usr/bin/env python3
"""A NATS server that lets in who has a JWT of its operator: a node chats with the right credentials file, and says what is wrong with another one.

    credentials.py CHATNODE FOLDER
"""

import os
import shutil
import subprocess
import sys
import time

from accounts import Key, account_claims, user_of
from programs import Node, free_port, until


def main():
    program, folder = sys.argv[1], sys.argv[2]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    operator = Key(folder, "operator", "operator")
    chat, system, stranger = (Key(folder, "account", name) for name in ("chat", "system", "stranger"))
    port = free_port()
    config = os.path.join(folder, "nats.conf")
    with open(config, "w") as file:
        file.write(f"""listen: 127.0.0.1:{port}
jetstream {{ store_dir: "{os.path.join(folder, "jetstream")}" }}
operator: {operator.vouch(operator, {})}
system_account: {system.public}
resolver: MEMORY
resolver_preload: {{
  {chat.public}: {operator.vouch(chat, account_claims(True))}
  {system.public}: {operator.vouch(system, account_claims(False))}
}}
""")
    server = subprocess.Popen(["nats-server", "-c", config], stderr=open(os.path.join(folder, "nats-server.log"), "ab"))
    url, nodes = f"nats://127.0.0.1:{port}/chat", []

    def node(name, *more):
        nodes.append(Node(program, folder, name, url, *more))
        return nodes[-1]

    def says(name, words):
        path = os.path.join(folder, name + ".log")
        until(lambda: words in open(path).read(), 20, lambda: open(path).read())

    def check(*more):
        done = subprocess.run([program, "--check-config", "--store", url, *more], capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout + done.stderr

    def refused(path, *words):
        code, told = check("--store-credentials", path)
        assert code == 64 and "store-credentials" in told and all(word in told for word in words), (code, told)

    try:
        right = user_of(chat, folder, "right")
        assert check("--store-credentials", right)[0] == 0, check("--store-credentials", right)
        good = node("good", "--store-credentials", right)
        until(good.is_up, 20, good.ready)
        assert good.post("lobby", "hello")[0] in (201, 202)
        until(good.is_up, 20, good.ready)

        # The server decides: no operator of its knows this account, and who has no file is nobody.
        node("stranger", "--store-credentials", user_of(stranger, folder, "unknown"))
        says("stranger", "Authorization Violation")
        says("stranger", "does not know who is in")
        node("nobody")
        says("nobody", "Authorization Violation")
        says("nobody", "--store-credentials")
        assert nodes[1].ready()["store"] == nodes[2].ready()["store"] == "down"

        # What can be seen in the file is told before anything is started.
        refused(os.path.join(folder, "missing.creds"), "missing.creds")
        text = open(right).read()
        for name, content, word in (("key.creds", text[text.index("-----BEGIN USER NKEY"):], "NATS USER JWT"),
                                    ("jwt.creds", text[:text.index("-----BEGIN USER NKEY")], "USER NKEY SEED"),
                                    ("other.creds", "user: ann\n", "nsc generate creds")):
            path = os.path.join(folder, name)
            with open(path, "w") as file:
                file.write(content)
            refused(path, name, word)
        refused(user_of(chat, folder, "old", exp=int(time.time()) - 3600), "expired")
    finally:
        for one in nodes:
            if one.process.poll() is None:
                one.end()
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
