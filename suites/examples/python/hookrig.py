"""What a test needs of `hookrig serve`, with Python's standard library. Copy it into your tests."""
import json
import os
import urllib.error
import urllib.parse
import urllib.request
import uuid

SERVER = os.environ.get("HOOKRIG_SERVER", "http://127.0.0.1:8080")
TOKEN = os.environ.get("HOOKRIG_TOKEN")  # of a server that asks for one


def call(method, path, body=None):
    """Call the API. Return the status and the decoded response."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if TOKEN:
        headers["Authorization"] = "Bearer " + TOKEN
    request = urllib.request.Request(SERVER + "/api/v1/" + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as response:
        if response.code == 408:  # a wait that ran out of time
            return 408, json.load(response)
        raise RuntimeError(f"{method} {path}: {response.code} {response.read().decode()}") from None


def send(provider, event, expect="2xx", **options):
    """Send an event, as `hookrig send` does, and check the consumer's status: 401, "2xx".

    Options: to, secret, set, faults, seed, tenant."""
    _, sent = call("POST", f"providers/{provider}/send", {"event": event, **options})
    attempt = sent["items"][0]["attempts"][-1]
    got = str(attempt["status"] or attempt["outcome"])
    if got != str(expect) and got[:1] + "xx" != expect:
        raise AssertionError(f"{event} to {options['to']}: want {expect}, got {got} {attempt.get('error', '')}")
    return sent["items"][0]


class Bin:
    """A URL that records what is sent to it. Its name is new, so tests do not disturb each other."""

    def __init__(self, name):
        self.name = f"{name}-{uuid.uuid4().hex[:8]}"
        self.url = call("GET", "server")[1]["capture"] + "/" + self.name

    def wait(self, where="", count=1, **options):
        """Return the captures that match a jq condition, as soon as there are so many.

        Options: max, timeout ("5s"), settle (how long no other may arrive)."""
        query = urllib.parse.urlencode({"where": where, "count": count, **options})
        status, waited = call("GET", f"bins/{self.name}/wait?{query}")
        if status == 408:
            lines = [waited["reason"]]
            for near in waited["nearest"]:
                lines += [f"  nearest: {near['capture']['method']} {near['capture']['target']}"]
                lines += [f"    {difference}" for difference in near["differences"]]
            raise AssertionError("\n".join(lines))
        return waited["matched"]

    def never(self, where="", settle="300ms"):
        """Check that nothing arrives that matches."""
        self.wait(where, count=0, max=0, settle=settle)
