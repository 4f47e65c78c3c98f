"""Operators, accounts and users of NATS as `nsc` makes them: keys and JWTs, signed by openssl."""

import base64
import hashlib
import json
import os
import subprocess
import time

PREFIXES = {"operator": 14 << 3, "account": 0, "user": 20 << 3}
SEED = 18 << 3


def base32(data):
    """With NATS' checksum (CRC-16/XMODEM) behind."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return base64.b32encode(data + crc.to_bytes(2, "little")).decode().rstrip("=")


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Key:
    def __init__(self, folder, kind, name):
        self.kind, self.name = kind, name
        self.file = os.path.join(folder, f"{name}.pem")
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.file)
        prefix = PREFIXES[kind]
        self.public = base32(bytes([prefix]) + openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")[-32:])
        seed = openssl("pkey", "-in", self.file, "-outform", "DER")[-32:]
        self.seed = base32(bytes([SEED | prefix >> 5, (prefix & 31) << 3]) + seed)

    def sign(self, data):
        path = self.file + ".signed"
        with open(path, "wb") as file:
            file.write(data)
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", path)

    def vouch(self, for_key, claims, **more):
        """A JWT by which this key vouches for another one."""
        body = {"iat": int(time.time()), "iss": self.public, "name": for_key.name, "sub": for_key.public,
                "nats": {**claims, "type": for_key.kind, "version": 2}, **more}
        body["jti"] = base64.b32encode(hashlib.sha256(json.dumps(body).encode()).digest()).decode().rstrip("=")
        text = base64url(json.dumps({"typ": "JWT", "alg": "ed25519-nkey"}).encode()) + "." + base64url(json.dumps(body).encode())
        return text + "." + base64url(self.sign(text.encode()))


def openssl(*words):
    return subprocess.run(["openssl", *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def account_claims(disk):
    limits = {name: -1 for name in ("subs", "data", "payload", "imports", "exports", "conn", "leaf")}
    if disk:
        limits.update({name: -1 for name in ("mem_storage", "disk_storage", "streams", "consumer")})
    return {"limits": {**limits, "wildcards": True}, "default_permissions": {"pub": {}, "sub": {}}}


def write_credentials(path, user, jwt):
    with open(path, "w") as file:
        file.write(f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
                   f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n")


def user_of(account, folder, name, **more):
    """A credentials file for a new user of the account."""
    user = Key(folder, "user", name)
    limits = {"pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1}
    path = os.path.join(folder, name + ".creds")
    write_credentials(path, user, account.vouch(user, limits, **more))
    return path
