package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// outFile is an output file of a command. Only Commit replaces an existing file, when the new file
// is complete.
type outFile struct {
	name string
	temp *os.File // nil for a device or a pipe, which is written directly
	*bufio.Writer
	direct *os.File
}

// createOut opens an output file and makes its folders. It does not change an existing file before
// Commit, except a device or a pipe.
func createOut(name string) (*outFile, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return nil, fmt.Errorf("%s is a folder: want the name of a file", name)
		}
		file, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &outFile{name: name, direct: file, Writer: bufio.NewWriter(file)}, nil
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // preserves a symbolic link
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	// The temporary file is in the same folder, so that one rename can replace the output file.
	temp, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*")
	if err != nil {
		return nil, err
	}
	return &outFile{name: name, temp: temp, Writer: bufio.NewWriter(temp)}, nil
}

// Commit replaces the output file with the new file.
func (o *outFile) Commit() error {
	if o.direct != nil {
		return errors.Join(o.Flush(), o.direct.Close())
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(o.name); err == nil {
		mode = info.Mode().Perm()
	}
	err := errors.Join(o.Flush(), o.temp.Chmod(mode), o.temp.Sync(), o.temp.Close())
	if err == nil {
		err = os.Rename(o.temp.Name(), o.name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(o.temp.Name()))
	}
	return nil
}

// Discard removes the new file. An existing file does not change.
func (o *outFile) Discard() {
	if o.direct != nil {
		_ = o.direct.Close()
		return
	}
	_ = o.temp.Close()
	_ = os.Remove(o.temp.Name())
}

// checkOut returns an error if a file cannot be written. The names "" and "-" are always valid.
func checkOut(name string) error {
	if name == "" || name == "-" {
		return nil
	}
	o, err := createOut(name)
	if err != nil {
		return err
	}
	o.Discard()
	return nil
}

// writeOut writes a file whole, or leaves what stood there.
func writeOut(name string, write func(io.Writer) error) error {
	o, err := createOut(name)
	if err != nil {
		return misuse(err)
	}
	if err := write(o); err != nil {
		o.Discard()
		return inconclusive(err)
	}
	if err := o.Commit(); err != nil {
		return inconclusive(fmt.Errorf("write %s: %w", name, err))
	}
	return nil
}
