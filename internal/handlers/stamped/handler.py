# Receives the webhooks of Stripe. Run it: WEBHOOK_SECRET=S python3 handler.py
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

secret = os.environ.get("WEBHOOK_SECRET", "").encode()
if not secret:
    raise SystemExit("WEBHOOK_SECRET is not set")  # anybody could sign with an empty secret
tolerance = 300  # seconds that a timestamp may be from now


def signed(header, body):
    """Reports whether one of the signatures in the header is valid and its timestamp is recent."""
    timestamp, signatures = "", []
    for entry in header.split(","):
        if entry.startswith("t="):
            timestamp = entry[len("t="):]
        elif entry.startswith("v1="):
            signatures.append(entry[len("v1="):])  # several while a secret is replaced
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(time.time() - int(timestamp[:20])) > tolerance:
        return False
    want = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(s.encode("latin-1"), want.encode()) for s in signatures)  # in constant time


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.read()  # the raw bytes: they are signed
        if not signed(self.headers.get("Stripe-Signature", ""), body):
            return self.answer(401, b"bad signature\n")
        try:
            json.loads(body)
        except ValueError:
            return self.answer(400, b"the body is not JSON\n")  # no retry mends it
        # Queue the body, respond at once, work later. An event that comes again has the same id, in the body's /id.
        self.answer(204)

    def read(self):
        """Returns the body, which some senders send in chunks, without its length."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()  # the line end after the chunk
        while self.rfile.readline().strip():  # trailers, until an empty line
            pass
        return body

    def answer(self, status, text=b""):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text)


ThreadingHTTPServer.request_queue_size = 100  # connections that wait, as in a burst; by default five
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 3000))), Handler)
print(f"listening on http://127.0.0.1:{server.server_port}/hooks", flush=True)
server.serve_forever()
