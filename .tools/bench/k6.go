package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// k6 runs a script that does what signed/main.go does, with k6's own HMAC.
func k6() Generator {
	return Generator{
		Tool: "k6",
		Command: func(l Load) []string {
			return []string{
				"run", "--quiet", "--no-usage-report", "--vus", strconv.Itoa(l.Connections), "--duration", l.Length.String(),
				"--env", "URL=" + l.URL, k6File,
			}
		},
		Parse: parseK6,
	}
}

// k6Script prints the figures itself, in one line that parseK6 reads.
func k6Script(r Request) string {
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h[0]] = h[1]
	}
	before, rest, _ := strings.Cut(r.Body, `"__id":"`)
	id, after, _ := strings.Cut(rest, `"`)
	return fmt.Sprintf(`import http from "k6/http";
import crypto from "k6/crypto";
import exec from "k6/execution";
const headers = %s;
const before = %s, after = %s;
export const options = { discardResponseBodies: true, summaryTrendStats: ["med", "p(99)"] };
export default function () {
  const body = before + String(exec.scenario.iterationInTest).padStart(%d, "0") + after;
  const signature = crypto.hmac("sha256", "S", body, "hex");
  http.post(__ENV.URL, body, { headers: { ...headers, "x-neostore-signature": signature } });
}
export function handleSummary(data) {
  const m = data.metrics;
  const printed = {
    requests: m.http_reqs.values.count, failed: m.http_req_failed.values.passes,
    seconds: data.state.testRunDurationMs / 1000,
    p50: m.http_req_duration.values.med, p99: m.http_req_duration.values["p(99)"],
  };
  return { stdout: JSON.stringify(printed) + "\n" };
}
`, script(headers), script(before+`"__id":"`), script(`"`+after), len(id))
}

// script is a value in JavaScript.
func script(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func parseK6(out []byte) (Measured, error) {
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, `{"requests":`) {
			return parseSigned([]byte(line))
		}
	}
	return Measured{}, fmt.Errorf("k6 printed no summary: %q", lastLine(string(out)))
}
