package hookrig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
)

// copyIn adds a file, or every file in a folder, to what is copied into a folder of the container
// before it starts. It reads only whether they exist.
func copyIn(req *testcontainers.GenericContainerRequest, name, to string) error {
	info, err := os.Stat(name)
	if err != nil {
		return errors.Unwrap(err) // without the path, which the caller adds
	}
	if !info.IsDir() {
		return addFile(req, fileAt(name, path.Join(to, filepath.Base(name))))
	}
	root := os.DirFS(name)
	return fs.WalkDir(root, ".", func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return addFile(req, fileAt(filepath.Join(name, filepath.FromSlash(at)), path.Join(to, at)))
	})
}

func fileAt(host, inside string) testcontainers.ContainerFile {
	return testcontainers.ContainerFile{HostFilePath: host, ContainerFilePath: inside, FileMode: 0o644}
}

// addFile adds a file, unless another one has the same place in the container.
func addFile(req *testcontainers.GenericContainerRequest, file testcontainers.ContainerFile) error {
	if slices.ContainsFunc(req.Files, func(f testcontainers.ContainerFile) bool { return f.ContainerFilePath == file.ContainerFilePath }) {
		return fmt.Errorf("there are two files for %s in the container: rename one", file.ContainerFilePath)
	}
	return testcontainers.WithFiles(file)(req)
}

// bindData mounts a folder of this machine as the data, and runs the server as its owner.
func bindData(req *testcontainers.GenericContainerRequest, dir string) error {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("data %s: %w", dir, err)
	}
	info, err := os.Stat(whole)
	switch {
	case err != nil:
		return fmt.Errorf("data %s: %w: make the folder first", dir, errors.Unwrap(err))
	case !info.IsDir():
		return fmt.Errorf("data %s: want a folder, not a file", dir)
	}
	if err := testcontainers.WithConfigModifier(func(c *container.Config) { c.User = owner(info, c.User) })(req); err != nil {
		return err
	}
	return testcontainers.WithHostConfigModifier(func(c *container.HostConfig) {
		c.Binds = append(c.Binds, whole+":"+dataDir)
	})(req)
}
