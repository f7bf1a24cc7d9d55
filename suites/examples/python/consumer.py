"""The program under test: it welcomes the owner of every pass that is installed.

It receives the events of The Wallet Crew at /hooks and tells the CRM, with a webhook, whom to
welcome."""
import hashlib
import hmac
import json
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def make_server(secret, crm):
    """Return the server, on a free port: secret signs its events, crm is the CRM's URL."""
    seen = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            want = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(self.headers.get("x-neostore-signature", "").encode("latin-1"), want.encode()):
                return self.answer(401)
            event = json.loads(body)
            if event["__eventName"] == "Pass:Installed" and event["__id"] not in seen:
                seen.add(event["__id"])
                self.tell({"type": "welcome", "pass": event["passId"]})
            self.answer(204)

        def tell(self, message):
            request = urllib.request.Request(crm, json.dumps(message).encode(), {"Content-Type": "application/json"})
            urllib.request.urlopen(request).close()

        def answer(self, status):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
