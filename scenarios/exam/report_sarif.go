package exam

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hookrig/hookrig/scenarios"
)

// WriteSARIF writes the checks that failed or warned as SARIF 2.1.0, for code scanning: one rule
// for each check, and one result for each that is wrong. The location is the consumer's URL, or the
// sender's bin, as the exam does not see the code. Known failures are suppressed.
func WriteSARIF(w io.Writer, r Report) error {
	run := sarifRun{Tool: sarifTool{Driver: sarifDriver{Name: "hookrig", InformationURI: "https://github.com/hookrig/hookrig", Rules: []sarifRule{}}}, Results: []sarifResult{}}
	for i := range r.Checks {
		c := &r.Checks[i]
		rule := sarifRule{
			ID: c.ID, Name: c.ID, Short: sarifText{c.Title}, Full: sarifText{orTitle(c.Matters, c.Title)}, Help: sarifText{orTitle(c.Fix, c.Title)},
			Properties: sarifProperties{Tags: []string{"webhook", string(c.Theme), string(c.Level)}},
		}
		rule.Configuration.Level = sarifLevel(c)
		if len(c.Sources) > 0 {
			rule.HelpURI = httpSource(c.Sources)
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
		if c.Result != Fail && c.Result != Warn {
			continue
		}
		result := sarifResult{RuleID: c.ID, RuleIndex: i, Level: sarifLevel(c), Message: sarifText{c.Details()}}
		result.Fingerprints = map[string]string{"hookrigCheck/v1": r.Provider + "/" + c.ID}
		result.Locations = []sarifLocation{{
			Physical: sarifPhysical{Artifact: sarifArtifact{sarifURI(r.URL)}, Region: sarifRegion{1}},
			Logical:  []sarifLogical{{Name: r.Provider + " " + r.role(), Kind: "resource"}},
		}}
		if c.Known != "" {
			result.Suppressions = []sarifSuppression{{Kind: "external", Justification: c.Known}}
		}
		run.Results = append(run.Results, result)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifLevel returns the level of a result.
func sarifLevel(c *Result) string {
	switch {
	case c.Result == Warn || c.Level == scenarios.Should:
		return "warning"
	case c.Level == scenarios.Info:
		return "note"
	}
	return "error"
}

// sarifURI returns an address as SARIF wants it: what may not stand in a URI is escaped.
func sarifURI(address string) string {
	var b strings.Builder
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>\^`+"`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func orTitle(text, title string) string {
	if text == "" {
		return title
	}
	return text
}

// httpSource returns the first source that is an address, or "".
func httpSource(sources []string) string {
	for _, s := range sources {
		if isAddress(s) {
			return s
		}
	}
	return ""
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool     `json:"tool"`
	Results []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Short         sarifText `json:"shortDescription"`
	Full          sarifText `json:"fullDescription"`
	Help          sarifText `json:"help"`
	HelpURI       string    `json:"helpUri,omitempty"`
	Configuration struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
	Properties sarifProperties `json:"properties"`
}

type sarifProperties struct {
	Tags []string `json:"tags"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}
