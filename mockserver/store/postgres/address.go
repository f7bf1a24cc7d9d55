package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// defaultSchema is the schema of a journal whose address names none.
const defaultSchema = "hookrig"

// schemaName is what a schema can be called here, so that it needs no quotes.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,50}$`)

// parse returns the configuration of connections, and the address without password and options.
// Errors do not quote the address, because it may contain a password.
func parse(address string) (config *pgconn.Config, name string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, "", fmt.Errorf("%w: want postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %%XX for special characters of the password", ErrAddress)
	}
	if config, err = pgconn.ParseConfig(address); err != nil {
		if file := (*fs.PathError)(nil); errors.As(err, &file) {
			return nil, "", fmt.Errorf("%w: an option names a file that cannot be read: %w", ErrAddress, file)
		}
		return nil, "", fmt.Errorf("%w: want postgres://USER:PASSWORD@HOST:PORT/DATABASE; an option, or a file that it names, is wrong", ErrAddress)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	schema := config.RuntimeParams["search_path"]
	if schema == "" {
		schema = defaultSchema
	}
	if !schemaName.MatchString(schema) {
		return nil, "", fmt.Errorf("%w: search_path %q: want one schema of lower-case letters, digits and \"_\"", ErrAddress, schema)
	}
	for key, value := range map[string]string{
		"search_path":                         schema,
		"application_name":                    "hookrig",
		"synchronous_commit":                  "on",
		"default_transaction_isolation":       "read committed",
		"default_transaction_read_only":       "off",
		"client_min_messages":                 "warning",
		"jit":                                 "off", // it takes longer than all statements here
		"statement_timeout":                   milliseconds(statementTimeout),
		"idle_in_transaction_session_timeout": milliseconds(idleTimeout),
	} {
		config.RuntimeParams[key] = value
	}
	shown := url.URL{Scheme: "postgres", Host: config.Host, Path: "/" + config.Database}
	switch {
	case config.Host == "" || config.Host[0] == '/':
		shown.Host, shown.RawQuery = "", "host="+config.Host
	default:
		shown.Host = net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	}
	shown.User = url.User(config.User)
	return config, shown.String(), nil
}

// Name returns an address without its password and options, or "" if it is not valid.
func Name(address string) string {
	_, name, err := parse(address)
	if err != nil {
		return ""
	}
	return name
}

// These bound how long the store waits for the database.
const (
	connectTimeout   = 5 * time.Second
	statementTimeout = 60 * time.Second // of the server, for one statement
	// idleTimeout ends a transaction, and its lock, whose node does not go on.
	idleTimeout = 10 * time.Second
	// writeTimeout bounds a transaction that writes, with the wait for its lock.
	writeTimeout = 30 * time.Second
	// grace is how long calls wait for a database that went away, for example for its restart.
	grace = 5 * time.Second
	// retryPause is the time between two tries to connect.
	retryPause = 50 * time.Millisecond
)

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func schemaOf(config *pgconn.Config) string { return config.RuntimeParams["search_path"] }

// pause waits before another try. It returns false if ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
