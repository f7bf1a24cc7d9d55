package scenarios

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/mockserver"
)

// Reasons why Run and Permit refuse a scenario.
var (
	// ErrExec means that a scenario runs a program and the run does not allow that.
	ErrExec = errors.New("running programs is not allowed")
	// ErrSQL means that a scenario reads a database and the run does not allow that.
	ErrSQL = errors.New("reading databases is not allowed")
	// ErrNotAllowed means that a scenario sends requests to a host that the run does not allow.
	ErrNotAllowed = errors.New("requests to this host are not allowed")
)

// refusal is an error of one of these reasons.
type refusal struct {
	reason error
	text   string
}

func refuse(reason error, format string, args ...any) error {
	return &refusal{reason, fmt.Sprintf(format, args...)}
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.reason }

// Permit checks before a run whether the options allow what the scenario does: run programs, read
// databases, and send requests to hosts other than the target. The error names everything that is
// not allowed, each with the flag that allows it. It wraps ErrExec, ErrSQL or ErrNotAllowed. Hosts
// that depend on earlier steps are checked when their step begins.
func (s *Scenario) Permit(o Options) error {
	var problems []error
	if !o.AllowExec {
		for _, name := range s.Programs() {
			problems = append(problems, refuse(ErrExec, "scenario %s: effect %s runs a program (%s): read the scenario, then allow it with --allow-exec",
				s.Name, name, strings.Join(s.Effects[name].Exec, " ")))
		}
	}
	if o.SQL == nil {
		for _, name := range s.Queries() {
			problems = append(problems, refuse(ErrSQL, "scenario %s: effect %s reads a database (%s): read the scenario, then allow it with --allow-sql",
				s.Name, name, s.Effects[name].SQL.Query))
		}
	}
	if s.root != nil {
		problems = append(problems, s.permitHosts(o)...)
	}
	return errors.Join(problems...)
}

// permitHosts checks the hosts of all URLs in the file.
func (s *Scenario) permitHosts(o Options) []error {
	var problems []error
	for _, one := range s.Cases() {
		r := newRun(nil, one, o)
		if err := r.makeParams(); err != nil {
			return nil // the run reports it
		}
		for label := range one.Bins {
			r.bins[label] = &bin{label: label, url: ownURL}
			r.scope.bins[label] = map[string]any{"url": ownURL, "name": label}
		}
		if r.makeTarget() != nil {
			return nil // the run reports it
		}
		for _, u := range one.urls() {
			for _, one := range u.rows {
				r.scope.each = one.values
				if err := r.permitURL(u); err != nil && !slices.ContainsFunc(problems, func(e error) bool { return e.Error() == err.Error() }) {
					problems = append(problems, err)
				}
			}
		}
	}
	return problems
}

// ownURL stands for the URLs of bins before they are known.
const ownURL = "http://own.hookrig.invalid"

// place is a URL in the file that something is sent to.
type place struct {
	what string
	file string
	node *yaml.Node
	rows []row // the rows of the step's table; one without a table
	// server: the server sends there, and may always send to loopback
	server bool
}

// urls returns the URLs of the file that something is sent to.
func (s *Scenario) urls() []place {
	var list []place
	none := []row{{}}
	add := func(what, file string, n *yaml.Node, rows []row, server bool) {
		if n = target(n); n != nil && n.Kind == yaml.ScalarNode {
			list = append(list, place{what, file, n, rows, server})
		}
	}
	add("the target", s.file, child(child(s.root, "target"), "url"), none, true)
	for _, name := range keys(s.Effects) {
		add("effect "+name, s.file, child(child(child(child(s.root, "effects"), name), "http"), "url"), none, false)
	}
	for _, step := range s.all() {
		rows := none
		if len(step.Each) > 0 {
			rows = step.Each.rows()
		}
		what := "step " + step.ID
		add(what, step.file, child(child(step.node, "call"), "url"), rows, false)
		add(what, step.file, child(child(step.node, "subscribe"), "to"), rows, true)
		add(what, step.file, child(child(step.node, "burst"), "to"), rows, true)
	}
	return list
}

