package subscribfy_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// php returns the path of PHP, or skips the test; with HOOKRIG_REQUIRE=php it fails.
func php(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("php")
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), "php") {
		t.Fatalf("HOOKRIG_REQUIRE asks for php: %v", err)
	}
	t.Skipf("no PHP: %v", err)
	return ""
}

// The sample of the guide ("How to Verify"), with the token before it, read from a file so that it
// can be regenerated, and behind it a line in a log of what was accepted.
const sample = `<?php
$yourSecretToken = file_get_contents(__DIR__ . '/token');

$payload = file_get_contents('php://input');
$signature = $_SERVER['HTTP_SIGNATURE'] ?? '';
$expected = hash_hmac('sha256', $payload, $yourSecretToken);
if (!hash_equals($expected, $signature)) {
http_response_code(403);
exit('Invalid signature');
}

$line = $_SERVER['REQUEST_URI'] . ' ' . json_decode($payload)->topic . ' ' . $_SERVER['HTTP_X_SUBSCRIBFY_SHOP_DOMAIN'] . "\n";
file_put_contents(__DIR__ . '/accepted', $line, FILE_APPEND);
`

// consumer is a shop's PHP program.
type consumer struct {
	t           *testing.T
	folder, url string
	read        int // of the log
}

func consume(t *testing.T) *consumer {
	t.Helper()
	path := php(t)
	c := &consumer{t: t, folder: t.TempDir()}
	c.write("hook.php", sample)
	command := exec.CommandContext(t.Context(), path, "-n", "-S", "127.0.0.1:0", filepath.Join(c.folder, "hook.php"))
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	started := regexp.MustCompile(`\((http://127\.0\.0\.1:\d+)\) started`)
	found, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			if m := started.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
		_ = command.Wait()
	})
	select {
	case c.url = <-found:
	case <-ended:
		t.Fatal("php: the web server ended before it had started")
	}
	return c
}

func (c *consumer) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.folder, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// accepted are the lines of the log since it was last asked, in its order.
func (c *consumer) accepted() []string {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.folder, "accepted"))
	if err != nil && !os.IsNotExist(err) {
		c.t.Fatal(err)
	}
	lines := strings.Fields(strings.ReplaceAll(string(text), " ", "|"))
	fresh := lines[c.read:]
	c.read = len(lines)
	return fresh
}

// The life of a customer by calls alone: everything is delivered to two URLs of a program that
// verifies as the guide says, call by call, and within a call the journal has the topics in their
// order.
func TestJourney(t *testing.T) {
	t.Parallel()
	r, c := start(t, mockserver.Options{}), consume(t)
	token := r.token("demo")
	c.write("token", token)
	urls := []string{c.url + "/one", c.url + "/two"}
	r.everything("demo", urls...)
	var last uint64
	check := func(topics []string) {
		t.Helper()
		r.waitIdle()
		var want []string
		for _, topic := range topics {
			want = append(want, "/one|"+topic+"|demo.myshopify.com", "/two|"+topic+"|demo.myshopify.com")
		}
		got := c.accepted()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("PHP accepted %v, want %v", got, want)
		}
		list, err := r.Client().Deliveries(t.Context(), journal.DeliveryQuery{After: last, Limit: journal.MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(list) // oldest first
		var order []string
		for i, d := range list {
			last = max(last, d.Seq)
			if d.State != journal.Delivered {
				t.Errorf("%s to %s is %s", d.Event.Name, d.URL, d.State)
			}
			if d.URL == urls[0] {
				order = append(order, d.Event.Name)
			}
			if other := list[i^1]; string(d.Attempts[0].Sent.Body) != string(other.Attempts[0].Sent.Body) ||
				d.Attempts[0].Sent.Headers.Get("Signature") != other.Attempts[0].Sent.Headers.Get("Signature") {
				t.Errorf("%s is another at %s and %s", d.Event.Name, d.URL, other.URL)
			}
		}
		if !slices.Equal(order, topics) {
			t.Errorf("delivered %v, want %v", order, topics)
		}
	}
	m := r.populate("demo")
	check(m.topics)
	for _, d := range doings {
		method, path := m.expand(d.path)
		r.want(200, method, "/stores/demo"+path, d.body)
		check(strings.Fields(d.topics))
	}
	// A regenerated token replaces the old at once.
	fresh := r.token("demo")
	r.want(200, "POST", "/stores/demo/wallets/"+m.wallet+"/install", "")
	r.waitIdle()
	if got := c.accepted(); len(got) != 0 {
		t.Errorf("with the old token PHP accepted %v", got)
	}
	c.write("token", fresh)
	r.want(200, "POST", "/stores/demo/wallets/"+m.wallet+"/remove", "")
	r.waitIdle()
	if got := c.accepted(); len(got) != 2 {
		t.Errorf("with the new token PHP accepted %v", got)
	}
}
