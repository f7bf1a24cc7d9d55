package main

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/hookrig/hookrig/cmd/hookrig/internal/markdown"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

//go:embed manual/*.md
var manualFiles embed.FS

// topic is one page of the manual.
type topic struct {
	name, title, summary string
	page                 *markdown.Page
}

// topics returns the pages of the manual, sorted by name.
func topics() []topic {
	files, err := fs.Glob(manualFiles, "manual/*.md")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var list []topic
	for _, file := range files {
		source, err := fs.ReadFile(manualFiles, file)
		if err != nil {
			panic(err) // the file is embedded
		}
		name := strings.TrimSuffix(path.Base(file), ".md")
		t := topic{name: name, page: markdown.Parse(source)}
		t.title, t.summary = t.page.Title()
		list = append(list, t)
	}
	return list
}

// topicTable returns the list of topics for the help of the program.
func topicTable(list []topic) string {
	var b terminal.Builder
	for _, t := range list {
		b.Printf("  %-11s %s\n", t.name, t.summary)
	}
	return b.String()
}

// Widths of a page on a terminal, in columns. Wider lines are hard to read.
const (
	unknownWidth = 80
	mostWidth    = 100
)

// printTopic prints a page of the manual.
func printTopic(w World, t topic) error {
	width := w.width()
	if width == 0 {
		width = unknownWidth
	}
	err := t.page.Text(w.Stdout, markdown.TextOptions{
		Width: min(width, mostWidth),
		Bold:  w.Color(),
		Link:  func(name string) string { return "hookrig help " + name },
	})
	if err == nil {
		err = w.Stdout.Err()
	}
	if err != nil {
		return inconclusive(err)
	}
	return nil
}

// manualPages returns the pages of the manual for the dashboard.
func manualPages() ([]dashboard.ManualPage, error) {
	var pages []dashboard.ManualPage
	for _, t := range topics() {
		html, err := t.page.HTML()
		if err != nil {
			return nil, fmt.Errorf("manual, %s: %w", t.name, err)
		}
		page := dashboard.ManualPage{
			Name: t.name, Title: t.title, Summary: t.summary,
			HTML: template.HTML(html), // the renderer omits HTML in pages
		}
		for _, h := range t.page.Headings() {
			if h.Level == 2 {
				page.Sections = append(page.Sections, dashboard.ManualSection{ID: h.ID, Title: h.Text})
			}
		}
		pages = append(pages, page)
	}
	return pages, nil
}
