package ethpass

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// maxScans is how many scans of a pass are stored.
const maxScans = 1000

// scan answers a scanner that has read a barcode. A 200 does not mean that the pass is valid
// ("Scanning Passes"). The response shows the pass before the scan: the scanner of ethpasskit finds
// by lastScannedAt whether this is the first one.
func (a *api) scan(w http.ResponseWriter, r *http.Request, p project) error {
	q, err := query(r)
	if err != nil {
		return err
	}
	dry, err := dryRun(q)
	if err != nil {
		return err
	}
	data := q.Get("data")
	if data == "" {
		return invalid("data is missing: send the pass's barcode, as in /v0/scan?data=0x….")
	}
	id, known := a.byBarcode(p, data)
	if !known {
		return vendorapi.Errorf(http.StatusNotFound, "No pass of the project has the barcode %.150q.", data)
	}
	var answer []byte
	if _, err = a.updatePass(r, p, id, func(tx *entities.Tx) error {
		answer, err = a.scanned(tx, dry)
		return err
	}); err != nil {
		return err
	}
	vendorapi.WriteBytes(w, http.StatusOK, answer)
	return nil
}

func dryRun(q url.Values) (bool, error) {
	text := q.Get("dryRun")
	if text == "" {
		return false, nil
	}
	dry, err := strconv.ParseBool(text)
	if err != nil {
		return false, invalid("dryRun %.40q: want true or false.", text)
	}
	return dry, nil
}

// byBarcode returns the pass with a barcode.
func (a *api) byBarcode(p project, data string) (id string, known bool) {
	for _, e := range a.Entities.List(a.Provider.Name, p.Name, passKind) {
		if gjson.GetBytes(e.Fields, "barcode_signature").Str == data {
			return e.ID, true
		}
	}
	return "", false
}

// scanned scans a pass. An expired pass can be scanned, without an event.
func (a *api) scanned(tx *entities.Tx, dry bool) (answer []byte, err error) {
	if answer, err = a.result(tx.Entity); err != nil {
		return nil, err
	}
	k, err := readExtra(tx.Extra)
	if err != nil {
		return nil, err
	}
	message := k.message()
	if expired := gjson.GetBytes(answer, "expiredAt").String(); expired != "" {
		message = fmt.Sprintf("The pass expired at %s: %s.", expired, gjson.GetBytes(answer, "expireAction"))
	} else if !dry {
		event, err := tx.Trigger(fixtures.Step{Event: a.events.scan})
		if err != nil {
			return nil, err
		}
		if err := updateExtra(tx, func(k *passExtra) error { k.remember(scan{event.At, message}); return nil }); err != nil {
			return nil, err
		}
	}
	sets := []struct {
		path  string
		value any
	}{{"message", message}, {"scanResult.valid", !k.Lost}}
	for i := range gjson.GetBytes(answer, "nfts.#").Int() {
		sets = append(sets, struct {
			path  string
			value any
		}{fmt.Sprintf("nfts.%d.valid", i), !k.Lost})
	}
	for _, set := range sets {
		if answer, err = sjson.SetBytes(answer, set.path, set.value); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

func (k *passExtra) remember(s scan) {
	k.Scans = append(k.Scans, s)
	k.Scans = k.Scans[max(0, len(k.Scans)-maxScans):]
}

// scanHistory reads the times, in Unix seconds, between which a caller asks for the scans.
func scanHistory(r *http.Request) (from, until time.Time, asked bool, err error) {
	q, err := query(r)
	if err != nil {
		return from, until, false, err
	}
	for name, at := range map[string]*time.Time{"scanHistoryStartTime": &from, "scanHistoryEndTime": &until} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		if !natural(text).isDigits(11) {
			return from, until, false, invalid("%s %.40q: want a Unix timestamp in seconds.", name, text)
		}
		seconds, _ := strconv.ParseInt(text, 10, 64) // it has 11 digits at most
		*at, asked = time.Unix(seconds, 0), true
	}
	if !until.IsZero() && until.Before(from) {
		return from, until, false, invalid("scanHistoryEndTime %d is before scanHistoryStartTime %d.", until.Unix(), from.Unix())
	}
	return from, until, asked, nil
}

// pastScan is a scan in the history.
type pastScan struct {
	ScannedAt string `json:"scannedAt"`
	Message   string `json:"message"`
}

// millis is the layout of lastScannedAt.
const millis = "2006-01-02T15:04:05.000-07:00"

// history returns the scans from one time until another, both included, to the second; a zero time
// is no bound.
func (k *passExtra) history(from, until time.Time) []pastScan {
	list := []pastScan{}
	for _, s := range k.Scans {
		if !s.At.Before(from) && (until.IsZero() || s.At.Before(until.Add(time.Second))) {
			list = append(list, pastScan{s.At.UTC().Format(millis), s.Message})
		}
	}
	return list
}
