//go:build !slim

package shard

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// explain returns the error of opening a database on one line, with what to do.
func (d *database) explain(err error) error {
	config := d.Config().ConnConfig
	var refused *pgconn.PgError
	code := ""
	if errors.As(err, &refused) {
		code = refused.Code
	}
	switch {
	case errors.Is(err, ErrForeign), errors.Is(err, context.Canceled):
		return err
	case strings.HasPrefix(code, "28"): // the class of refused logins
		return fmt.Errorf("%w: %s; check user and password, and pg_hba.conf of the server", ErrDatabase, refused.Message)
	case code == "3D000": // no such database
		return fmt.Errorf("%w: %s; create it with: createdb %s", ErrDatabase, refused.Message, config.Database)
	case code == "42501": // no permission
		return fmt.Errorf("%w: %s; as its owner run: CREATE SCHEMA %s AUTHORIZATION %s", ErrDatabase, refused.Message, d.schema, config.User)
	case code == "42704", code == "22023": // no such setting, a wrong value
		return fmt.Errorf("%w: %s; check the options after \"?\"", ErrAddress, refused.Message)
	case code == "08P01": // a pool does not take a setting at the start
		return fmt.Errorf("%w: %s: there is a pool before the server; use the address of the server", ErrDatabase, refused.Message)
	case refused == nil && strings.Contains(err.Error(), "tls"):
		return fmt.Errorf("%w: %s; check sslmode and sslrootcert in the address, and the certificate of the server", ErrDatabase, oneLine(err))
	case refused == nil:
		return fmt.Errorf("%w: %s; start the server, or check host, port and firewall", ErrDatabase, oneLine(err))
	}
	return fmt.Errorf("%w: %s", ErrDatabase, oneLine(err))
}

// oneLine returns the text of an error on one line, each thing once: attempts with and without TLS
// often fail alike.
func oneLine(err error) string {
	var list []string
	for line := range strings.Lines(err.Error()) {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" && (len(list) == 0 || !strings.HasSuffix(list[len(list)-1], line)) {
			list = append(list, line)
		}
	}
	return strings.Join(list, " ")
}
