package neostore

import (
	"context"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// NewAt is New with a clock of one's own.
func NewAt(now func() time.Time) vendorapi.Factory {
	return func(_ context.Context, server vendorapi.Backend) (http.Handler, error) { return newAPI(server, now) }
}
