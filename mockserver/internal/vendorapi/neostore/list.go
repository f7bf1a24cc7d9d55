package neostore

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// The paging of the vendor's API reference of passes, whose numbers have 32 bits. It names no
// largest page.
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
	wrong := fieldErrors{}
	index := wrong.number(query, "pageIndex", 0, 0, 1<<31-1)
	size := wrong.number(query, "pageSize", defaultPageSize, 1, maxPageSize)
	if err := wrong.err(); err != nil {
		return err
	}
	page := []T{}
	for _, e := range vendorapi.Page(all, int(min(int64(index)*int64(size), int64(len(all)))), size) {
		shown, err := show(&e)
		if err != nil {
			return err
		}
		page = append(page, shown)
	}
	w.Header()[totalHeader] = []string{strconv.Itoa(len(all))}
	return vendorapi.Write(w, http.StatusOK, page)
}

// number reads a number of a query.
func (w fieldErrors) number(query url.Values, name string, without, least, most int) int {
	n, ok := vendorapi.Number(query, name, without, least, most)
	if !ok {
		w.add(name, "%.40q is not a whole number from %d to %d.", query.Get(name), least, most)
	}
	return n
}
