"""Receives webhooks as they should be received, with Python's standard library.

python3 consumer.py --provider stripe --secret whsec_S [--secret OLDER]... [--address 127.0.0.1:0]
"""
import argparse
import hashlib
import hmac
import json
import re
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

TOLERANCE = 300  # seconds that a signed time may be from now: older requests may be recorded ones


# --- the provider: who signs how, and what is where in its events


def digest(secret, *parts):
    return hmac.new(secret, b"".join(parts), hashlib.sha256).hexdigest().encode()


def equal(given, want):
    return hmac.compare_digest(given, want)  # in constant time


def body_signed(label):
    """Checks a label and the HMAC of the body. Each secret is tried: an older one is valid for a while."""
    return lambda line, body, secrets: any([equal(line, label + digest(s, body)) for s in secrets])


def secret_sent(line, body, secrets):
    return any([equal(line, s) for s in secrets])


def time_signed(line, body, secrets):
    """Checks t=SECONDS,v1=SIGNATURE,v1=...: several while a secret is replaced. Other labels do not count."""
    entries = [entry.partition(b"=") for entry in line.split(b",")]
    at = [value for label, _, value in entries if label == b"t"][-1:]
    if not at or not re.fullmatch(rb"[0-9]{1,12}", at[0]) or abs(time.time() - int(at[0])) > TOLERANCE:
        return False
    signatures = [value for label, _, value in entries if label == b"v1"]
    wanted = [digest(s, at[0], b".", body) for s in secrets]
    return any([equal(given, want) for given in signatures for want in wanted])


TRIGGERED = ["header x-subscribfy-triggered-at"]

# An entity is: what the names of its events begin with, a prefix, the places of its id, and places of times, of which
# the latest is the event's. A place is a path in the body, or a header line.
PROVIDERS = {
    "neostore": dict(
        header="X-Neostore-Signature", verify=body_signed(b""), name=["__eventName"], id="__id", limit=4 << 20,
        known=r"Customer:Upserted|Pass:(Created|Installed|Uninstalled|Updated|UpdateSent)|Redirect:Redirected",
        entities=[
            ("Pass:", "pass/", ["passId"], ["__creationDate"]),
            ("Redirect:", "redirect/", ["redirectId"], ["__creationDate"]),
            ("Customer:", "customer/", ["identifiers.shopifyId"], ["__creationDate"]),
            ("Customer:", "customer/", ["identifiers.email"], ["__creationDate"]),
        ],
    ),
    "subscribfy": dict(
        header="Signature", verify=body_signed(b""), name=["topic"], id=None, limit=4 << 20,
        known=r"wallet_pass/(created|updated|installed|removed)"
        r"|(membership|product_subscription)/(created|updated|paused|reactivated|cancelled|billing_success|billing_failure)"
        r"|membership/store_credits_changed|loyalty/((rule|tier|coupon)_(created|updated)|coupon_redeemed|rule_completed"
        r"|points_changed|tier_changed|tier_lost)",
        entities=[
            ("wallet_pass/", "pass/", ["data.pass_instance.serial_number"], TRIGGERED),
            ("membership/store_credits_changed", "customer/", ["data.customer.id"], TRIGGERED),
            ("membership/", "membership/", ["data.membership.id"], ["data.membership.updated_at"]),
            ("product_subscription/", "product_subscription/", ["data.product_subscription.id"], ["data.product_subscription.updated_at"]),
            ("loyalty/", "customer/", ["data.customer.id"], TRIGGERED),
            ("loyalty/", "rule/", ["data.rule.id"], ["data.rule.updated_at"]),
            ("loyalty/", "tier/", ["data.tier.id"], ["data.tier.updated_at"]),
            ("loyalty/", "coupon/", ["data.coupon.id"], ["data.coupon.updated_at"]),
        ],
    ),
    "ethpass": dict(
        header="Authorization", verify=secret_sent, name=["event"], id=None, limit=4 << 20,
        known=r"pass:(create|register|unregister|expire|scan)",
        # An event has no time: it is as new as the newest time in it.
        entities=[("pass:", "pass/", ["result.id"], ["result.createdAt", "result.expiredAt", "result.lastScannedAt",
                                                     "result.registrations.*.createdAt", "result.registrations.*.deletedAt"])],
    ),
    "stripe": dict(
        header="Stripe-Signature", verify=time_signed, name=["type"], id="id", limit=4 << 20,
        known=r"customer\.(subscription\.)?(created|updated|deleted)|payment_intent\.(created|payment_failed|succeeded)"
        r"|charge\.(succeeded|refunded)|checkout\.session\.(completed|expired)|invoice\.(paid|payment_failed)",
        entities=[("", "object/", ["data.object.id"], ["created"])],
    ),
    "github": dict(
        header="X-Hub-Signature-256", verify=body_signed(b"sha256="), name=["header X-GitHub-Event", "action"],
        id="header X-GitHub-Delivery", limit=25 << 20,
        known=r"push|(issues|issue_comment|pull_request|release)\.[a-z_]+",  # not ping, the handshake
        entities=[
            ("issue", "issue/", ["repository.full_name", "issue.number"], ["issue.updated_at"]),
            ("pull_request.", "pull_request/", ["repository.full_name", "pull_request.number"], ["pull_request.updated_at"]),
            ("release.", "release/", ["repository.full_name", "release.tag_name"], ["release.created_at", "release.published_at"]),
            ("push", "branch/", ["repository.full_name", "ref"], ["repository.pushed_at", "head_commit.timestamp"]),
        ],
    ),
}


