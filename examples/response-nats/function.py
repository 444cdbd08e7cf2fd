"""The same function in Python, without a library: NATS is a protocol of lines. python3 function.py 127.0.0.1 4222"""
import json
import socket
import sys

host, port = sys.argv[1:3]
with socket.create_connection((host, int(port))) as connection:
    lines = connection.makefile("rb")
    connection.sendall(b'CONNECT {"verbose":false}\r\nSUB FUNCTIONS.shell tickets 1\r\nPING\r\n')
    for line in lines:
        if line == b"PING\r\n":
            connection.sendall(b"PONG\r\n")
        elif line == b"PONG\r\n":
            print("subscribed", file=sys.stderr, flush=True)
        elif line.startswith(b"MSG "):
            alert = json.loads(lines.read(int(line.split()[-1]) + 2))
            fields = alert["output_fields"]
            print(f"ticket {alert['id']}: {fields['proc.cmdline']} in {fields['container.name']}", flush=True)
