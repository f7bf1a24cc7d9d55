// Package markdown reads the pages of the manual and writes them for a terminal and for a browser.
//
// Parse reads a page. Text writes it to a terminal: headings, wrapped paragraphs, lists, aligned
// tables and indented code. HTML writes it for the dashboard. Both accept the same links: a link to
// "faults.md" leads to another page of the manual.
//
// A page may contain HTML comments, which neither output shows. A comment before a code block or a
// table is its marker, which the tests of the manual read.
package markdown