# --- the event: what a verified request says


class Event:
    def __init__(self, provider, headers, body):
        """Reads what the consumer needs, so unknown members do not matter. ValueError: it is not there."""
        try:
            root = json.loads(body.decode())
        except RecursionError:
            raise ValueError("too deep")
        text = lambda places: [t for t in (first_text(find(headers, root, p)) for p in places) if t]
        self.id = "".join(text([provider["id"]])) if provider["id"] else hashlib.sha256(body).hexdigest()
        self.name = ".".join(text(provider["name"]))
        if not self.id or not self.name:
            raise ValueError("the event has no id or no name")
        self.known = re.fullmatch(provider["known"], self.name) is not None
        self.entity, self.at = "", None
        for events, prefix, places, times in provider["entities"]:
            if self.known and not self.entity and self.name.startswith(events) and len(text(places)) == len(places):
                self.entity = prefix + "/".join(text(places))
                self.at = max((t for t in map(seconds, (v for p in times for v in find(headers, root, p))) if t is not None), default=None)
        if self.known and self.at is None:
            raise ValueError("the event lacks an id or a time")

    def order(self):
        """Sorts the events of an entity as they happened, whatever order they arrive in. Nothing follows a deletion.
        Of events of one time a creation is the first; the others are ordered by name."""
        created = re.search(r"[^a-z]([Cc]reated?|opened)$", self.name) and self.name != "issue_comment.created"
        return (self.name.endswith("deleted"), self.at, not created, self.name)


def find(headers, root, place):
    """Returns the values at a place that are not null; * is each element of a list."""
    if place.startswith("header "):
        return [value for value in [headers.get(place[len("header "):])] if value]
    found = [root]
    for name in place.split("."):
        found = [v for o in found for v in (o if name == "*" and isinstance(o, list) else [o.get(name)] if isinstance(o, dict) else [])]
    return [value for value in found if value is not None]


def first_text(values):
    return next((str(v) for v in values if isinstance(v, (str, int, float)) and not isinstance(v, bool)), "")


def seconds(value):
    """Returns a time in RFC 3339 or in seconds since 1970, or None."""
    try:
        return int(value) if re.fullmatch(r"[0-9]{1,12}", str(value)) else datetime.fromisoformat(str(value)).timestamp()
    except (ValueError, OverflowError):
        return None


# --- the records: in memory, where a real consumer has a database


class Records:
    """The lock is what a transaction and a unique key are in a database: all of an event is recorded, or nothing."""

    def __init__(self):
        self.lock, self.seen, self.ids, self.states = threading.Lock(), set(), [], {}

    def add(self, event):
        """Makes the effect of an event, once."""
        with self.lock:
            if event.id in self.seen:
                return
            self.seen.add(event.id)
            self.ids.append(event.id)
            current = self.states.get(event.entity)
            if current is None or event.order() > current.order():
                self.states[event.entity] = event

    def effects(self):
        with self.lock:
            return list(self.ids)

    def state(self, entity):
        """Returns the name of the newest event of an entity. An id is enough if no other entity has it."""
        with self.lock:
            found = [e.name for name, e in self.states.items() if ("/" + name).endswith("/" + entity)]
        return found[0] if len(found) == 1 else None


