package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// instruction is one of a Dockerfile: its word, and the rest of its line.
type instruction struct{ word, rest string }

// dockerfile reads a Dockerfile: comments go, lines that end in a backslash go on.
func dockerfile(t *testing.T, name string) (list []instruction) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(data), "")
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if word, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			list = append(list, instruction{strings.ToUpper(word), strings.TrimSpace(rest)})
		}
	}
	return list
}

// Both Dockerfiles make the same image: one of the source, in a stage whose Go can build it, the
// other of what make has built before.
func TestDockerfiles(t *testing.T) {
	t.Parallel()
	whole, prebuilt := dockerfile(t, "Dockerfile"), dockerfile(t, "Dockerfile.prebuilt")
	stages := map[string]bool{}
	last := 0
	for i, in := range whole {
		switch in.word {
		case "FROM":
			last = i
			if image, name, ok := strings.Cut(in.rest, " AS "); ok {
				stages[name] = true
				if !strings.HasPrefix(image, "golang:") {
					t.Errorf("the stage %s is of %s, which has no Go", name, image)
				}
				mod, err := os.ReadFile("../../go.mod")
				if err != nil {
					t.Fatal(err)
				}
				wants := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
				if got := strings.TrimPrefix(image, "golang:"); got != string(wants[1]) {
					t.Errorf("the image is built with Go %s, and go.mod says %s", got, wants[1])
				}
			}
		case "COPY":
			if from := regexp.MustCompile(`--from=(\S+)`).FindStringSubmatch(in.rest); from != nil && !stages[from[1]] {
				t.Errorf("COPY %s: there is no stage %s", in.rest, from[1])
			}
		case "RUN", "WORKDIR", "ARG":
		default:
			if i < last || last == 0 {
				t.Errorf("%s %s in the stage that builds", in.word, in.rest)
			}
		}
	}
	final := slices.Clone(whole[last:])
	for i := range final {
		final[i].rest = strings.NewReplacer("--from=build ", "", "/src/bin/", "bin/").Replace(final[i].rest)
	}
	if !slices.Equal(final, prebuilt) {
		t.Errorf("Dockerfile ends in\n%v\nand Dockerfile.prebuilt is\n%v", final, prebuilt)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range []string{".tools/build bin/hookrig ", ".tools/licenses bin/hookrig bin/licenses", "mkdir -p bin/data"} {
		if !strings.Contains(string(makefile), flags) || !slices.ContainsFunc(whole, func(in instruction) bool { return in.word == "RUN" && strings.Contains(in.rest, flags) }) {
			t.Errorf("%q is not in the Makefile and in Dockerfile", flags)
		}
	}
	ignored, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(ignored)) {
		if line == "*" || strings.HasPrefix(line, "cmd") || strings.HasPrefix(line, ".tools") || strings.HasPrefix(line, "go.") {
			t.Errorf(".dockerignore keeps out %s, which the build needs", line)
		}
	}
}

// compose builds what it runs, and says what its addresses are called from outside.
func TestCompose(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Build       string
			User        string
			Environment map[string]string
			Ports       []string
			Volumes     []string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	server := file.Services["hookrig"]
	if server.Build != "." || server.User != "" {
		t.Errorf("build %q, user %q; want it built here, and the image's own user", server.Build, server.User)
	}
	for variable, container := range map[string]string{"HOOKRIG_DASHBOARD_URL": ":8080", "HOOKRIG_CAPTURE_URL": ":8081"} {
		at, ok := strings.CutPrefix(server.Environment[variable], "http://")
		if !ok || !slices.Contains(server.Ports, at+container) {
			t.Errorf("%s is %s, and the published ports are %v", variable, server.Environment[variable], server.Ports)
		}
	}
	if !slices.Contains(server.Volumes, "data:"+server.Environment["HOOKRIG_DATA"]) {
		t.Errorf("the data is in %s, and the volumes are %v", server.Environment["HOOKRIG_DATA"], server.Volumes)
	}
}