// permitURL checks one URL of the file. A URL that cannot be resolved yet is checked later.
func (r *run) permitURL(p place) error {
	var text string
	if r.decode(p.file, p.node, &text) != nil {
		return nil
	}
	if p.what == "the target" && r.options.Target != "" {
		return nil // it is not used
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || p.server && isLoopback(u.Hostname()) || r.allows(u) {
		return nil
	}
	host := u.Hostname()
	if guard, err := r.guard(); err == nil {
		if why := guard.CheckLiteral(host); why != nil && !strings.Contains(why.Error(), "--allow-target") {
			return refuse(ErrNotAllowed, "scenario %s: %s sends to %s: %v", r.scenario.Name, p.what, host, why)
		}
	}
	return refuse(ErrNotAllowed, "scenario %s: %s sends to %s, which is not the host of the target: read the scenario, then allow it with --allow-target %s", r.scenario.Name, p.what, host, host)
}

// mayReach checks whether the run may send a request to a URL itself.
func (r *run) mayReach(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("%q is not an absolute URL: want http://HOST/PATH", text)
	}
	if r.allows(u) {
		return nil
	}
	return refuse(ErrNotAllowed, "%s is not the host of the target: read the scenario, then allow it with --allow-target %s", u.Hostname(), u.Hostname())
}

// allows reports whether the run may send requests to the host of a URL: that of the target, that
// of the run's bins, and those of the options. All loopback addresses are one host. A name that may
// resolve to an allowed network is checked when it is dialled.
func (r *run) allows(u *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	for _, b := range r.bins {
		if own, err := url.Parse(b.url); err == nil && strings.EqualFold(own.Host, u.Host) {
			return true
		}
	}
	to, err := url.Parse(r.targetURL)
	targetHost := ""
	if err == nil {
		targetHost = strings.ToLower(to.Hostname())
	}
	local := !r.hasTargetURL() || isLoopback(targetHost)
	switch {
	case local && isLoopback(host):
		return true
	case !local && host == targetHost && r.targetAllowed():
		return true
	}
	return slices.ContainsFunc(r.options.AllowTargets, func(entry string) bool { return matchesEntry(entry, host) })
}

// targetAllowed reports whether the user named the target: on the command line or in Go. The target
// of a file needs a flag like any other host.
func (r *run) targetAllowed() bool { return r.options.Target != "" || r.scenario.root == nil }

// matchesEntry reports whether an entry of Options.AllowTargets allows a host.
func matchesEntry(entry, host string) bool {
	entry = strings.ToLower(strings.TrimSuffix(entry, "."))
	address, isAddress := parseAddress(host)
	if prefix, err := netip.ParsePrefix(entry); err == nil {
		return !isAddress || prefix.Contains(address.Unmap())
	}
	if want, err := netip.ParseAddr(strings.Trim(entry, "[]")); err == nil {
		return isAddress && want.Unmap() == address.Unmap()
	}
	if below, ok := strings.CutPrefix(entry, "*."); ok {
		return strings.HasSuffix(host, "."+below)
	}
	return entry == host
}

func parseAddress(host string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(host)
	return address.WithZone(""), err == nil
}

func isLoopback(host string) bool {
	if address, ok := parseAddress(host); ok {
		return address.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// guard returns what checks the connections that the run makes itself.
func (r *run) guard() (*mockserver.Guard, error) {
	allow := slices.Clone(r.options.AllowTargets)
	if u, err := url.Parse(r.targetURL); err == nil && u.Hostname() != "" && r.targetAllowed() {
		allow = append(allow, u.Hostname())
	}
	for _, label := range keys(r.bins) {
		if u, err := url.Parse(r.bins[label].url); err == nil && u.Hostname() != "" {
			allow = append(allow, u.Hostname()) // the server's own address
		}
	}
	return mockserver.NewGuard(allow)
}
