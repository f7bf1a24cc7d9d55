package mockserver

import (
	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
)

// Captures in files, and replays of them.
type (
	// FileFormat is a file format for exporting or importing captures.
	FileFormat = export.Format
	// FileRecord is one capture of a file, or the reason why it cannot be read.
	FileRecord = export.Record
	// FileOptions say how to write captures.
	FileOptions = export.Options

	// ReplayPlan says how to send captures again; its Run method does so.
	ReplayPlan = replay.Plan
	// ReplayChange says what to change in each request.
	ReplayChange = replay.Change
	// ReplayResign says how to sign again.
	ReplayResign = replay.Resign
	// ReplayExchange is one request that was sent again, with its response.
	ReplayExchange = replay.Exchange
	// ReplaySummary counts what a replay did.
	ReplaySummary = replay.Summary
)

// Redacted is the text that replaces a secret in a file.
const Redacted = export.Redacted

// SniffLength is how many bytes SniffFormat looks at.
const SniffLength = export.SniffLength

// DefaultReplayConnections is the number of connections that a replay with a speed opens.
const DefaultReplayConnections = replay.DefaultConnections

// FileFormats returns all formats.
func FileFormats() []FileFormat { return export.Formats() }

// FindFormat returns the format with this name. ErrFile.
func FindFormat(name string) (FileFormat, error) { return export.Find(name) }

// FormatNames returns the names of the formats for which keep returns true; a nil keep returns all.
func FormatNames(keep func(FileFormat) bool) []string { return export.Names(keep) }

// SniffFormat returns the format of a file that begins with start. ErrFile.
func SniffFormat(start []byte) (FileFormat, error) { return export.Sniff(start) }

// OneCapture returns a sequence of one capture, for FileFormat.Write.
func OneCapture(c Capture) export.Captures { return export.One(c) }

// Verify checks a capture's signature with each of the secrets. url is the address as registered
// with the sender, which some schemes sign; "" uses the address of the capture.
func Verify(p *fixtures.Provider, c Capture, url string, secrets ...string) Verification {
	return capture.Verify(p, c, url, secrets...)
}
