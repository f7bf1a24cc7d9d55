// Receives the webhooks of Stripe. Run it: WEBHOOK_SECRET=S go run handler.go
package main

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const tolerance = 300 // seconds that a timestamp may be from now

func main() {
	secret := os.Getenv("WEBHOOK_SECRET")
	if secret == "" {
		log.Fatal("WEBHOOK_SECRET is not set") // anybody could sign with an empty secret
	}
	http.HandleFunc("POST /hooks", func(w http.ResponseWriter, r *http.Request) {
		// the raw bytes: they are signed
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		if !signed(r.Header.Get("Stripe-Signature"), body, []byte(secret)) {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		if !json.Valid(body) {
			http.Error(w, "the body is not JSON", http.StatusBadRequest) // no retry mends it
			return
		}
		// Queue the body, respond at once, work later.
		// An event that comes again has the same id, in the body's /id.
		w.WriteHeader(http.StatusNoContent)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/hooks\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}

// signed reports whether one of the signatures in the header is valid and its timestamp is recent.
func signed(header string, body, secret []byte) bool {
	timestamp, signatures := "", []string{}
	for _, entry := range strings.Split(header, ",") {
		if value, ok := strings.CutPrefix(entry, "t="); ok {
			timestamp = value
		} else if value, ok := strings.CutPrefix(entry, "v1="); ok {
			signatures = append(signatures, value) // several while a secret is replaced
		}
	}
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if age := time.Now().Unix() - at; err != nil || age > tolerance || age < -tolerance {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	want := fmt.Sprintf("%x", mac.Sum(nil))
	for _, signature := range signatures {
		if hmac.Equal([]byte(signature), []byte(want)) { // in constant time
			return true
		}
	}
	return false
}
