package consumers_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing/iotest"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// stimulus does something to a consumer and returns what can be seen of it.
type stimulus func(l *link) string

// sent delivers the first event with faults: "204 1" is a status and an effect.
func sent(faults ...string) stimulus {
	return func(l *link) string { return fmt.Sprint(l.emit(faults...), " ", l.effects()) }
}

func ping(faults ...string) stimulus {
	return func(l *link) string {
		return fmt.Sprint(l.statuses(must(l.provider.Emit(l.t.Context(), "ping", faults...))(l.t)), " ", l.effects())
	}
}

// changed sends a signed request after a change.
func changed(change func(r *http.Request)) stimulus {
	return func(l *link) string {
		r := l.request(l.event(0))
		change(r)
		status, _ := l.do(r)
		return fmt.Sprint(status, " ", l.effects())
	}
}

func header(name, value string) stimulus {
	return changed(func(r *http.Request) { r.Header.Set(name, value) })
}

// otherBody sends a body with the signature of another event, which arrived before.
func otherBody(l *link) string {
	good, other := l.request(l.event(0)), l.request(l.event(1))
	other.Header["Signature"] = good.Header["Signature"]
	l.do(good)
	status, _ := l.do(other)
	return fmt.Sprint(status, " ", l.effects())
}

// otherForm sends a signed body, and then the same JSON in other bytes with that signature.
func otherForm(l *link) string {
	e, name := l.event(0), signatures[l.options.Provider]
	var root any
	d := json.NewDecoder(bytes.NewReader(e.Body))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		l.t.Fatal(err)
	}
	e.Body = must(json.Marshal(root))(l.t) // with sorted keys, which some compare with
	good := l.request(e)
	e.Body = must(json.MarshalIndent(root, "", " "))(l.t)
	other := l.request(e)
	other.Header[name] = good.Header[name]
	l.do(good)
	status, _ := l.do(other)
	return fmt.Sprint(status, " ", l.effects())
}

var signatures = map[string]string{
	"neostore": "X-Neostore-Signature", "subscribfy": "Signature", "ethpass": "Authorization",
	"stripe": "Stripe-Signature", "github": "X-Hub-Signature-256", "orders": "Stripe-Signature",
}

// twoHeaders sends a right and a wrong signature header, in both orders.
func twoHeaders(l *link) string {
	var words []string
	for i := range uint64(2) {
		r := l.request(l.event(i))
		name := signatures[l.options.Provider]
		lines := []string{r.Header.Get(name), "wrong"}
		r.Header[name] = []string{lines[i], lines[1-i]}
		status, _ := l.do(r)
		words = append(words, fmt.Sprint(status))
	}
	return strings.Join(words, " ")
}

// oldSecret sends what is signed with the older of the consumer's two secrets.
func oldSecret(l *link) string {
	l.options.Secrets = []string{"whsec_N3w", secret}
	return sent()(l.start())
}

// handle hands requests to a new consumer, without a network.
func (l *link) handle(requests ...*http.Request) (words []string, effects string) {
	l.t.Helper()
	c := must(consumers.New(l.options))(l.t)
	for _, r := range requests {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		words = append(words, fmt.Sprint(w.Code))
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/effects", nil))
	return words, gjson.Get(w.Body.String(), "count").String()
}

// splitCharacter sends a body in two parts that split a character of two bytes.
func splitCharacter(l *link) string {
	e := l.event(0)
	e.Body = must(sjson.SetBytes(e.Body, "metadata", "h\u00e9llo"))(l.t)
	r := l.request(e)
	at := bytes.Index(e.Body, []byte("\u00e9")) + 1
	r.Body = io.NopCloser(&parts{e.Body[:at], e.Body[at:]})
	words, effects := l.handle(r)
	return words[0] + " " + effects
}

// parts is a reader that returns one part at a time.
type parts [][]byte

func (p *parts) Read(to []byte) (int, error) {
	if len(*p) == 0 {
		return 0, io.EOF
	}
	n := copy(to, (*p)[0])
	*p = (*p)[1:]
	return n, nil
}

// impatient sends an event and does not wait for the response, and sends it again.
func impatient(l *link) string {
	away, stop := context.WithCancel(l.t.Context())
	stop()
	words, effects := l.handle(l.request(l.event(0)).WithContext(away), l.request(l.event(0)))
	return strings.Join(words, " ") + " " + effects
}

// brokenOff sends an event whose body breaks off, several times, and then all of it.
func brokenOff(times int) stimulus {
	return func(l *link) string {
		var requests []*http.Request
		for range times {
			r := l.request(l.event(0))
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF)))
			requests = append(requests, r)
		}
		words, effects := l.handle(append(requests, l.request(l.event(0)))...)
		return strings.Join(words[times-1:], " ") + " " + effects
	}
}

// crowd has five events at the same time, and lets the work end when the first is answered.
func crowd(l *link) string {
	l.options.Delay = time.Hour
	c := must(consumers.New(l.options))(l.t)
	ctx, answered := context.WithCancel(l.t.Context())
	defer answered()
	var all sync.WaitGroup
	for i := range uint64(5) {
		r := l.request(l.event(i)).WithContext(ctx)
		all.Go(func() {
			c.ServeHTTP(httptest.NewRecorder(), r)
			answered()
		})
	}
	all.Wait()
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/effects", nil))
	return gjson.Get(w.Body.String(), "count").String() + " effects"
}

