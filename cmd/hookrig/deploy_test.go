package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// deployed returns a file that describes how to run servers.
func deployed(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// serveFlags returns the flags of serve, by name.
func serveFlags() map[string]*pflag.Flag {
	flags := map[string]*pflag.Flag{}
	root := newRoot(World{Environ: os.Environ})
	serve := root.Commands()[slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == "serve" })]
	serve.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = f })
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = f })
	return flags
}

// checkSettings checks that serve has a flag for each variable, which accepts the value.
func checkSettings(t *testing.T, where string, env map[string]string) {
	t.Helper()
	byVariable := map[string]*pflag.Flag{}
	for name, f := range serveFlags() {
		byVariable[envName(name)] = f
	}
	for name, value := range env {
		switch f := byVariable[name]; {
		case f == nil:
			t.Errorf("%s: %s is no flag of serve", where, name)
		case value != "":
			if err := f.Value.Set(value); err != nil {
				t.Errorf("%s: %s=%s: %v", where, name, value, err)
			}
		}
	}
}

// imageSettings returns the ports of the image and the variables that it sets.
func imageSettings(t *testing.T) (ports []string, env map[string]string) {
	t.Helper()
	env = map[string]string{}
	for _, in := range dockerfile(t, "Dockerfile.prebuilt") {
		switch in.word {
		case "EXPOSE":
			ports = strings.Fields(in.rest)
		case "ENV":
			for _, pair := range strings.Fields(in.rest) {
				name, value, _ := strings.Cut(pair, "=")
				env[name] = value
			}
		}
	}
	return ports, env
}

// composition is what the tests read of compose.yaml.
type composition struct {
	Services map[string]struct {
		Profiles    []string
		Image       string
		Build       string
		User        string
		Environment map[string]string
		Ports       []string
		Volumes     []string
		Deploy      struct{ Replicas int }
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Healthcheck struct{ Test []string }
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
	}
	Volumes map[string]any
}

