package containers_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/testcontainers/testcontainers-go"
)

func TestContainers(t *testing.T) {
	RegisterFailHandler(Fail)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyTimeout(20 * time.Second)
	RunSpecs(t, "hookrig in containers")
}

// The images that are built before the specs.
const (
	image         = "hookrig-acceptance:latest"
	consumerImage = "hookrig-acceptance-consumer:latest"
)

// binary is the path of the program under test.
var binary string

// The first process builds for all of them, and removes what it built when all have ended.
var _ = SynchronizedBeforeSuite(func(ctx SpecContext) []byte {
	engine, err := testcontainers.NewDockerProvider()
	if err == nil {
		defer engine.Close()
		err = engine.Health(ctx)
	}
	if err != nil {
		missing("docker", err.Error())
	}
	dir, err := os.MkdirTemp("", "hookrig")
	Expect(err).NotTo(HaveOccurred())
	built.dir = dir
	program := os.Getenv("HOOKRIG_BINARY")
	if program == "" {
		program = filepath.Join(dir, "hookrig")
		// As it is released, but for the paths: so it shares packages with the tests.
		build(repository(), ".tools/build", program, "dev", "-trimpath=false")
	}
	files := map[string]string{"Dockerfile": filepath.Join(repository(), "Dockerfile.prebuilt"), "bin/hookrig": program, "bin/data/": ""}
	licenses := filepath.Join(dir, "licenses")
	build(repository(), ".tools/licenses", program, licenses)
	texts, err := os.ReadDir(licenses)
	Expect(err).NotTo(HaveOccurred())
	for _, text := range texts {
		files["bin/licenses/"+text.Name()] = filepath.Join(licenses, text.Name())
	}
	buildImage(ctx, engine, image, files)
	consumer := filepath.Join(dir, "consumer")
	build(".", "go", "build", "-ldflags", "-s -w", "-o", consumer, "./testdata/consumer")
	buildImage(ctx, engine, consumerImage, map[string]string{"Dockerfile": "testdata/consumer/Dockerfile", "consumer": consumer})
	return []byte(program)
}, func(program []byte) { binary = string(program) }, NodeTimeout(5*time.Minute))

// built is what the first process has built.
var built struct {
	dir    string
	images []string
}

var _ = SynchronizedAfterSuite(func() {}, func(ctx SpecContext) {
	if built.dir != "" {
		Expect(os.RemoveAll(built.dir)).To(Succeed())
	}
	if len(built.images) == 0 {
		return
	}
	engine, err := testcontainers.NewDockerProvider()
	Expect(err).NotTo(HaveOccurred())
	defer engine.Close()
	for _, image := range built.images {
		_, err := engine.Client().ImageRemove(ctx, image, client.ImageRemoveOptions{Force: true, PruneChildren: true})
		Expect(err).NotTo(HaveOccurred())
	}
}, NodeTimeout(time.Minute))

// build runs a command that builds something, in a folder.
func build(folder, command string, args ...string) {
	GinkgoHelper()
	cmd := exec.Command(command, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "TAGS=slim") // as the image is built
	out, err := cmd.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
}

// buildImage builds an image of files, by their names in the build context. A name that ends in a
// slash is an empty folder.
func buildImage(ctx context.Context, engine *testcontainers.DockerProvider, image string, files map[string]string) {
	GinkgoHelper()
	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	for name, path := range files {
		if strings.HasSuffix(name, "/") {
			Expect(archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755})).To(Succeed())
			continue
		}
		content, err := os.ReadFile(path)
		Expect(err).NotTo(HaveOccurred())
		Expect(archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))})).To(Succeed())
		_, err = archive.Write(content)
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(archive.Close()).To(Succeed())
	built.images = append(built.images, image)
	repo, tag, _ := strings.Cut(image, ":")
	_, err := engine.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: bytes.NewReader(b.Bytes()), Repo: repo, Tag: tag, KeepImage: true, BuildLogWriter: GinkgoWriter,
	}})
	Expect(err).NotTo(HaveOccurred())
}

// missing skips the specs when the machine lacks a part, or fails them when HOOKRIG_REQUIRE lists
// that part.
func missing(part, why string) {
	GinkgoHelper()
	if slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), part) {
		Fail(part + " is required: " + why)
	}
	Skip(part + " is missing: " + why)
}

// repository is the folder of the whole project.
func repository() string {
	GinkgoHelper()
	root, err := filepath.Abs("../../..")
	Expect(err).NotTo(HaveOccurred())
	return root
}

// run runs the program on this machine to its end and returns what it wrote, after checking that
// it succeeded. It gets no HOOKRIG_ variable of the caller's.
func run(ctx context.Context, args ...string) string {
	GinkgoHelper()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = GinkgoT().TempDir()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HOOKRIG_") })
	out, err := cmd.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), fmt.Sprintf("hookrig %s\n%s", strings.Join(args, " "), out))
	return string(out)
}
