package vendorapi

import (
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"strconv"
)

// Page returns at most limit entries of a list, from offset on.
func Page[T any](list []T, offset, limit int) []T {
	list = list[min(offset, len(list)):]
	return list[:min(limit, len(list))]
}

// Number reads a whole number of a query, which is without when it is missing. ok is false when it
// is not from least to most.
func Number(q url.Values, name string, without, least, most int) (n int, ok bool) {
	text := q.Get(name)
	if text == "" {
		return without, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= least && n <= most
}

// ReadForm reads the form of a page, of at most limit bytes. The server itself refuses forms of
// other origins.
func ReadForm(w http.ResponseWriter, r *http.Request, limit int64) (url.Values, error) {
	contentType := r.Header.Get("Content-Type")
	if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, Errorf(http.StatusUnsupportedMediaType, "The content type is %.100q: the page posts application/x-www-form-urlencoded.", contentType)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	body, err := Body(w, r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, Errorf(http.StatusBadRequest, "The form cannot be read: %v.", err)
	}
	return form, nil
}

// WriteHTML answers with a page, which may use its own style and send its own forms, but no script,
// no frame and nothing of another origin.
func WriteHTML(w http.ResponseWriter, status int, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with none, a form would come from the origin null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	WriteBytes(w, status, page)
}

// CSS returns the handler of a style sheet.
func CSS(files fs.ReadFileFS, name string) Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		style, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		WriteBytes(w, http.StatusOK, style)
		return nil
	}
}
