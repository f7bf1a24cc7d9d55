package ethpass

import (
	"bytes"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// maxListed is the default and the highest limit of a list.
const maxListed = 1000

// filter selects passes; "" and nil select all.
type filter struct {
	contract, token, owner, network string
	expired                         *bool
	offset, limit                   int
}

// query returns a request's parameters.
func query(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("The query cannot be read: %v.", err)
	}
	return values, nil
}

func (a *api) readFilter(r *http.Request) (filter, error) {
	q, err := query(r)
	if err != nil {
		return filter{}, err
	}
	f := filter{contract: q.Get("contractAddress"), token: q.Get("tokenId"), network: q.Get("network"), limit: maxListed}
	if f.contract != "" && !isAddress(f.contract) && !isSolanaAddress(f.contract) {
		return f, invalid("contractAddress %.80q: %s", f.contract, a.wantAddress())
	}
	if f.owner = q.Get("ownerAddress"); f.owner != "" && !isAddress(f.owner) && !isSolanaAddress(f.owner) {
		return f, invalid("ownerAddress %.80q: %s", f.owner, a.wantAddress())
	}
	if f.token != "" && !natural(f.token).isDigits(maxTokenDigits) {
		return f, invalid("tokenId %.80q: want 1 to %d digits.", f.token, maxTokenDigits)
	}
	if f.network != "" && !natural(f.network).isDigits(maxNetworkDigits) && !isNetworkName(f.network) {
		return f, invalid("network %.40q: want the id of a network, as in 1.", f.network)
	}
	switch name := q.Get("chain"); name {
	case "", a.Provider.Option("chain"):
	case evm, solana:
		f.limit = 0 // all passes of this server are of the other
	default:
		return f, invalid("chain %.40q: want evm or solana.", name)
	}
	switch text := q.Get("expired"); text {
	case "":
	case "0", "1":
		expired := text == "1"
		f.expired = &expired
	default:
		return f, invalid("expired %.40q: want 0 or 1.", text)
	}
	return f, f.readPage(q)
}

func (f *filter) readPage(q url.Values) error {
	limit, ok := vendorapi.Number(q, "limit", maxListed, 1, maxListed)
	if !ok {
		return invalid("limit %.40q: want 1 to %d.", q.Get("limit"), maxListed)
	}
	f.limit = min(f.limit, limit)
	if f.offset, ok = vendorapi.Number(q, "offset", 0, 0, math.MaxInt); !ok {
		return invalid("offset %.40q: want how many passes to leave out, 0 or more.", q.Get("offset"))
	}
	return nil
}

// selects says whether the filter selects a pass, by its fields in the provider file.
func (f *filter) selects(e *entities.Entity) bool {
	pass := gjson.ParseBytes(e.Fields)
	if f.expired != nil && *f.expired != (pass.Get("expired_at").Type != gjson.Null) {
		return false
	}
	if f.owner != "" && !sameAddress(f.owner, pass.Get("owner").Str) || f.network != "" && f.network != pass.Get("network").String() {
		return false
	}
	if f.contract == "" && f.token == "" {
		return true
	}
	for _, n := range pass.Get("nfts").Array() {
		if (f.contract == "" || sameAddress(f.contract, n.Get("contractAddress").Str)) && (f.token == "" || f.token == n.Get("tokenId").Str) {
			return true
		}
	}
	return false
}

// sameAddress says whether two addresses are the same; the case of an Ethereum address is only a
// checksum.
func sameAddress(a, b string) bool {
	return a == b || isAddress(a) && strings.EqualFold(a, b)
}

// listPasses answers with passes, oldest first, each in the form of getPass.
func (a *api) listPasses(w http.ResponseWriter, r *http.Request, p project) error {
	f, err := a.readFilter(r)
	if err != nil {
		return err
	}
	var selected []entities.Entity
	for _, e := range a.Entities.List(a.Provider.Name, p.Name, passKind) {
		if f.limit > 0 && f.selects(&e) {
			selected = append(selected, e)
		}
	}
	var passes [][]byte
	for _, e := range vendorapi.Page(selected, f.offset, f.limit) {
		pass, err := a.currentPass(&e)
		if err != nil {
			return err
		}
		passes = append(passes, pass)
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(len(selected)))
	// each byte for byte
	list := slices.Concat([]byte{'['}, bytes.Join(passes, []byte{','}), []byte{']'})
	vendorapi.WriteBytes(w, http.StatusOK, list)
	return nil
}
