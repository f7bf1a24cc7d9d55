// Command consumer receives webhooks of neostore and applies each event once, also if it is killed
// between applying it and answering.
//
//	POST /hooks    a webhook
//	GET  /effects  {"count": 2, "ids": ["a", "b"]}: the events that were applied, in order
//	POST /hold     from now on, events are applied and not answered
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "listen on `HOST:PORT`")
	provider := flag.String("provider", "", "`NAME`: neostore")
	secret := flag.String("secret", "", "verify signatures with `SECRET`")
	effects := flag.String("effects", "/effects", "`FILE` that keeps the ids of the events that were applied")
	flag.Parse()
	if *provider != "neostore" || *secret == "" || flag.NArg() > 0 {
		log.Fatalf("--provider %q, --secret %q, arguments %q: want neostore, a secret and no arguments", *provider, *secret, flag.Args())
	}
	c := &consumer{secret: []byte(*secret)}
	if err := c.open(*effects); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/hooks\n", listener.Addr())
	http.HandleFunc("POST /hooks", c.hook)
	http.HandleFunc("GET /effects", c.effects)
	http.HandleFunc("POST /hold", c.holdAnswers)
	log.Fatal(http.Serve(listener, nil))
}

// consumer applies events. Applying one is to write its id to a file, in which it is not yet.
type consumer struct {
	secret []byte

	mu   sync.Mutex
	file *os.File
	ids  []string
	hold bool
}

// open reads what was applied before.
func (c *consumer) open(name string) error {
	text, err := os.Open(name)
	if err == nil {
		defer text.Close()
		for lines := bufio.NewScanner(text); lines.Scan(); {
			c.ids = append(c.ids, lines.Text())
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c.file, err = os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return err
}

func (c *consumer) hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	mac := hmac.New(sha256.New, c.secret)
	mac.Write(body)
	if want := hex.EncodeToString(mac.Sum(nil)); !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Neostore-Signature"))) {
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	}
	var event struct {
		ID string `json:"__id"`
	}
	if err := json.Unmarshal(body, &event); err != nil || event.ID == "" {
		http.Error(w, fmt.Sprintf("no event of neostore: %v", err), http.StatusBadRequest)
		return
	}
	hold, err := c.apply(event.ID)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if hold {
		<-r.Context().Done()
	}
}

// apply applies an event unless it was applied before, and reports whether to hold the answer.
func (c *consumer) apply(id string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.ids, id) {
		return c.hold, nil
	}
	if _, err := fmt.Fprintln(c.file, id); err != nil {
		return false, err
	}
	if err := c.file.Sync(); err != nil {
		return false, err
	}
	c.ids = append(c.ids, id)
	return c.hold, nil
}

func (c *consumer) effects(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{"count": len(c.ids), "ids": slices.Clone(c.ids)})
}

func (c *consumer) holdAnswers(http.ResponseWriter, *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = true
}
