package hookrig_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// image is the one that make image builds. TestMain builds it of this tree.
const image = "hookrig:dev"

// noDocker says why there is no engine; nil with one.
var noDocker error

func TestMain(m *testing.M) { os.Exit(withImage(m)) }

// withImage builds the image and runs the tests. Without a Docker engine they skip, unless
// HOOKRIG_REQUIRE lists docker.
func withImage(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	noDocker = dockerIsThere(ctx)
	if noDocker == nil {
		if err := buildImage(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "build the image:", err)
			return 1
		}
	} else if slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), "docker") {
		fmt.Fprintln(os.Stderr, "docker is required:", noDocker)
		return 1
	} else if err := flag.Set("test.skip", "^Example"); err != nil { // an example cannot skip
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// needsDocker skips a test without a Docker engine.
func needsDocker(t *testing.T) {
	t.Helper()
	if noDocker != nil {
		t.Skip("docker is missing:", noDocker)
	}
}

func dockerIsThere(ctx context.Context) (err error) {
	defer func() {
		if failed := recover(); failed != nil { // testcontainers looks for the engine with panics
			err = fmt.Errorf("%v", failed)
		}
	}()
	engine, err := testcontainers.NewDockerProvider()
	if err != nil {
		return err
	}
	defer engine.Close()
	return engine.Health(ctx)
}

// buildImage builds the image of Dockerfile.prebuilt, unless the engine has it of the same binary.
func buildImage(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "hookrig-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := os.Getenv("HOOKRIG_BINARY")
	if binary == "" {
		binary = filepath.Join(dir, "hookrig")
		build := exec.CommandContext(ctx, ".tools/build", binary, "dev", "-trimpath=false")
		build.Dir = "../.."
		build.Env = append(os.Environ(), "TAGS=slim") // as the image is built
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	archive, sum, err := imageContext(binary)
	if err != nil {
		return err
	}
	engine, err := testcontainers.NewDockerProvider()
	if err != nil {
		return err
	}
	defer engine.Close()
	const label = "com.github.hookrig.context"
	before, err := engine.Client().ImageInspect(ctx, image)
	if err == nil && before.Config.Labels[label] == sum {
		return nil
	}
	name, tag, _ := strings.Cut(image, ":")
	var log bytes.Buffer
	_, err = engine.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: bytes.NewReader(archive), Repo: name, Tag: tag, KeepImage: true, BuildLogWriter: &log,
		BuildOptionsModifier: func(o *client.ImageBuildOptions) { o.Labels = map[string]string{label: sum} },
	}})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, log.Bytes())
	}
	if before.ID != "" {
		_, _ = engine.Client().ImageRemove(ctx, before.ID, client.ImageRemoveOptions{PruneChildren: true}) // a container may use it
	}
	return nil
}

// imageContext is what make image sends to the engine, and its hash.
func imageContext(binary string) ([]byte, string, error) {
	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	var failed error
	add := func(name, from string, mode int64) {
		content, err := os.ReadFile(from)
		if err == nil {
			err = archive.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content))})
		}
		if err == nil {
			_, err = archive.Write(content)
		}
		failed = errors.Join(failed, err)
	}
	add("Dockerfile", "../../Dockerfile.prebuilt", 0o644)
	add("bin/hookrig", binary, 0o755)
	add("bin/licenses/hookrig", "../../LICENSE", 0o644)
	failed = errors.Join(failed, archive.WriteHeader(&tar.Header{Name: "bin/data/", Typeflag: tar.TypeDir, Mode: 0o755}), archive.Close())
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(sum[:]), failed
}
