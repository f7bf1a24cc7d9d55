"""Serves one of the reference receivers of webhook-receiver-conformance over HTTP.

python3 receiver.py --flaw order-assuming --secret S [--address 127.0.0.1:0]

POST /hooks takes the events, signed like Stripe's. POST /arm makes a receiver that crashes do so at the next event. GET /effects answers {"count": 1}, GET /states/ORDER {"state": "paid"}.
"""
import argparse
import importlib.util
import json
import pathlib
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VENDORED = pathlib.Path(__file__).parent / "webhook-receiver-conformance"
sys.path.insert(0, str(VENDORED))
sys.dont_write_bytecode = True

from reference_receivers.correct import (  # noqa: E402
    CorrectReferenceReceiver,
    ObserverEvidenceName,
    ReferenceProbeRequest,
    ReferenceRequest,
    ReferenceSignatureConfiguration,
    ReferenceSigningKey,
    SignatureProfile,
)

OBSERVER = "an observer's token"


class Meeting:
    """A barrier for two that gives up when nobody else comes: then there is no race."""

    def __init__(self):
        self.barrier = threading.Barrier(2)

    def wait(self, timeout):
        try:
            self.barrier.wait(1)
        except threading.BrokenBarrierError:
            self.barrier.reset()


def load(flaw, **options):
    """Returns the receiver with a flaw; right is the one without."""
    if flaw == "right":
        return CorrectReferenceReceiver(**options)
    if flaw == "check-then-insert-race":
        options["race_barrier"] = Meeting()
    file = VENDORED / "reference_receivers" / "flawed" / f"{flaw}-receiver" / "receiver.py"
    spec = importlib.util.spec_from_file_location(flaw.replace("-", "_"), file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names = [name for name in module.__all__ if name.endswith("Receiver")]
    return getattr(module, names[0])(**options)


def arm(receiver):
    """Makes the receivers that crash do so at the next event."""
    for name in ("crash_next_after_effect", "fail_next_after_effect"):
        if hasattr(receiver, name):
            getattr(receiver, name)()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.body()
        if body is None:
            self.close_connection = True
            return self.answer(400)
        receiver = self.server.receiver
        if self.path == "/arm":
            arm(receiver)
            return self.answer(204)
        if self.path != "/hooks":
            return self.answer(404)
        try:
            request = ReferenceRequest(SignatureProfile.STRIPE_V1, "account", body, tuple(self.headers.items()))
            self.answer(receiver.handle(request).status_code)
        except ValueError:
            self.answer(400)
        except RuntimeError:  # the crash of a flaw
            self.answer(500)

    def body(self):
        """Reads the body, also one in chunks; None is one that ends too early."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            return body if len(body) == length else None
        parts = []
        while True:
            line = self.rfile.readline(100)
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                return None
            part = self.rfile.read(size)
            if len(part) != size or self.rfile.readline(100) != b"\r\n":
                return None
            if size == 0:
                return b"".join(parts)
            parts.append(part)

    def do_HEAD(self):
        self.answer(405)

    do_OPTIONS = do_HEAD

    def do_GET(self):
        if self.path == "/effects":
            return self.answer(200, {"count": self.probe(ObserverEvidenceName.EFFECT_COUNT)})
        if self.path.startswith("/states/"):
            orders = self.probe(ObserverEvidenceName.ORDER_STATE)
            return self.answer(200, {"state": orders.get(self.path[len("/states/"):], {}).get("state")})
        self.answer(200 if self.path == "/healthz" else 404, {})

    def probe(self, name):
        return self.server.receiver.probe(ReferenceProbeRequest(OBSERVER, (name.value,), (name,))).evidence[name.value]

    def answer(self, status, value=None):
        text = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--address", default="127.0.0.1:0", metavar="HOST:PORT")
    flags.add_argument("--flaw", required=True, help="the name of a folder of flawed receivers, without -receiver; or right")
    flags.add_argument("--secret", required=True)
    options = flags.parse_args()
    key = ReferenceSigningKey("key", options.secret.encode())
    receiver = load(
        options.flaw,
        database_path=pathlib.Path(tempfile.mkdtemp()) / "receiver.sqlite3",
        signature_configurations=(ReferenceSignatureConfiguration(SignatureProfile.STRIPE_V1, (key,)),),
        observer_token=OBSERVER,
    )
    host, _, port = options.address.rpartition(":")
    server = Server((host, int(port)), Handler)
    server.receiver = receiver
    print(f"listening on http://{host}:{server.server_port}/hooks", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