// The profile nodes of compose.yaml has servers on one database behind a balancer, and does not
// change what runs without it.
func TestComposeNodes(t *testing.T) {
	t.Parallel()
	var file composition
	if err := yaml.Load([]byte(deployed(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	var alone []string
	for name, service := range file.Services {
		if len(service.Profiles) == 0 {
			alone = append(alone, name)
		} else if !slices.Equal(service.Profiles, []string{"nodes"}) {
			t.Errorf("%s: profiles %v", name, service.Profiles)
		}
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, named := file.Volumes[source]; !named && !strings.HasPrefix(source, "./") {
				t.Errorf("%s: there is no volume %s", name, source)
			} else if !named {
				deployed(t, source)
			}
		}
		for needed, on := range service.DependsOn {
			if file.Services[needed].Image == "" || on.Condition != "service_healthy" || !slices.Equal(file.Services[needed].Profiles, service.Profiles) {
				t.Errorf("%s: depends on %s, %s", name, needed, on.Condition)
			}
		}
	}
	if !slices.Equal(alone, []string{"hookrig"}) {
		t.Errorf("docker compose up runs %v, want hookrig alone", alone)
	}
	node, balancer, database := file.Services["node"], file.Services["balancer"], file.Services["database"]
	if node.Image != file.Services["hookrig"].Image || node.Build != "." || node.User != "" || node.Deploy.Replicas != 3 || len(node.Ports) != 0 || !node.ReadOnly || !slices.Equal(node.CapDrop, []string{"ALL"}) {
		t.Errorf("node: %+v", node)
	}
	checkSettings(t, "node", node.Environment)
	checkSettings(t, "hookrig", file.Services["hookrig"].Environment)
	// The address of the database is that of the other service.
	address := regexp.MustCompile(`^postgres://(\w+):(\$\{\w+:-\w+\})@(\w+)/(\w+)\?sslmode=disable$`).FindStringSubmatch(node.Environment["HOOKRIG_DATA"])
	if address == nil {
		t.Fatalf("the data is %s", node.Environment["HOOKRIG_DATA"])
	}
	for variable, want := range map[string]string{"POSTGRES_USER": address[1], "POSTGRES_PASSWORD": address[2], "POSTGRES_DB": address[4]} {
		if got := database.Environment[variable]; got != want {
			t.Errorf("%s is %s, and the servers use %s", variable, got, want)
		}
	}
	if _, known := file.Services[address[3]]; !known || !strings.HasPrefix(database.Image, "postgres:") || !slices.Contains(database.Healthcheck.Test, "pg_isready") || len(database.Ports) != 0 {
		t.Errorf("the database is %s: %+v", address[3], database)
	}
	// What is published is what the servers say of themselves, and nothing that others can reach.
	ports, _ := imageSettings(t)
	if len(balancer.Ports) != len(ports) || !strings.HasPrefix(balancer.Image, "nginx:") || !slices.Contains(balancer.Volumes, "./deploy/nginx.conf:/etc/nginx/nginx.conf:ro") {
		t.Errorf("balancer: %+v", balancer)
	}
	for variable, port := range map[string]string{"HOOKRIG_DASHBOARD_URL": "8080", "HOOKRIG_CAPTURE_URL": "8081"} {
		at, ok := strings.CutPrefix(node.Environment[variable], "http://")
		if !ok || !strings.HasPrefix(at, "127.0.0.1:") || !slices.Contains(balancer.Ports, at+":"+port) || !slices.Contains(ports, port) {
			t.Errorf("%s is %s, and the balancer publishes %v", variable, node.Environment[variable], balancer.Ports)
		}
		if slices.Contains(file.Services["hookrig"].Ports, at+":"+port) {
			t.Errorf("%s is a port of the server alone", at)
		}
		config := deployed(t, "deploy/nginx.conf")
		for _, want := range []string{"listen " + port + ";", port + " node:" + port + ";"} {
			if !strings.Contains(config, want) {
				t.Errorf("nginx.conf has no %q", want)
			}
		}
	}
}

// object is what the tests read of a Kubernetes object.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		Replicas     int
		MinAvailable int `yaml:"minAvailable"`
		Selector     map[string]any
		Ports        []struct {
			Name       string
			Port       int
			TargetPort string `yaml:"targetPort"`
		}
		Template struct {
			Metadata struct{ Labels map[string]any }
			Spec     struct {
				EnableServiceLinks            *bool  `yaml:"enableServiceLinks"`
				TerminationGracePeriodSeconds int    `yaml:"terminationGracePeriodSeconds"`
				SecurityContext               podSec `yaml:"securityContext"`
				Containers                    []container
			}
		}
	}
}

type podSec struct {
	RunAsNonRoot   bool                  `yaml:"runAsNonRoot"`
	RunAsUser      int                   `yaml:"runAsUser"`
	RunAsGroup     int                   `yaml:"runAsGroup"`
	SeccompProfile struct{ Type string } `yaml:"seccompProfile"`
}

