import threading
import unittest

import consumer
import hookrig


class ConsumerTest(unittest.TestCase):
    def setUp(self):
        self.crm = hookrig.Bin("crm")
        server = consumer.make_server("S", self.crm.url)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever).start()
        self.hooks = {"to": f"http://127.0.0.1:{server.server_port}/hooks", "secret": "S"}

    def test_an_installed_pass_is_welcomed_once(self):
        hookrig.send("neostore", "Pass:Installed", set={"/passId": "P-1"}, faults=["duplicate"], **self.hooks)
        self.crm.wait('.body.type == "welcome" and .body.pass == "P-1"', count=1, max=1, settle="300ms")

    def test_a_forged_event_is_refused(self):
        hookrig.send("neostore", "Pass:Installed", faults=["signature:tampered"], expect=401, **self.hooks)
        self.crm.never()


if __name__ == "__main__":
    unittest.main()
