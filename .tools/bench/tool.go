package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tool is a program of the comparison.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// Path is the file; it is empty when Missing says why.
	Path    string `json:"-"`
	Missing string `json:"missing,omitempty"`
}

// wanted is a tool and how to get it.
type wanted struct {
	name string
	// install is a Go package with its version, built into the folder of the results.
	install string
	// debian is a package of Debian, installed by root where apt-get is.
	debian string
	// absent says why nothing here gets the tool.
	absent string
	// version prints the tool's version.
	version func(ctx context.Context, path string) string
}

// What is neither built nor installed here takes part when it is on the PATH.
var toolsWanted = []wanted{
	{name: "wrk", debian: "wrk", version: printed("-v")},
	{name: "vegeta", install: "github.com/tsenart/vegeta/v12@v12.13.0"},
	{name: "hey", install: "github.com/rakyll/hey@v0.1.5"},
	{name: "bombardier", install: "github.com/codesenberg/bombardier@v1.2.6"},
	{name: "fortio", install: "fortio.org/fortio@v1.66.5"}, // a module that later ones need could not be had
	{name: "wrk2", absent: "it is no package of Debian", version: printed("-v")},
	{name: "k6", absent: "its licence is the AGPL, so nothing here builds it", version: printed("version")},
	{name: "webhook-tester", absent: "its Go module could not be had", version: printed("--version")},
	{name: "request-baskets", absent: "its Go module could not be had"},
}

// findTools finds or builds everything. Only what is ours must be there.
func findTools(ctx context.Context, s Settings) (map[string]Tool, error) {
	tools := map[string]Tool{}
	hookrig := filepath.Join(s.Root, "bin", "hookrig")
	if _, err := os.Stat(hookrig); err != nil {
		return nil, fmt.Errorf("%w: build it first (make build)", err)
	}
	tools["hookrig"] = Tool{Name: "hookrig", Path: hookrig, Version: describe(ctx, s.Root)}
	for _, name := range []string{"sink", "signed"} {
		path := filepath.Join(s.Folder, name)
		if err := goBuild(ctx, filepath.Join(s.Root, ".tools", "bench"), "", "build", "-o", path, "./"+name); err != nil {
			return nil, fmt.Errorf("building %s: %w", name, err)
		}
		tools[name] = Tool{Name: name, Path: path}
	}
	for _, w := range toolsWanted {
		tools[w.name] = w.find(ctx, s)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return tools, nil
}

// find takes a tool that goes by Go's modules in the version that is listed here, so that the
// figures compare between machines, and any other from the PATH.
func (w wanted) find(ctx context.Context, s Settings) Tool {
	t := Tool{Name: w.name}
	folder := filepath.Join(s.Folder, "tools")
	built := filepath.Join(folder, w.name)
	if w.install != "" {
		_, t.Version, _ = strings.Cut(w.install, "@")
		if moduleVersion(ctx, built) == t.Version {
			t.Path = built
			return t
		}
		fmt.Println("building", w.install)
		if err := goBuild(ctx, s.Folder, folder, "install", w.install); err != nil {
			return Tool{Name: w.name, Missing: fmt.Sprintf("%s could not be built: %v", w.install, err)}
		}
		t.Path = built
		return t
	}
	t.Path = lookUp(built, w.name)
	if t.Path == "" && w.debian != "" && os.Getuid() == 0 {
		fmt.Println("installing", w.debian)
		_ = exec.CommandContext(ctx, "apt-get", "install", "-y", "-qq", "--no-install-recommends", w.debian).Run()
		t.Path = lookUp(built, w.name)
	}
	if t.Path == "" {
		why := "not on the PATH"
		if w.absent != "" {
			why += "; " + w.absent
		}
		return Tool{Name: w.name, Missing: why}
	}
	if w.version != nil {
		t.Version = w.version(ctx, t.Path)
	} else {
		t.Version = moduleVersion(ctx, t.Path)
	}
	return t
}

// lookUp looks for a program in the folder of the results, then on the PATH.
func lookUp(built, name string) string {
	if _, err := os.Stat(built); err == nil {
		return built
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

func goBuild(ctx context.Context, dir, bin string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+bin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.New(withoutURL(lastLine(string(out))))
	}
	return nil
}

// withoutURL leaves out the address that a build could not read: it is this machine's setting.
func withoutURL(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if strings.HasPrefix(w, "https://") {
			words[i] = "its source:"
		}
	}
	return strings.Join(words, " ")
}

// moduleVersion is the version of the module that a Go program was built from, or "".
func moduleVersion(ctx context.Context, path string) string {
	out, err := exec.CommandContext(ctx, "go", "version", "-m", path).Output()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) >= 3 && f[0] == "mod" {
			return f[2]
		}
	}
	return ""
}

// printed reads the version from the first line that a flag prints.
func printed(flag string) func(context.Context, string) string {
	return func(ctx context.Context, path string) string {
		out, _ := exec.CommandContext(ctx, path, flag).CombinedOutput() // wrk -v exits with 1
		first, _, _ := strings.Cut(string(out), "\n")
		return versionIn(first)
	}
}

// versionIn is the first word that has a digit and a dot.
func versionIn(line string) string {
	for word := range strings.FieldsSeq(line) {
		if strings.Contains(word, ".") && strings.ContainsAny(word, "0123456789") {
			return strings.Trim(word, ",()")
		}
	}
	return ""
}

// describe is the commit that hookrig was built from.
func describe(ctx context.Context, root string) string {
	cmd := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--tags")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return "unknown commit"
	}
	return strings.TrimSpace(string(out))
}