type container struct {
	Name, Image string
	Args        []string
	Env         []struct {
		Name, Value string
		ValueFrom   struct {
			SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	}
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe    probe `yaml:"startupProbe"`
	ReadinessProbe  probe `yaml:"readinessProbe"`
	LivenessProbe   probe `yaml:"livenessProbe"`
	Resources       struct{ Requests, Limits map[string]string }
	SecurityContext struct {
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct{ Drop []string }
	} `yaml:"securityContext"`
}

type probe struct {
	HTTPGet          struct{ Path, Port string } `yaml:"httpGet"`
	PeriodSeconds    int                         `yaml:"periodSeconds"`
	FailureThreshold int                         `yaml:"failureThreshold"`
}

// The manifest for Kubernetes names settings, ports and paths that the server has, runs it without
// rights, and keeps the database's password in a secret.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	var objects []object
	if err := yaml.Load([]byte(deployed(t, "deploy/kubernetes.yaml")), &objects, yaml.WithAllDocuments()); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]object{}
	for _, o := range objects {
		kinds[o.APIVersion+" "+o.Kind] = o
	}
	if got, want := slices.Sorted(maps.Keys(kinds)), []string{"apps/v1 Deployment", "policy/v1 PodDisruptionBudget", "v1 Service"}; !slices.Equal(got, want) || len(objects) != len(want) {
		t.Fatalf("the objects are %v, want %v", got, want)
	}
	deployment, service, budget := kinds["apps/v1 Deployment"].Spec, kinds["v1 Service"], kinds["policy/v1 PodDisruptionBudget"].Spec
	pod := deployment.Template.Spec
	if len(pod.Containers) != 1 || deployment.Replicas != 3 || budget.MinAvailable < 1 || budget.MinAvailable >= deployment.Replicas {
		t.Fatalf("%d containers, %d replicas, of which %d must be there", len(pod.Containers), deployment.Replicas, budget.MinAvailable)
	}
	labels := func(m map[string]any) string { text, _ := yaml.Dump(m); return string(text) }
	for what, selector := range map[string]any{"the deployment": deployment.Selector["matchLabels"], "the service": service.Spec.Selector, "the budget": budget.Selector["matchLabels"]} {
		if m, ok := selector.(map[string]any); !ok || len(m) == 0 || labels(m) != labels(deployment.Template.Metadata.Labels) {
			t.Errorf("%s selects %v, and the pods are %v", what, selector, deployment.Template.Metadata.Labels)
		}
	}

	server := pod.Containers[0]
	ports, image := imageSettings(t)
	env, secret := map[string]string{}, []string{}
	for _, v := range server.Env {
		env[v.Name] = v.Value
		if ref := v.ValueFrom.SecretKeyRef; ref.Name != "" {
			secret = append(secret, v.Name)
			if !strings.Contains(deployed(t, "deploy/kubernetes.yaml"), "create secret generic "+ref.Name) || !strings.Contains(deployed(t, "deploy/kubernetes.yaml"), "--from-literal="+ref.Key+"=") {
				t.Errorf("nobody says how to make the key %s of secret %s", ref.Key, ref.Name)
			}
		}
	}
	checkSettings(t, "Deployment", env)
	if !slices.Equal(secret, []string{"HOOKRIG_DATA", "HOOKRIG_TOKEN"}) || env["HOOKRIG_INSECURE"] != "false" {
		t.Errorf("the secrets are %v, and HOOKRIG_INSECURE is %q", secret, env["HOOKRIG_INSECURE"])
	}
	if !slices.Equal(server.Args, []string{"serve"}) || !strings.Contains(deployed(t, "compose.yaml"), "image: "+server.Image+"\n") {
		t.Errorf("image %s, arguments %v", server.Image, server.Args)
	}
	// Kubernetes sets HOOKRIG_PORT and others for a service of this name.
	if pod.EnableServiceLinks == nil || *pod.EnableServiceLinks {
		t.Error("the variables of services are settings of hookrig")
	}
	byName := map[string]int{}
	for _, p := range server.Ports {
		byName[p.Name] = p.ContainerPort
		if !slices.Contains(ports, strconv.Itoa(p.ContainerPort)) || !strings.HasSuffix(image[envName(p.Name)], ":"+strconv.Itoa(p.ContainerPort)) {
			t.Errorf("port %s is %d, and the image has %s", p.Name, p.ContainerPort, image[envName(p.Name)])
		}
	}
	if len(byName) != len(ports) || len(service.Spec.Ports) != len(ports) {
		t.Errorf("the ports are %v, those of the service %v", byName, service.Spec.Ports)
	}
	for _, p := range service.Spec.Ports {
		if byName[p.TargetPort] == 0 || env["HOOKRIG_"+strings.ToUpper(p.Name)+"_URL"] != "http://"+service.Metadata.Name+":"+strconv.Itoa(p.Port) {
			t.Errorf("the service's port %+v is not in %v, or the server has another URL", p, byName)
		}
	}
	if s := pod.SecurityContext; !s.RunAsNonRoot || s.RunAsUser == 0 || s.SeccompProfile.Type != "RuntimeDefault" {
		t.Errorf("the pod runs as %+v", s)
	}
	user := strconv.Itoa(pod.SecurityContext.RunAsUser) + ":" + strconv.Itoa(pod.SecurityContext.RunAsGroup)
	if !slices.Contains(dockerfile(t, "Dockerfile.prebuilt"), instruction{"USER", user}) {
		t.Errorf("the pod runs as %s, and the image as another user", user)
	}
	if s := server.SecurityContext; s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
		t.Errorf("the container may %+v", s)
	}
	if server.Resources.Requests["cpu"] == "" || server.Resources.Requests["memory"] == "" {
		t.Errorf("resources %+v", server.Resources)
	}
	for path, p := range map[string]probe{"/readyz": server.ReadinessProbe, "/healthz": server.LivenessProbe} {
		if p.HTTPGet.Port != "dashboard" || p.HTTPGet.Path != path {
			t.Errorf("a probe asks %+v, want %s", p.HTTPGet, path)
		}
		checkProbe(t, path)
	}
	if server.StartupProbe.HTTPGet != server.LivenessProbe.HTTPGet {
		t.Errorf("the first probe asks %+v", server.StartupProbe.HTTPGet)
	}
	// A server that stops is not ready for long enough, and has the time that it needs.
	notices := time.Duration(server.ReadinessProbe.PeriodSeconds*server.ReadinessProbe.FailureThreshold) * time.Second
	if grace := time.Duration(pod.TerminationGracePeriodSeconds) * time.Second; notices == 0 || notices >= drainTime || grace < drainTime+10*time.Second {
		t.Errorf("a server that stops is noticed after %v and killed after %v; it drains for %v", notices, grace, drainTime)
	}
}

