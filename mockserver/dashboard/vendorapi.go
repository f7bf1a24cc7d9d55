package dashboard

import (
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/ethpass"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/neostore"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/subscribfy"
)

// VendorAPIs returns the emulated vendor APIs, by provider, for mockserver.Options.
func VendorAPIs() map[string]mockserver.VendorAPI {
	return map[string]mockserver.VendorAPI{"ethpass": ethpass.New, "neostore": neostore.New, "subscribfy": subscribfy.New}
}
