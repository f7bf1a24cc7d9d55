package exam

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/url"

	"github.com/hookrig/hookrig/scenarios"
)

// SARIFLocation is the file that WriteSARIF gives as the place of its results.
const SARIFLocation = "README.md"

// sourceRoot is the name of the root of the repository in SARIF.
const sourceRoot = "%SRCROOT%"

// WriteSARIF writes the checks that failed or warned as SARIF 2.1.0, for code scanning: one rule
// for each check, and one result for each that is wrong. The exam does not see the code, so the
// place of every result is the file SARIFLocation; WriteSARIFAt gives another. Known failures are
// suppressed.
func WriteSARIF(w io.Writer, r Report) error { return WriteSARIFAt(w, r, SARIFLocation) }

// WriteSARIFAt is WriteSARIF with another file, which code scanning shows for the results: its path
// in the repository, with slashes. It returns an error for a path that leads out of the repository.
func WriteSARIFAt(w io.Writer, r Report, location string) error {
	if !fs.ValidPath(location) || location == "." {
		return fmt.Errorf("location %q: want a file of the repository, with its path from the root, as in src/webhooks.go", location)
	}
	run := sarifRun{Tool: sarifTool{Driver: sarifDriver{Name: "hookrig", InformationURI: "https://github.com/hookrig/hookrig", Rules: []sarifRule{}}}, Results: []sarifResult{}}
	run.Bases = map[string]sarifBase{sourceRoot: {Description: sarifText{"The root of the repository"}}}
	artifact := sarifArtifact{URI: (&url.URL{Path: location}).String(), Base: sourceRoot}
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
			Physical: sarifPhysical{Artifact: artifact, Region: sarifRegion{1}},
			Logical:  []sarifLogical{{Name: r.Provider + " " + r.role(), Full: r.URL, Kind: "resource"}},
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
	Tool    sarifTool            `json:"tool"`
	Bases   map[string]sarifBase `json:"originalUriBaseIds"`
	Results []sarifResult        `json:"results"`
}

type sarifBase struct {
	Description sarifText `json:"description"`
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
	URI  string `json:"uri"`
	Base string `json:"uriBaseId"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name string `json:"name"`
	Full string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}
