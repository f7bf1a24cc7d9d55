package webhooksite

import (
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/hookrig/hookrig/internal/clip"
)

// Bounds of a page of a list.
const (
	usualPage = 50
	maxPage   = 100
)

// page is a part of a list.
type page struct{ number, size int } // from 1

// queryOf returns the query of a call.
func queryOf(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "query string %s: %s", clip.Quote(r.URL.RawQuery), err)
	}
	return values, nil
}

// pageOf reads page and per_page. A page that asks for more than limit has limit and says so. Page
// 0 is the first, for old programs.
func pageOf(values url.Values, limit int) (page, error) {
	p := page{number: 1, size: min(usualPage, limit)}
	for name, to := range map[string]*int{"page": &p.number, "per_page": &p.size} {
		text := values.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return page{}, invalid("%s %s: want a number from 1", name, clip.Quote(text))
		}
		*to = max(n, 1)
	}
	p.size = min(p.size, limit)
	return p, nil
}

// from returns the number of the page's first item in the list, from 1.
func (p page) from() int { return (p.number-1)*p.size + 1 }

// bounds returns where the page begins and ends in a list of total items; both are the end for a
// page after it.
func (p page) bounds(total int) (first, last int) {
	first = min(p.from()-1, total)
	return first, min(first+p.size, total)
}
