// Package markdown reads the pages of the manual and writes them for a terminal and for a browser.
//
// Parse reads a page. Text writes it to a terminal: headings, wrapped paragraphs, lists, aligned
// tables and indented code. HTML writes it for the dashboard. Both know the same links: a link to
// "faults.md" is a link to another page of the manual.
//
// A page may contain HTML comments, which both omit. A comment before a code block or a table is
// its marker: the tests of the manual read it.
package markdown
