#!/usr/bin/env python3
"""peer.py MAP NAMESPACE…: the audit as an engineer does it today, with bpftool, ss, and a script that joins the two.

Dumps a sockmap of Cilium's, lists the sockets of each namespace, and prints every key that has no socket, with the
connection that it names. Written to be quick: whole keys are decoded at once and each address only once.
"""
import functools
import json
import socket
import struct
import subprocess
import sys

KEY = struct.Struct(">16s16sB3xHxxHxx")  # the peer's address, its own, the family, the peer's port, its own


@functools.cache
def address(raw, family):
    """As ss writes it."""
    if family == 1:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    return f"[{socket.inet_ntop(socket.AF_INET6, raw)}]"


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def names(key):
    """What a key's socket is called in ss's output; a dual-stack server's socket shows IPv4 addresses as mapped ones."""
    peer, own, family, peer_port, own_port = KEY.unpack(bytes.fromhex("".join(key).replace("0x", "")))
    own, peer = address(own, family), address(peer, family)
    yield f"{own}:{own_port}", f"{peer}:{peer_port}"
    if family == 1:
        yield f"[::ffff:{own}]:{own_port}", f"[::ffff:{peer}]:{peer_port}"


def sockets(namespaces):
    """Both ends of every socket, as ss writes them; what follows on indented lines is for people."""
    found = set()
    for namespace in namespaces:
        for line in output("ip", "netns", "exec", namespace, "ss", "-tinH").decode().splitlines():
            if line[0] not in " \t":
                found.add(tuple(line.split(None, 5)[3:5]))
    return found


def main():
    entries = json.loads(output("bpftool", "-j", "map", "dump", "id", sys.argv[1]))
    known = sockets(sys.argv[2:])
    for entry in entries:
        if not any(name in known for name in names(entry["key"])):
            print("".join(byte[2:] for byte in entry["key"]), *next(names(entry["key"])))


main()
