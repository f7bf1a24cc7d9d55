package scenarios

import (
	"bytes"
	"strings"
	"testing"
)

func TestWriteHTML(t *testing.T) {
	var page bytes.Buffer
	if err := WriteHTML(&page, reports()); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report/html.golden", page.String())
	// Text from a consumer is escaped, so it is never markup.
	if strings.Contains(page.String(), "<b>") || !strings.Contains(page.String(), "&lt;b&gt;") {
		t.Error("details are not escaped")
	}
	for _, outside := range []string{"http-equiv=\"refresh\"", "<script", "<link", "<img", "src="} {
		if strings.Contains(page.String(), outside) {
			t.Errorf("the page holds %s", outside)
		}
	}
}