// atTheSameTime sends copies of new events at the same time, until one has several effects.
func atTheSameTime(l *link) string {
	for n := range 20 {
		l.emit("parallel:8")
		if l.effects() > n+1 {
			return "more effects"
		}
		if l.options.Mistake == "" && n == 2 {
			break
		}
	}
	return "one effect"
}

// twoSubscriptions sends one event for two subscriptions, each with another secret.
func twoSubscriptions(l *link) string {
	l.options.Secrets = []string{secret, "whsec_0ther"}
	l.start().register("whsec_0ther")
	return sent()(l)
}

// retried sends an event twice, one after the other.
func retried(l *link) string {
	one, _ := l.do(l.request(l.event(0)))
	two, _ := l.do(l.request(l.event(0)))
	return fmt.Sprint(one, " ", two, " ", l.effects())
}

// refundFirst sends the second event of an order only.
func refundFirst(l *link) string {
	return l.statuses(must(l.provider.Emit(l.t.Context(), "payment.refunded"))(l.t))
}

// sameID sends two events with one id.
func sameID(l *link) string {
	e := l.event(0)
	one, _ := l.do(l.request(e))
	e.Body = bytes.Replace(e.Body, []byte(`user`), []byte(`offer`), 1)
	e.Body = bytes.Replace(e.Body, []byte(`"livemode": false`), []byte(`"livemode": true`), 1)
	two, _ := l.do(l.request(e))
	return fmt.Sprint(one, " ", two, " ", l.effects())
}

// reversed sends two events of an entity, the newer first, and returns the state.
func reversed(l *link) string {
	held := must(l.provider.Hold("pass", "Pass:Created", "Pass:Installed"))(l.t)
	newer := l.statuses(must(l.provider.Send(l.t.Context(), held[1]))(l.t))
	older := l.statuses(must(l.provider.Send(l.t.Context(), held[0]))(l.t))
	return newer + " " + older + " " + l.state(gjson.GetBytes(held[0].Body, "passId").Str)
}

// lateRetry sends two events of an entity, and the first again, and returns the state.
func lateRetry(l *link) string {
	held := must(l.provider.Hold("pass", "Pass:Created", "Pass:Installed"))(l.t)
	for _, e := range append(held, held[0]) {
		l.statuses(must(l.provider.Send(l.t.Context(), e))(l.t))
	}
	return l.state(gjson.GetBytes(held[0].Body, "passId").Str)
}

// equalTimes sends two events of the same time in both orders, for one entity each, and returns the
// states.
func equalTimes(l *link) string {
	var states []string
	for i := range 2 {
		held := must(l.provider.Hold("pass", "Pass:Created", "Pass:Installed", "Pass:Updated"))(l.t)[1:]
		at := gjson.GetBytes(held[0].Body, "__creationDate").Str
		held[1].Body = must(sjson.SetBytes(held[1].Body, "__creationDate", at))(l.t)
		for _, e := range []mockserver.Emission{held[1-i], held[i]} {
			l.statuses(must(l.provider.Send(l.t.Context(), e))(l.t))
		}
		states = append(states, l.state(gjson.GetBytes(held[0].Body, "passId").Str))
	}
	return strings.Join(states, " ")
}

// placed returns the text at a place of a body.
func placed(body []byte, place string) string { return gjson.GetBytes(body, place).String() }

// stall sends the head and a part of the body, and returns once the consumer reads the body.
func (l *link) stall() net.Conn {
	l.t.Helper()
	conn := must(net.Dial("tcp", strings.TrimPrefix(l.base, "http://")))(l.t)
	l.t.Cleanup(func() { conn.Close() })
	must(io.WriteString(conn, "POST /hooks HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"))(l.t)
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		l.t.Fatal(err)
	}
	line := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	must(io.ReadFull(conn, line))(l.t)
	must(io.WriteString(conn, "{"))(l.t)
	return conn
}

// whileStalled sends an event while another sender has stopped in the middle of a body.
func whileStalled(l *link) string {
	conn := l.stall()
	status := l.emit()
	conn.Close()
	return status
}

// stalled stops in the middle of a body and waits for a response.
func stalled(l *link) string {
	conn := l.stall()
	wait := l.limit
	if l.options.Mistake != "" {
		wait = time.Second
	}
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		l.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "none"
	}
	response.Body.Close()
	return fmt.Sprint(response.StatusCode)
}

// shows reports whether the response to a wrong signature has a text.
func shows(text string) stimulus {
	return func(l *link) string {
		r := l.request(l.event(0))
		r.Header.Set(signatures[l.options.Provider], "wrong")
		return shown(l, r, text)
	}
}

// showsSignature reports whether the response to a wrong signature has the right one.
func showsSignature(l *link) string {
	r := l.request(l.event(0))
	right := r.Header.Get("X-Neostore-Signature")
	r.Header.Set("X-Neostore-Signature", "wrong")
	return shown(l, r, right)
}

func shown(l *link, r *http.Request, text string) string {
	if _, response := l.do(r); strings.Contains(response, text) {
		return "it"
	}
	return "nothing"
}