// checkProbe checks that a server with a token answers a probe of Kubernetes, which has none, and
// another name of the host.
func checkProbe(t *testing.T, path string) {
	t.Helper()
	server, err := mockserver.Start(t.Context(), mockserver.Options{Dashboard: dashboard.Handler, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.DashboardURL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "10.1.2.3:8080"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("a probe of %q: %s, %s, %v", path, resp.Status, text, err)
	}
}

// unit reads a unit of systemd: the values of each directive, by section.
func unit(t *testing.T, text string) map[string]map[string][]string {
	t.Helper()
	sections := map[string]map[string][]string{}
	var section map[string][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch name, value, found := strings.Cut(line, "="); {
		case line == "" || line[0] == '#':
		case line[0] == '[' && line[len(line)-1] == ']':
			section = map[string][]string{}
			sections[line[1:len(line)-1]] = section
		case !found || section == nil || strings.ContainsAny(name, " \t"):
			t.Errorf("%q is no directive of a section", line)
		default:
			section[name] = append(section[name], value)
		}
	}
	return sections
}

// The unit of systemd names a command and settings that there are, and gives the server as few
// rights as it needs.
func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	text := deployed(t, "deploy/hookrig.service")
	sections := unit(t, text)
	service := sections["Service"]
	for name, want := range map[string]string{
		"ExecStart": "/usr/local/bin/hookrig serve", "DynamicUser": "yes", "StateDirectory": "hookrig", "NoNewPrivileges": "yes", "Restart": "on-failure",
		"RestartPreventExitStatus": strconv.Itoa(exitMisuse), "CapabilityBoundingSet": "", "ProtectSystem": "strict", "EnvironmentFile": "-/etc/hookrig.env",
	} {
		if !slices.Equal(service[name], []string{want}) {
			t.Errorf("%s is %q, want %q", name, service[name], want)
		}
	}
	if !slices.Equal(sections["Install"]["WantedBy"], []string{"multi-user.target"}) || sections["Unit"]["Description"] == nil {
		t.Errorf("%v", sections)
	}
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(?:Environment=|#\s+)(HOOKRIG_\w+)=(\S+)$`).FindAllStringSubmatch(text, -1) {
		env[m[1]] = m[2]
	}
	if len(env) < 5 {
		t.Errorf("the settings are %v", env)
	}
	checkSettings(t, "hookrig.service", env)

	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	// It looks for the program.
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "hookrig.service")
	if err := os.WriteFile(file, []byte(strings.Replace(text, "/usr/local/bin/hookrig ", program+" ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	// It may complain about other units of this machine too.
	if out, _ := systemdAnalyze(t.Context(), "verify", "--man=no", file); bytes.Contains(out, []byte("hookrig")) {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	if out, err := systemdAnalyze(t.Context(), "security", "--offline=yes", "--threshold=20", file); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

func systemdAnalyze(ctx context.Context, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, "systemd-analyze", append([]string{"--no-pager"}, args...)...).CombinedOutput()
}
