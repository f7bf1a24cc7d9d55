package mockserver

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// The records of a server and the options of its calls. They are plain values with JSON tags: the
// same in Go, over HTTP and in files.
type (
	// Message is one HTTP request: request line, header lines as sent, body.
	Message = wire.Message

	// Capture is one recorded request.
	Capture = journal.Capture
	// Verification is the result of checking a capture's signature.
	Verification = journal.Verification
	// Query selects captures.
	Query = query.Query
	// CaptureQuery is the part of a Query that the store answers.
	CaptureQuery = journal.CaptureQuery
	// Wait says what to wait for in a bin.
	Wait = query.Wait
	// Waited is the result of a Wait.
	Waited = query.Waited
	// NearMiss is a capture that a wait did not match, and why.
	NearMiss = query.NearMiss
	// FollowOptions select the updates that Client.Follow reports.
	FollowOptions = query.FollowOptions
	// FeedOptions are the part of FollowOptions that the store answers.
	FeedOptions = journal.FollowOptions
	// Update is one change of the journal.
	Update = journal.Update

	// BinSummary is a bin's name with its counts.
	BinSummary = journal.Bin
	// Settings are what a bin does with its requests.
	Settings = capture.Settings
	// Script is the responses of a bin.
	Script = capture.Script
	// Rule has the responses for requests that meet a condition.
	Rule = capture.Rule
	// Response is one response of a bin.
	Response = journal.Response
	// Handshake makes a bin answer a vendor's check of a new endpoint.
	Handshake = capture.Handshake
	// SettingsChange changes some of a bin's settings: nil members stay as they are.
	SettingsChange = capture.Change
	// BinStats counts what happened to every request that named a bin.
	BinStats = analysis.BinStats
	// Digest is a short form of a capture: its number and the SHA-256 of its body.
	Digest = journal.Digest
	// Sender describes the program that sent a bin's newest captures.
	Sender = analysis.Sender
	// Imported is the result of importing a file.
	Imported = capture.Imported

	// Endpoint is a registered subscription: URL, event patterns, secrets.
	Endpoint = journal.Endpoint
	// Emission is an event to emit.
	Emission = delivery.Emission
	// Fault is a deliberate error in a delivery.
	Fault = fault.Fault
	// FaultKind describes one kind of fault.
	FaultKind = fault.Kind
	// Delivery is one event to one endpoint, with its attempts.
	Delivery = journal.Delivery
	// Notice tells what a delivery policy did to an endpoint.
	Notice = delivery.Notice
	// State is the state of a delivery.
	State = journal.State
	// DeliveryQuery selects deliveries.
	DeliveryQuery = journal.DeliveryQuery
	// Attempt is one HTTP try of a delivery.
	Attempt = journal.Attempt
	// AttemptResponse is a consumer's response to an attempt.
	AttemptResponse = wire.Response
	// Outcome says how far an attempt got.
	Outcome = wire.Outcome
	// Duration is a time.Duration that JSON writes as text: "30s".
	Duration = journal.Duration

	// Clock is the clock of the delivery schedule.
	Clock = delivery.Clock
	// RunOptions configure the clock of a run.
	RunOptions = delivery.RunOptions
	// Tenant is one customer of a provider, with its API keys.
	Tenant = entities.Tenant
	// TenantKey is an API key of a tenant.
	TenantKey = entities.Key

	// Node is one server among those that use a store.
	Node = journal.Node
	// NodeState says what a Node does.
	NodeState = journal.NodeState

	// Store keeps what a server records.
	Store = journal.Store
	// Limits bound what a Store keeps.
	Limits = journal.Limits
	// MemoryOptions configure NewMemory.
	MemoryOptions = journal.MemoryOptions
	// Archive is the data of a server that does not run: see CopyArchive.
	Archive = journal.Archive
	// Copied is the result of CopyArchive.
	Copied = journal.Copied
	// CopyProgress says how far CopyArchive is.
	CopyProgress = journal.CopyProgress
	// StoreFilter selects the changes that Store.Watch reports.
	StoreFilter = journal.Filter
)

// The states of a delivery.
const (
	Pending   = journal.Pending
	Delivered = journal.Delivered
	Exhausted = journal.Exhausted
	Stopped   = journal.Stopped
	Dropped   = journal.Dropped
)

// The states of a node.
const (
	NodeRunning  = journal.NodeRunning
	NodeDraining = journal.NodeDraining
	NodeLost     = journal.NodeLost
)

// The outcomes of an attempt.
const (
	NotSent       = wire.NotSent
	PartlyWritten = wire.PartlyWritten
	NoResponse    = wire.NoResponse
	GotStatus     = wire.GotStatus
)

// Where a Response is cut off, and the kinds and reasons in updates of Follow.
const (
	CutHead      = journal.CutHead
	CutBody      = journal.CutBody
	KindCapture  = journal.KindCapture
	KindDelivery = journal.KindDelivery
	Behind       = journal.Behind
)

// MaxLimit is the most records that one call returns.
const MaxLimit = journal.MaxLimit

// NoRetry is the name of the retry profile that never tries again.
const NoRetry = delivery.NoRetry

// QueryHelp explains the query language of captures.
const QueryHelp = query.Help

// NewMemory returns a Store that keeps everything in memory.
func NewMemory(o MemoryOptions) Store { return journal.NewMemory(o) }

// CopyArchive copies the data of a server byte for byte to an empty folder or database, or goes on
// with a copy that was interrupted. Packages sqlite and postgres open both. It calls watch, if it
// is not nil, from time to time. Errors wrap ErrExists for a destination with other data,
// ErrDiffers if the data was changed meanwhile, and ErrIncomplete for an origin that is itself an
// incomplete copy.
func CopyArchive(ctx context.Context, from, to Archive, watch func(CopyProgress)) (Copied, error) {
	return journal.Copy(ctx, from, to, watch)
}

// ParseFault reads a fault written as on the command line: "duplicate:3". ErrInvalid.
func ParseFault(text string) (Fault, error) { return fault.Parse(text) }

// FaultKinds returns every kind of fault.
func FaultKinds() []FaultKind { return fault.Kinds() }

// HandshakeKinds returns the kinds of Handshake.
func HandshakeKinds() []string { return capture.HandshakeKinds() }
