package burst

import (
	"fmt"
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histograms have the latencies of a burst in microseconds, each in the compressed V2 format of
// HdrHistogram, in base64.
type Histograms struct {
	// Lag is how late requests started.
	Lag string `json:"lag"`
	// Service is the time from then to the response.
	Service string `json:"service"`
	// Response is the time from when an event was due to its response.
	Response string `json:"response"`
	// SuccessResponse has the response times of the requests with a 2xx.
	SuccessResponse string `json:"success_response"`
}

func (m *measure) histograms() Histograms {
	return Histograms{Lag: encoded(m.lag), Service: encoded(m.service), Response: encoded(m.response), SuccessResponse: encoded(m.goodResponse)}
}

func encoded(h *hdrhistogram.Histogram) string {
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return "" // a histogram of ours can be encoded
	}
	return string(text)
}

// WriteHGRM writes the percentiles of the response times in the .hgrm format, in milliseconds,
// which the plotter of HdrHistogram reads.
func (r *Report) WriteHGRM(w io.Writer) error {
	h, err := decoded(r.Histograms.Response)
	if err != nil {
		return err
	}
	_, err = h.PercentilesPrint(w, 5, 1000)
	return err
}

func decoded(text string) (*hdrhistogram.Histogram, error) {
	h, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the histogram %.20q is not in the V2 format of HdrHistogram: %w", text, err)
	}
	return h, nil
}
