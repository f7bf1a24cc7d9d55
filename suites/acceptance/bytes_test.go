package acceptance_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

// odd are requests to the bin "odd", each as a client of no library would send it, and the statuses
// that are answered.
var odd = []struct {
	name, raw string
	status    int
}{
	{"odd case and white space", "pOsT /odd HTTP/1.1\r\nhOsT:x\r\nX-a: \t 1 \t\r\nCONTENT-length:  4\r\n\r\nbody", 200},
	{"duplicate and empty lines", "POST /odd HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a:\r\nX-A: \r\nX-A: 1\r\nCookie: a\r\nCookie: b\r\nContent-Length: 0\r\n\r\n", 200},
	{"lines that end in LF", "POST /odd?a=b HTTP/1.1\nHost: x\nContent-Length: 3\n\na\r\n", 200},
	{"mixed line ends", "POST /odd HTTP/1.1\r\nHost: x\nX: 1\r\nContent-Length: 1\n\r\nz", 200},
	{"chunk extensions and a trailer", "POST /odd HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n00003;a=\"1\";b\r\nabc\r\n1 ; c\r\n\x00\r\n000;last\r\nX-Trailer:  t\r\nX-Trailer: u\r\n\r\n", 200},
	{"zeros and no text", "POST /odd HTTP/1.1\r\nHost: x\r\nX-Bytes: \xff\xfe\x80\r\nContent-Length: 8\r\n\r\n\x00\x00\xff\xfe\xc3\x28\r\n", 200},
	{"HTTP/1.0", "POST /odd HTTP/1.0\r\nContent-Length: 2\r\n\r\nok", 200},
	{"HTTP/1.0 without a line", "GET /odd HTTP/1.0\r\n\r\n", 200},
	{"an absolute target", "POST http://user@Elsewhere.TEST:80/odd//%2f/../a;b?q=%zz&%41 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1", 200},
	{"a target of bytes", "GET /odd/\xff\xc3\xa9/\"<>\\^`{|} HTTP/1.1\r\nHost: x\r\n\r\n", 200},
	{"a continuation asked for", "PUT /odd HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", 200},
	{"no Host, two Hosts", "GET /odd HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 200},
	{"a NUL in a header line", "GET /odd HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400},
	{"a folded line", "GET /odd HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400},
	{"no header line", "GET /odd HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400},
	{"a chunk that is none", "POST /odd HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nxyz\r\n", 400},
	{"another version", "GET /odd HTTP/3.0\r\n\r\n", 505},
}

var _ = Describe("the exact bytes of a request", func() {
	for _, data := range []string{"memory", "records"} {
		It("comes back from the API byte for byte, with --data "+data, func(ctx SpecContext) {
			r := serve("--data", data)
			var want []string
			for _, o := range odd {
				Expect(r.exchange(o.raw, 1)).To(Equal([]int{o.status}), o.name)
				want = append(want, o.raw)
			}
			By("pipelining")
			pipelined := []string{
				"POST /odd HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none",
				"\r\nGET /odd/two HTTP/1.1\r\nhost: x\r\n\r\n",
				"POST /odd HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n",
				"POST /odd HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfour",
			}
			Expect(r.exchange(strings.Join(pipelined, ""), len(pipelined))).To(Equal([]int{200, 200, 200, 200}))
			for _, raw := range pipelined {
				// an empty line before a request is nobody's
				want = append(want, strings.TrimLeft(raw, "\r\n"))
			}
			By("breaking off")
			broken := "POST /odd HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf\x00"
			Expect(r.exchange(broken, 1)).To(Equal([]int{400}))
			want = append(want, broken)

			r.holds(ctx, "odd", want)
		}, SpecTimeout(time.Minute))
	}

	It("comes back from the disk after a crash", func(ctx SpecContext) {
		dir := GinkgoT().TempDir()
		r := serve("--data", dir)
		var want []string
		for _, o := range odd {
			r.exchange(o.raw, 1)
			want = append(want, o.raw)
		}
		r.kill()
		serve("--data", dir).holds(ctx, "odd", want)
	}, SpecTimeout(time.Minute))
})

// exchange sends bytes on a new connection, ends the writing side, and returns the
// statuses of n responses. After the head of a request that asks for it, it waits for 100 Continue.
func (r *server) exchange(raw string, n int) []int {
	GinkgoHelper()
	conn := r.dial()
	in := bufio.NewReader(conn)
	if strings.Contains(raw, "100-continue") {
		head, body, _ := strings.Cut(raw, "\r\n\r\n")
		_, err := io.WriteString(conn, head+"\r\n\r\n")
		Expect(err).NotTo(HaveOccurred())
		Expect(in.ReadString('\n')).To(Equal("HTTP/1.1 100 Continue\r\n"))
		Expect(in.ReadString('\n')).To(Equal("\r\n"))
		raw = body
	}
	_, err := io.WriteString(conn, raw)
	Expect(err).NotTo(HaveOccurred())
	Expect(conn.(*net.TCPConn).CloseWrite()).To(Succeed())
	var statuses []int
	for range n {
		resp, err := http.ReadResponse(in, nil)
		Expect(err).NotTo(HaveOccurred(), "%q", raw)
		_, err = io.Copy(io.Discard, resp.Body)
		Expect(err).NotTo(HaveOccurred(), "%q", raw)
		statuses = append(statuses, resp.StatusCode)
	}
	Expect(io.ReadAll(in)).To(BeEmpty(), "%q", raw)
	return statuses
}

// holds says that the bin's captures are these requests, by the bytes that the API gives of each.
func (r *server) holds(ctx context.Context, bin string, want []string) {
	GinkgoHelper()
	kept, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: bin, Limit: mockserver.MaxLimit, Oldest: true}})
	Expect(err).NotTo(HaveOccurred())
	var got []string
	for _, c := range kept {
		got = append(got, r.get(ctx, "/captures/"+c.ID+"/raw"))
	}
	Expect(fmt.Sprintf("%q", got)).To(Equal(fmt.Sprintf("%q", want)))
}

// get is what the API answers with 200.
func (r *server) get(ctx context.Context, path string) string {
	GinkgoHelper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.dashboard+"/api/v1"+path, nil)
	Expect(err).NotTo(HaveOccurred())
	resp, err := http.DefaultClient.Do(req)
	Expect(err).NotTo(HaveOccurred())
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(resp.StatusCode).To(Equal(http.StatusOK), "%s: %s", path, text)
	return string(text)
}
