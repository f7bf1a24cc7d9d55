package neostore

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// How lists are paged: the vendor's API reference of passes, whose numbers are of 32 bits. It names no largest page.
const (
	defaultPageSize = 20
	maxPageSize     = 1000
	totalHeader     = "x-pagination-total"
)

// list answers with one page of entities, each as show shows it.
func list[T any](w http.ResponseWriter, r *http.Request, all []entities.Entity, show func(*entities.Entity) (T, error)) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return vendorapi.Errorf(http.StatusBadRequest, "The query cannot be read: %v.", err)
	}
	wrong := wrongs{}
	index := wrong.number(query, "pageIndex", 0, 0, 1<<31-1)
	size := wrong.number(query, "pageSize", defaultPageSize, 1, maxPageSize)
	if err := wrong.err(); err != nil {
		return err
	}
	from := min(index*size, int64(len(all)))
	to := min(from+size, int64(len(all)))
	page := []T{}
	for i := from; i < to; i++ {
		shown, err := show(&all[i])
		if err != nil {
			return err
		}
		page = append(page, shown)
	}
	w.Header()[totalHeader] = []string{strconv.Itoa(len(all))}
	return vendorapi.Write(w, http.StatusOK, page)
}

// number reads a number of a query.
func (w wrongs) number(query url.Values, name string, without, least, most int64) int64 {
	text := query.Get(name)
	if text == "" {
		return without
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		w.add(name, "%.40q is not a whole number from %d to %d.", text, least, most)
	}
	return n
}
