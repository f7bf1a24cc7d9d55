package acceptance_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/matchers"
)

const token = "container-token"

var _ = Describe("the container image", Serial, Label("docker"), func() {
	It("is the binary alone: built, healthy, sends through itself and captures", func(ctx SpecContext) {
		dockerIsThere(ctx)
		container, err := testcontainers.Run(ctx, "",
			testcontainers.WithDockerfile(testcontainers.FromDockerfile{
				ContextArchive: bytes.NewReader(imageContext()),
				Repo:           "hookrig-acceptance", Tag: "latest",
				BuildLogWriter: GinkgoWriter,
			}),
			testcontainers.WithEnv(map[string]string{"HOOKRIG_TOKEN": token}),
			testcontainers.WithExposedPorts("8080/tcp", "8081/tcp"),
			testcontainers.WithWaitStrategy(wait.ForAll(
				wait.ForHTTP("/healthz").WithPort("8080/tcp"),
				wait.ForHealthCheck(),
			).WithDeadline(time.Minute)),
		)
		testcontainers.CleanupContainer(GinkgoTB(), container)
		Expect(err).NotTo(HaveOccurred())

		dashboard, err := container.PortEndpoint(ctx, "8080/tcp", "http")
		Expect(err).NotTo(HaveOccurred())
		server, err := mockserver.Dial(dashboard, token)
		Expect(err).NotTo(HaveOccurred())

		By("a provider in the container delivers to a bin in the container")
		endpoint, err := server.Register(ctx, mockserver.Endpoint{
			Provider: "neostore", URL: "http://127.0.0.1:8081/inbox", Events: []string{"Pass:*"},
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(endpoint.Secrets).To(HaveLen(1))
		_, err = server.Emit(ctx, "neostore", mockserver.Emission{Event: "Pass:Installed"})
		Expect(err).NotTo(HaveOccurred())
		waited, err := server.Wait(ctx, "inbox", mockserver.Wait{Count: 1})
		Expect(err).NotTo(HaveOccurred())
		Expect(waited.Matched).To(matchers.HaveReceived(
			matchers.BeSignedBy("neostore", endpoint.Secrets[0]),
			matchers.HaveJSON(".body.__eventName", "Pass:Installed"),
		).Times(1))

		By("the program in the container sends on its own")
		code, out, err := container.Exec(ctx, []string{
			"/hookrig", "send", "subscribfy", "loyalty/points_changed", "--to", "http://127.0.0.1:8081/other", "--secret", "t",
		}, exec.Multiplexed())
		Expect(err).NotTo(HaveOccurred())
		text, err := io.ReadAll(out)
		Expect(err).NotTo(HaveOccurred())
		Expect(code).To(BeZero(), string(text))

		By("a sender outside reaches the published capture port")
		address, err := container.PortEndpoint(ctx, "8081/tcp", "http")
		Expect(err).NotTo(HaveOccurred())
		run(ctx, 0, "send", "ethpass", "pass:scan", "--to", address+"/other", "--secret", "k")
		waited, err = server.Wait(ctx, "other", mockserver.Wait{Count: 2})
		Expect(err).NotTo(HaveOccurred())
		Expect(waited.Matched).To(matchers.HaveReceived(matchers.BeSignedBy("ethpass", "k")).Times(1))
		Expect(waited.Matched).To(matchers.HaveReceived(matchers.BeSignedBy("subscribfy", "t")).Times(1))
	}, SpecTimeout(4*time.Minute))
})

var _ = Describe("the container image with a volume and published ports", Serial, Label("docker"), func() {
	It("keeps its data as its user, plays scenarios through its bins, and prints its public address", func(ctx SpecContext) {
		dockerIsThere(ctx)
		volume := fmt.Sprintf("hookrig-acceptance-%d", GinkgoRandomSeed())
		begin := func() (dashboard, capture string, end func()) {
			GinkgoHelper()
			container, err := testcontainers.Run(ctx, "",
				testcontainers.WithDockerfile(testcontainers.FromDockerfile{
					ContextArchive: bytes.NewReader(imageContext()), Repo: "hookrig-acceptance", Tag: "latest", BuildLogWriter: GinkgoWriter,
				}),
				testcontainers.WithEnv(map[string]string{"HOOKRIG_DATA": "/data", "HOOKRIG_CAPTURE_URL": "http://hooks.example.com/in", "HOOKRIG_DASHBOARD_URL": "http://127.0.0.1/server"}),
				testcontainers.WithMounts(testcontainers.VolumeMount(volume, "/data")),
				testcontainers.WithExposedPorts("8080/tcp", "8081/tcp"),
				testcontainers.WithWaitStrategy(wait.ForHTTP("/healthz").WithPort("8080/tcp").WithStartupTimeout(time.Minute)),
			)
			testcontainers.CleanupContainer(GinkgoTB(), container, testcontainers.RemoveVolumes(volume))
			Expect(err).NotTo(HaveOccurred())
			dashboard, err = container.PortEndpoint(ctx, "8080/tcp", "http")
			Expect(err).NotTo(HaveOccurred())
			capture, err = container.PortEndpoint(ctx, "8081/tcp", "http")
			Expect(err).NotTo(HaveOccurred())
			return dashboard, capture, func() {
				timeout := 10 * time.Second
				Expect(container.Stop(ctx, &timeout)).To(Succeed())
				Expect(container.Terminate(ctx)).To(Succeed())
			}
		}
		dashboard, address, end := begin()
		postAs(address+"/kept", "text/plain", "before")
		Expect(run(ctx, 0, "run", "duplicate", "--server", dashboard)).To(ContainSubstring("http://hooks.example.com/in/consumer"))
		end()

		dashboard, address, _ = begin()
		postAs(address+"/in/kept", "text/plain", "after, below the public path")
		server, err := mockserver.Dial(dashboard+"/server/", "")
		Expect(err).NotTo(HaveOccurred())
		kept, err := server.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "kept"}})
		Expect(err).NotTo(HaveOccurred())
		Expect(kept).To(HaveLen(2))
	}, SpecTimeout(4*time.Minute))
})

// dockerIsThere asks the engine, and skips without one.
func dockerIsThere(ctx context.Context) {
	GinkgoHelper()
	engine, err := testcontainers.NewDockerProvider()
	if err == nil {
		defer engine.Close()
		err = engine.Health(ctx)
	}
	if err != nil {
		missing("docker", err.Error())
	}
}

// imageContext is what `make image` sends: the Dockerfile of a binary that is there, and what it
// copies.
func imageContext() []byte {
	GinkgoHelper()
	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	add := func(name, path string, mode int64) {
		content, err := os.ReadFile(path)
		Expect(err).NotTo(HaveOccurred())
		Expect(archive.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content))})).To(Succeed())
		_, err = archive.Write(content)
		Expect(err).NotTo(HaveOccurred())
	}
	add("Dockerfile", filepath.Join(repository(), "Dockerfile.prebuilt"), 0o644)
	add("bin/hookrig", binary, 0o755)
	add("bin/licenses/hookrig", filepath.Join(repository(), "LICENSE"), 0o644)
	Expect(archive.WriteHeader(&tar.Header{Name: "bin/data/", Typeflag: tar.TypeDir, Mode: 0o755})).To(Succeed())
	Expect(archive.Close()).To(Succeed())
	return b.Bytes()
}
