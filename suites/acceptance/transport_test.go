package acceptance_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

// Consumers that answer with the body that they got, by the HTTP servers of their languages. Each
// undoes the content coding as its programs do.
var echoing = map[string]struct{ program, file, text string }{
	"node": {"node", "echo.js", `
const http = require('http'), zlib = require('zlib');
http.createServer({}, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    response.end(request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(body) : body);
  });
}).listen(0, '127.0.0.1', function () { console.log('http://127.0.0.1:' + this.address().port); });
`},
	"python3": {"python3", "echo.py", `
import gzip, http.server
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        if self.headers.get('Transfer-Encoding') == 'chunked':
            body = b''
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers['Content-Length']))
        if self.headers.get('Content-Encoding') == 'gzip':
            body = gzip.decompress(body)
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Echo)
print('http://127.0.0.1:%d' % server.server_port, flush=True)
server.serve_forever()
`},
	"php": {"php", "echo.php", `<?php
$body = file_get_contents('php://input');
echo ($_SERVER['HTTP_CONTENT_ENCODING'] ?? '') === 'gzip' ? gzdecode($body) : $body;
`},
}

// echo starts such a consumer.
func echo(name string) (url string) {
	GinkgoHelper()
	e := echoing[name]
	needs(e.program)
	p := program{GinkgoT().TempDir(), []string{e.program, e.file}}
	if name == "php" {
		p.words = []string{"php", "-S", "127.0.0.1:0", e.file}
	}
	Expect(os.WriteFile(filepath.Join(p.dir, e.file), []byte(e.text), 0o600)).To(Succeed())
	url, _ = started(p, "")
	return url
}

// Faults of the transport are legal HTTP, so that servers which nobody here wrote read the same
// body from all of them.
var _ = Describe("a transport fault that is legal HTTP", func() {
	legal := []string{
		"transport:chunked", "transport:chunked:1,7,100", "transport:split:40", "transport:drip:5KB", "transport:gzip", "transport:expect_100",
		"transport:http10", "transport:pipelined", "transport:half_close", "headers:case:mixed", "headers:extra:20",
	}
	DescribeTable("gives the body of a good delivery to", func(ctx SpecContext, server string, refused ...string) {
		url := ""
		if server == "nginx" { // before Node.js
			needs("nginx")
			front := freePort()
			behind := strings.TrimSuffix(strings.TrimPrefix(echo("node"), "http://"), "/hooks")
			nginx(front, behind, behind, "")
			url = "http://" + front + "/hooks/x"
		} else {
			url = echo(server)
		}
		good := attempted(ctx, url)
		Expect(good.Outcome).To(Equal(mockserver.GotStatus), good.Error)
		Expect(string(good.Response.Body)).To(Equal(string(good.Sent.Body)))
		for _, fault := range legal {
			bad := attempted(ctx, url, fault)
			if slices.Contains(refused, fault) && bad.Outcome == mockserver.NoResponse {
				continue // a server that is quick enough responds before it notices
			}
			Expect(bad.Outcome).To(Equal(mockserver.GotStatus), "%s: %s", fault, bad.Error)
			Expect(bad.Status).To(Equal(200), fault)
			Expect(string(bad.Response.Body)).To(Equal(string(good.Sent.Body)), fault)
		}
	},
		Entry("Node.js", "node"),
		Entry("Python", "python3"),
		// its development server reads one request of a connection
		Entry("PHP", "php", "transport:pipelined"),
		// a half-closed connection is a client that has closed it: proxy_ignore_client_abort
		Entry("nginx", "nginx", "transport:half_close"),
	)
})

// attempted sends the same event with faults and returns the attempt.
func attempted(ctx context.Context, url string, faults ...string) mockserver.Attempt {
	GinkgoHelper()
	store := mockserver.NewMemory(mockserver.MemoryOptions{})
	defer store.Close()
	d, err := mockserver.NewDispatcher(ctx, mockserver.DispatcherOptions{Store: store})
	Expect(err).NotTo(HaveOccurred())
	defer d.Close()
	seed := uint64(3)
	emission := mockserver.Emission{Event: "Pass:Created", Seed: &seed}
	for _, text := range faults {
		fault, err := mockserver.ParseFault(text)
		Expect(err).NotTo(HaveOccurred())
		emission.Faults = append(emission.Faults, fault)
	}
	list, err := d.Deliver(ctx, mockserver.Endpoint{Provider: "neostore", URL: url, Secrets: []string{"S"}, Retry: mockserver.NoRetry}, emission)
	Expect(err).NotTo(HaveOccurred())
	Expect(d.WaitIdle(ctx)).To(Succeed())
	delivery, err := store.Delivery(ctx, list[0].ID)
	Expect(err).NotTo(HaveOccurred())
	Expect(delivery.Attempts).To(HaveLen(1))
	return delivery.Attempts[0]
}