# --- HTTP


class Refused(Exception):
    """Ends a request with a status."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a connection may be idle

    def respond(self):
        path, records = unquote(self.path.partition("?")[0]), self.server.records
        try:
            body = self.body(self.server.provider["limit"])
            if path in ("/hooks", "/hooks/"):
                self.receive(body)
                self.answer(204)
            elif path == "/effects":
                ids = records.effects()
                self.answer(200, {"count": len(ids), "ids": ids})
            elif path.startswith("/states/"):
                self.answer(200, {"state": records.state(path[len("/states/"):])})
            else:
                self.answer(200 if path == "/healthz" else 404, {})
        except Refused as refused:
            self.answer(refused.args[0], {})  # no more than the status: details would help a forger

    do_POST = do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = respond

    def receive(self, body):
        provider = self.server.provider
        if self.command != "POST":
            raise Refused(405)
        if self.headers.get("Content-Encoding"):  # no provider of the table compresses
            raise Refused(415)
        if body is None:
            raise Refused(413)
        lines = self.headers.get_all(provider["header"], [])
        # A repeated header is refused: programs in front of this one may read another of its lines.
        if len(lines) != 1 or not provider["verify"](lines[0].encode("latin-1"), body, self.server.secrets):
            raise Refused(401)
        try:
            event = Event(provider, self.headers, body)
        except ValueError:
            raise Refused(400)  # the sender is the provider, but it will never send another body
        if event.known:  # others are acknowledged: providers add events, and send again what is not acknowledged
            self.server.records.add(event)

    def body(self, limit):
        """Returns the raw bytes of the body, which are signed. It may come in chunks, without a length. A body that is too
        large is read all the same, and is None: a sender that is still sending would miss the response."""
        close, self.close_connection = self.close_connection, True  # what is left of a body is no request
        self.deadline = time.monotonic() + self.server.limit
        length, body, size = self.headers.get("Content-Length", "0"), bytearray(), 0
        try:
            chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
            for part in self.chunks() if chunked else self.parts(int(length)):
                size += len(part)
                body += part if size <= limit else b""
        except (OSError, ValueError):  # half a body, one that is too slow, or no number
            raise Refused(400)
        self.close_connection = close
        self.connection.settimeout(self.timeout)
        return bytes(body) if size <= limit else None

    def chunks(self):
        while size := int(self.line().split(b";")[0], 16):
            yield from self.parts(size)
            self.line()
        while self.line().strip():  # trailers
            pass

    def line(self):
        self.connection.settimeout(max(self.deadline - time.monotonic(), 0.001))
        return self.rfile.readline(10_000)

    def parts(self, n):
        """Reads n bytes before the deadline. A sender that stops in the middle does not keep its connection."""
        while n > 0:
            self.connection.settimeout(max(self.deadline - time.monotonic(), 0.001))
            part = self.rfile.read1(min(n, 1 << 16))
            if not part:
                raise OSError("half a body")
            n -= len(part)
            yield part

    def answer(self, status, value=None):
        text = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if status == 405:
            self.send_header("Allow", "POST")
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024  # a burst of connections waits

    def handle_error(self, request, client_address):
        pass  # a sender that has closed its connection


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--address", default="127.0.0.1:0", metavar="HOST:PORT")
    flags.add_argument("--provider", required=True, choices=sorted(PROVIDERS))
    flags.add_argument("--secret", required=True, action="append", help="repeat it for older ones that are still valid")
    flags.add_argument("--limit", type=float, default=10, metavar="SECONDS", help="that a sender may take for a body")
    options = flags.parse_args()
    if "" in options.secret:
        flags.error("a secret is empty: anybody could sign with an empty secret")
    host, _, port = options.address.rpartition(":")
    server = Server((host, int(port)), Handler)
    server.provider, server.records = PROVIDERS[options.provider], Records()
    server.secrets, server.limit = [s.encode() for s in options.secret], options.limit
    print(f"listening on http://{host}:{server.server_port}/hooks", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
