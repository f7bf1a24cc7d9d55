package consumer

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// Handler returns the program under test: it welcomes the owner of every pass that is installed. It
// receives the events of The Wallet Crew, signed with secret, and tells the CRM, with a webhook to
// its URL, whom to welcome.
func Handler(secret, crm string) http.Handler {
	var seen sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender is no longer there
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(r.Header.Get("x-neostore-signature"))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var event struct {
			ID     string `json:"__id"`
			Name   string `json:"__eventName"`
			PassID string `json:"passId"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if _, again := seen.LoadOrStore(event.ID, true); event.Name == "Pass:Installed" && !again {
			if err := tell(crm, map[string]string{"type": "welcome", "pass": event.PassID}); err != nil {
				seen.Delete(event.ID)
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// tell sends a message to the CRM.
func tell(crm string, message map[string]string) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	response, err := http.Post(crm, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	return response.Body.Close()
}
