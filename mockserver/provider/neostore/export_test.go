package neostore

import (
	"context"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/mockserver/provider/surface"
)

// NewAt is New with a clock of one's own.
func NewAt(now func() time.Time) surface.Maker {
	return func(_ context.Context, rig surface.Rig) (http.Handler, error) { return newAPI(rig, now) }
}
