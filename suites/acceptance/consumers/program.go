package consumers

import (
	"bufio"
	"bytes"
	"embed"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed node/consumer.mjs php/consumer.php python/consumer.py
var sources embed.FS

// Program is a right consumer in another language.
type Program struct {
	// Language is node, php or python.
	Language string
	// Runtime is the program that runs it, which has to be installed: node, php or python3.
	Runtime string
	// Source is the file, in the folder of this package.
	Source string
}

// Programs returns the consumers in other languages, sorted by language.
func Programs() []Program {
	return []Program{
		{"node", "node", "node/consumer.mjs"},
		{"php", "php", "php/consumer.php"},
		{"python", "python3", "python/consumer.py"},
	}
}

var ready = regexp.MustCompile(`^listening on (http://\S+)/hooks\n$`)

// StartT runs the program on a free port until the test ends, and returns its address without a
// path. The test fails if the runtime is missing, or if o has a mistake.
func (p Program) StartT(t T, o Options) string {
	t.Helper()
	if o.Mistake != "" {
		t.Fatalf("%s: a consumer in %s makes no mistake", o.Mistake, p.Language)
	}
	source, err := sources.ReadFile(p.Source)
	if err != nil {
		t.Fatalf("%v", err)
	}
	folder := t.TempDir()
	file := filepath.Join(folder, path.Base(p.Source))
	if err := os.WriteFile(file, source, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	args := []string{file, "--provider", o.Provider}
	for _, secret := range o.Secrets {
		args = append(args, "--secret", secret)
	}
	if o.Limit != 0 {
		args = append(args, "--limit", strconv.Itoa(int(math.Ceil(o.Limit.Seconds()))))
	}
	return startProgram(t, folder, p.Runtime, args...)
}

// startProgram runs a program until the test ends, with a folder for temporary files, and returns
// the address that it prints.
func startProgram(t T, folder, name string, args ...string) string {
	t.Helper()
	var problems bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HOOKRIG_") }), "TMPDIR="+folder)
	cmd.Stderr = &problems
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	end := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(end)
	line, err := bufio.NewReader(out).ReadString('\n')
	found := ready.FindStringSubmatch(line)
	if found == nil {
		end()
		t.Fatalf("%s: %q (%v), want %s\n%s", name, line, err, ready, problems.String())
	}
	return found[1]
}
