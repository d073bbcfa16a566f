#!/usr/bin/env python3
"""hold_plain.py COUNT: holds COUNT connections over this namespace's loopback, every other one IPv6, until it is ended.

Started beside the lab's control groups, so that no accelerator knows them.
"""
import signal
import socket
import sys

held = []
listeners = [socket.create_server(("127.0.0.1", 0)), socket.create_server(("::1", 0), family=socket.AF_INET6)]
for number in range(int(sys.argv[1])):
    listener = listeners[number % 2]
    held.append(socket.create_connection(listener.getsockname()[:2]))
    held.append(listener.accept()[0])
print(f"open: {len(held) // 2}", flush=True)
signal.pause()
