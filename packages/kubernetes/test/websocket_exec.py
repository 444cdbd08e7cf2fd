"""
The stand-in's side of `…/exec`: RFC 6455 and the channel protocols v5 and v4, strict about both. A few programs are known:

    args A B …     prints each argument as a line of JSON
    fail CODE      writes to standard error, and ends with this code
    cat            prints standard input, until it is closed (v5)
    flood BYTES    prints so many
    vanish         the connection ends in the middle
    sleep          does not end

With standard input, each of them begins when its first message or its end is there. kubectl discards what comes before its streams are there
("Unknown stream id 1, discarding message" of 1.32), which only standard input shows.
"""
import base64
import hashlib
import json
import struct

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255


class Ended(Exception):
    pass


def chosen(headers):
    """The protocol, or None: this is no such handshake."""
    asked = [one.strip() for one in (headers.get("sec-websocket-protocol") or "").split(",")]
    upgrades = headers.get("upgrade", "").lower() == "websocket" and "upgrade" in headers.get("connection", "").lower()
    if not upgrades or headers.get("sec-websocket-version") != "13" or len(base64.b64decode(headers.get("sec-websocket-key") or "")) != 16:
        return None
    return next((one for one in asked if one in PROTOCOLS), None)


class Channels:
    def __init__(self, handler, protocol):
        self.read, self.write, self.protocol = handler.rfile.read, handler.wfile.write, protocol
        accept = base64.b64encode(hashlib.sha1((handler.headers["sec-websocket-key"] + GUID).encode()).digest()).decode()
        handler.close_connection = True
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}", f"Sec-WebSocket-Protocol: {protocol}"]
        self.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode())

    def frame(self, opcode, payload):
        size = len(payload)
        head = bytes([0x80 | opcode])
        self.write(head + (bytes([size]) if size < 126 else bytes([126]) + struct.pack(">H", size) if size < 1 << 16 else bytes([127]) + struct.pack(">Q", size)) + payload)

    def send(self, channel, text):
        self.frame(2, bytes([channel]) + text)

    def next(self):
        """A message of the client's: its channel and its text."""
        message = b""
        while True:
            head = self.read(2)
            if len(head) < 2:
                raise Ended
            final, opcode, masked, size = head[0] & 0x80, head[0] & 15, head[1] & 0x80, head[1] & 127
            if not masked:
                raise Ended
            if size == 126:
                (size,) = struct.unpack(">H", self.read(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self.read(8))
            mask, payload = self.read(4), self.read(size)
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
            if opcode == 8:
                raise Ended
            if opcode == 9:
                self.frame(10, payload)
            if opcode > 7:
                continue
            message += payload
            if final:
                return message[0], message[1:]

    def end(self, code):
        failed = {"status": "Failure", "reason": "NonZeroExitCode", "message": f"command terminated with non-zero exit code: {code}", "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}
        self.send(ERROR, json.dumps({"metadata": {}, **({"status": "Success"} if code == 0 else failed)}).encode())
        self.frame(8, struct.pack(">H", 1000))


def run(channels, command, stdin):
    # As API servers do: an empty message for each channel.
    for channel in (STDOUT, STDERR, ERROR):
        channels.send(channel, b"")
    program, args = command[0], command[1:]
    try:
        if stdin and program != "cat":
            channels.next()
        if program == "args":
            for one in args:
                channels.send(STDOUT, json.dumps(one).encode() + b"\n")
            channels.end(0)
        elif program == "fail":
            channels.send(STDERR, b"it fails\n")
            channels.end(int(args[0]))
        elif program == "flood":
            for _ in range(int(args[0]) // 1000):
                channels.send(STDOUT, b"x" * 1000)
            channels.end(0)
        elif program == "cat" and stdin:
            while True:
                channel, text = channels.next()
                if channel == CLOSE and channels.protocol == PROTOCOLS[0]:
                    break
                if channel == STDIN and text:
                    channels.send(STDOUT, text)
            channels.end(0)
        elif program == "sleep":
            while True:
                channels.next()
        elif program != "vanish":
            channels.send(STDERR, f'exec: "{program}": executable file not found in $PATH\n'.encode())
            channels.end(127)
    except (Ended, OSError):
        pass
