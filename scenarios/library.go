package scenarios

import (
	"embed"
	"io/fs"
)

//go:embed library
var library embed.FS

//go:embed scenario.schema.json
var schema []byte

// Library returns the scenarios that come with hookrig, such as tour.yaml.
func Library() fs.FS {
	sub, err := fs.Sub(library, "library")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// JSONSchema returns the JSON Schema (2020-12) of the file format, for editors and other tools.
func JSONSchema() []byte { return append([]byte(nil), schema...) }
